import { leaseSlots, stateKey, stateWriters, type LeaseRecord } from '@sluice/contracts';
import { createHash, randomInt, randomUUID } from 'node:crypto';
import type { StateBucket, StoredRecord } from './state-bucket.js';
import type { StatePublisher } from './state-publisher.js';

export interface StateLeaseOptions {
  readonly bucket: Pick<StateBucket, 'last' | 'next'>;
  readonly publisher: Pick<StatePublisher, 'publishIf'>;
  /** Milliseconds of a clock that never goes back. */
  readonly now: () => number;
  /** Draws a slot, from 0 on. */
  readonly drawSlot?: () => number;
}

/** What was found when the stream was held against what had been applied of it. */
export type Continuity =
  /** All that was applied stands. */
  | 'kept'
  /** Nothing is known: all that is remembered has to be read again. */
  | 'unknown'
  /** What had stood in the stream is gone. */
  | 'lost';

const writers = Object.keys(stateWriters);

/** What was written last is not there: the stream took another course, or took the lease though its answer was lost. */
export class LeaseBroken extends Error {
  override readonly name = 'LeaseBroken';
}

interface Written {
  readonly sequence: number;
  /** When it was asked for, before it was sent. */
  readonly asked: number;
}

interface Applied {
  readonly sequence: number;
  readonly key: string;
  readonly digest: string;
}

interface Known {
  readonly key: string;
  readonly anchor: number;
  readonly applied: readonly Applied[];
  readonly appliedUpTo: number;
}

/** So many of the newest leases are remembered: a confirmation comes soon after the lease before it. */
const maxWrittenKept = 64;
/** More changes than this between two leases, and what was applied is read again instead of compared. */
const maxAppliedKept = 20_000;

/**
 * The lease of a process that decides by what it remembers of the state stream. It writes into the stream every `leaseRenewalMs`, each
 * time on the condition that what it wrote the second before still stands. An acknowledgement therefore proves three things of
 * the moment it was asked for: that changes can be written, that the stream has lost nothing up to the lease before, and how far
 * the stream had come. What the writing services confirmed after one of these leases, they confirmed after it was asked for.
 */
export class StateLease {
  readonly #holder = randomUUID();
  #slot: number;
  #version = 0;
  /** The newest of its leases that is known to stand; undefined: none in this epoch. */
  #anchor: number | undefined;
  #written: Written[] = [];
  /** What was applied after the anchor, in the order of the stream. */
  #applied: Applied[] = [];
  #overflowed = false;
  readonly #confirmedAsOf = new Map<string, number>();
  #allConfirmedAsOf = Number.NEGATIVE_INFINITY;
  /** Writing services that have confirmed since the stream was last interrupted. */
  readonly #confirmedSince = new Set<string>();

  constructor(private readonly options: StateLeaseOptions) {
    this.#slot = this.#drawSlot();
  }

  /** Every writing service has confirmed the stream since it was last interrupted. */
  get confirmed(): boolean {
    return writers.every((service) => this.#confirmedSince.has(service));
  }

  /**
   * The time, on the clock of the options, at which the writing service heard of longest ago was still there. Kept rather than
   * computed: the request path asks on every request.
   */
  get confirmedAsOf(): number {
    return this.#allConfirmedAsOf;
  }

  /** The services of which no confirmation has come since the stream was last interrupted. */
  get unconfirmed(): string[] {
    return writers.filter((service) => !this.#confirmedSince.has(service));
  }

  /**
   * Writes the next lease.
   * @returns its sequence, and when it was asked for
   * @throws LeaseBroken when the lease before does not stand: then the stream was interrupted
   * @throws Error when the stream does not take it now
   */
  async write(): Promise<Written> {
    const { bucket, publisher, now } = this.options;
    const expected = this.#anchor ?? (await bucket.last(this.#key))?.sequence ?? 0;
    const asked = now();
    const version = ++this.#version;
    const record: LeaseRecord = { key: this.#key, version, deleted: false, holder: this.#holder };
    const sequence = await publisher.publishIf(
      this.#key,
      expected,
      version,
      new TextEncoder().encode(JSON.stringify(record)),
    );
    if (sequence === undefined) throw new LeaseBroken('The lease before this one does not stand in the state stream.');
    this.#standsAt(sequence);
    const written = { sequence, asked };
    this.#written.push(written);
    if (this.#written.length > maxWrittenKept) this.#written.shift();
    return written;
  }

  /** A record was applied, in the order of the stream. */
  applied(key: string, sequence: number, value: Uint8Array): void {
    if (this.#applied.length >= maxAppliedKept) {
      this.#overflowed = true;
      this.#applied = [];
    }
    if (this.#anchor === undefined || sequence > this.#anchor)
      this.#applied.push({ sequence, key, digest: digestOf(value) });
  }

  /** A writing service confirmed the stream under this sequence. */
  confirmedBy(service: string, sequence: number): void {
    const before = this.#written.findLast((written) => written.sequence < sequence);
    if (!before) return;
    this.#confirmedSince.add(service);
    this.#confirmedAsOf.set(service, Math.max(before.asked, this.#confirmedAsOf.get(service) ?? before.asked));
    this.#allConfirmedAsOf = Math.min(
      ...writers.map((writer) => this.#confirmedAsOf.get(writer) ?? Number.NEGATIVE_INFINITY),
    );
  }

  /** What follows may be another course of the stream: it counts only when it is confirmed once more. */
  interrupted(): void {
    this.#confirmedSince.clear();
    this.#written = [];
  }

  /** Everything that is remembered of the stream is read again from its beginning. */
  forget(): void {
    this.interrupted();
    this.#anchor = undefined;
    this.#applied = [];
    this.#overflowed = false;
  }

  /**
   * Holds the stream, after an interruption, against what was applied of it.
   * @param appliedUpTo the last sequence that was applied
   * @throws Error when the stream cannot be read or written
   */
  async compare(appliedUpTo: number): Promise<Continuity> {
    if (this.#anchor === undefined || this.#overflowed) return 'unknown';
    const known = { key: this.#key, anchor: this.#anchor, applied: this.#applied, appliedUpTo };
    const found = await this.#compareWith(known);
    if (found !== 'lost') {
      if (typeof found === 'string') return found;
      this.#standsAt(found.sequence);
      return 'kept';
    }
    // Whoever answered may have been a leader that is none any more. A write that is taken proves who leads.
    this.#slot = this.#drawSlot();
    this.#anchor = undefined;
    await this.write();
    return (await this.#compareWith(known)) === 'lost' ? 'lost' : 'unknown';
  }

  /** @returns the newest lease of its own, where all that was applied stands */
  async #compareWith({ key, anchor, applied, appliedUpTo }: Known): Promise<StoredRecord | 'unknown' | 'lost'> {
    const { bucket } = this.options;
    const stored = await bucket.last(key);
    if (!stored || stored.sequence < anchor) return 'lost';
    // The last lease may have been taken though the answer was lost; else another process drew the same slot.
    if (stored.sequence > anchor && holderOf(stored) !== this.#holder) return 'unknown';
    const bySequence = new Map(applied.map((entry) => [entry.sequence, entry]));
    for (let from = anchor + 1; from <= appliedUpTo;) {
      const next = await bucket.next(from, '>');
      // The newest record of a stream is never overwritten by an older one.
      if (!next) return 'lost';
      if (next.sequence > appliedUpTo) break;
      const mine = bySequence.get(next.sequence);
      if (!mine) return 'unknown';
      if (mine.key !== next.key || mine.digest !== digestOf(next.value)) return 'lost';
      from = next.sequence + 1;
    }
    return stored;
  }

  /** This lease of its own is the newest, and what was applied up to it needs no comparing any more. */
  #standsAt(sequence: number): void {
    this.#anchor = sequence;
    this.#applied = this.#applied.filter((applied) => applied.sequence > sequence);
  }

  get #key(): string {
    return stateKey.lease(this.#slot);
  }

  #drawSlot(): number {
    return this.options.drawSlot?.() ?? randomInt(leaseSlots);
  }
}

function digestOf(value: Uint8Array): string {
  return createHash('sha256').update(value).digest('base64');
}

function holderOf({ value }: StoredRecord): string | undefined {
  try {
    return (JSON.parse(Buffer.from(value).toString()) as Partial<LeaseRecord>).holder;
  } catch {
    return undefined;
  }
}
