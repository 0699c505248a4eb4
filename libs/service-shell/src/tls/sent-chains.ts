import { LRUCache } from 'lru-cache';

interface Remembered {
  readonly chain: readonly Uint8Array[];
  /** When it was sent, on the monotonic clock. */
  readonly at: number;
}

/** How long a chain stands for those of later full handshakes, in milliseconds: reading one costs a tenth of a handshake. */
const freshMs = 60_000;

/**
 * What each sender sent beside its leaf on its last full handshake. A resumed session brings the leaf alone (RFC 8446
 * §4.6.1: the ticket stands for the certificate), and still its chain may have to be judged again. Bounded by the bytes
 * it holds; what was used longest ago makes room.
 */
export class SentChains {
  readonly #chains: LRUCache<string, Remembered>;

  constructor(
    private readonly monotonicNow: () => number,
    maxBytes = 64 * 1024 * 1024,
  ) {
    // A chain that is larger than all the room is not kept.
    this.#chains = new LRUCache({ maxSize: Math.max(1, maxBytes), sizeCalculation: ({ chain }) => size(chain) });
  }

  /** Whether the sender's chain was remembered so lately that it need not be read again. */
  isFresh(leafSha256: string): boolean {
    const known = this.#chains.peek(leafSha256);
    return known !== undefined && this.monotonicNow() - known.at < freshMs;
  }

  /** @returns the chain to keep hold of: the one that was there when the sender sent the same again */
  remember(leafSha256: string, chain: readonly Uint8Array[]): readonly Uint8Array[] {
    const known = this.#chains.peek(leafSha256)?.chain;
    const kept = known && same(known, chain) ? known : chain;
    this.#chains.set(leafSha256, { chain: kept, at: this.monotonicNow() });
    return kept;
  }

  /** @returns undefined when the sender's last full handshake is not remembered */
  of(leafSha256: string): readonly Uint8Array[] | undefined {
    return this.#chains.get(leafSha256)?.chain;
  }

  get size(): number {
    return this.#chains.size;
  }
}

/** Of an entry with its key and what a Map and an array take. */
const overhead = 256;

function size(chain: readonly Uint8Array[]): number {
  return chain.reduce((total, certificate) => total + certificate.length, overhead);
}

function same(one: readonly Uint8Array[], other: readonly Uint8Array[]): boolean {
  return (
    one.length === other.length &&
    one.every((certificate, index) => Buffer.compare(certificate, other[index] as Uint8Array) === 0)
  );
}
