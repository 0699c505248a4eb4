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
  readonly #chains = new Map<string, Remembered>();
  #bytes = 0;

  constructor(
    private readonly monotonicNow: () => number,
    private readonly maxBytes = 64 * 1024 * 1024,
  ) {}

  /** Whether the sender's chain was remembered so lately that it need not be read again. */
  isFresh(leafSha256: string): boolean {
    const known = this.#chains.get(leafSha256);
    return known !== undefined && this.monotonicNow() - known.at < freshMs;
  }

  /** @returns the chain to keep hold of: the one that was there when the sender sent the same again */
  remember(leafSha256: string, chain: readonly Uint8Array[]): readonly Uint8Array[] {
    const known = this.#chains.get(leafSha256)?.chain;
    const kept = known && same(known, chain) ? known : chain;
    if (known) this.#forget(leafSha256, known);
    this.#chains.set(leafSha256, { chain: kept, at: this.monotonicNow() });
    this.#bytes += size(kept);
    for (const [oldest, its] of this.#chains) {
      if (this.#bytes <= this.maxBytes) break;
      this.#forget(oldest, its.chain);
    }
    return kept;
  }

  /** @returns undefined when the sender's last full handshake is not remembered */
  of(leafSha256: string): readonly Uint8Array[] | undefined {
    const known = this.#chains.get(leafSha256);
    if (known) {
      this.#chains.delete(leafSha256);
      this.#chains.set(leafSha256, known);
    }
    return known?.chain;
  }

  get size(): number {
    return this.#chains.size;
  }

  #forget(leafSha256: string, chain: readonly Uint8Array[]): void {
    this.#chains.delete(leafSha256);
    this.#bytes -= size(chain);
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
