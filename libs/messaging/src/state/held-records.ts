import { signedPrefixes, type StatePrefix, type StateRecord } from '@sluice/contracts';
import type { RecordReader } from './signed-record.js';
import type { StateBucket } from './state-bucket.js';

/** What stands under a key: the record, or its absence, and the sequence that says so (0: never seen). */
export interface StateEntry<P extends StatePrefix = StatePrefix> {
  readonly key: string;
  readonly sequence: number;
  readonly record: StateRecord<P> | undefined;
}

export interface HeldRecordsOptions {
  readonly bucket: Pick<StateBucket, 'next'>;
  readonly reader: RecordReader;
  /** Prefixes that are kept whole. */
  readonly prefixes: ReadonlySet<StatePrefix>;
  /** Told what went wrong and was survived. */
  readonly onFault: (error: unknown, what: string) => void;
}

/** The records of the prefixes that a follower keeps in memory whole, decoded. */
export class HeldRecords {
  readonly #entries = new Map<string, StateEntry>();
  /** A record was refused: a key that comes later may be the one that it was signed with. */
  #refused = false;

  constructor(private readonly options: HeldRecordsOptions) {}

  get refused(): boolean {
    return this.#refused;
  }

  has(prefix: StatePrefix | undefined): prefix is StatePrefix {
    return prefix !== undefined && this.options.prefixes.has(prefix);
  }

  get<P extends StatePrefix>(key: string): StateEntry<P> {
    return (this.#entries.get(key) ?? { key, sequence: 0, record: undefined }) as StateEntry<P>;
  }

  /** All records of a prefix, without those that ended. */
  *of<P extends StatePrefix>(prefix: P): Iterable<StateEntry<P> & { record: StateRecord<P> }> {
    for (const entry of this.#entries.values()) {
      if (entry.record && entry.key.startsWith(`${prefix}.`)) yield entry as StateEntry<P> & { record: StateRecord<P> };
    }
  }

  /** Takes what stands under a key, unless what is held is as new. */
  apply(key: string, sequence: number, value: Uint8Array): void {
    const held = this.#entries.get(key);
    if (!held || held.sequence < sequence) this.#entries.set(key, this.decode(key, sequence, value));
  }

  clear(): void {
    this.#entries.clear();
  }

  /** Reads every prefix from the stream. @throws Error when it cannot be read */
  async load(): Promise<void> {
    const { bucket, prefixes } = this.options;
    for (const prefix of prefixes) {
      for (let from = 1; ;) {
        const stored = await bucket.next(from, `${prefix}.>`);
        if (!stored) break;
        this.#entries.set(stored.key, this.decode(stored.key, stored.sequence, stored.value));
        from = stored.sequence + 1;
      }
    }
  }

  /**
   * Reads what is signed once more, under the keys of now. Live changes go on meanwhile.
   * @param isCurrent whether it is still the same bucket: another is read whole, under the keys of now
   * @throws Error when the stream cannot be read
   */
  async readSignedAnew(isCurrent: () => boolean): Promise<void> {
    this.#refused = false;
    const { bucket, prefixes } = this.options;
    for (const prefix of prefixes) {
      if (!signedPrefixes.has(prefix)) continue;
      for (let from = 1; ;) {
        const stored = await bucket.next(from, `${prefix}.>`);
        if (!isCurrent()) return;
        if (!stored) break;
        const held = this.#entries.get(stored.key);
        if (!held || held.sequence <= stored.sequence)
          this.#entries.set(stored.key, this.decode(stored.key, stored.sequence, stored.value));
        from = stored.sequence + 1;
      }
    }
  }

  /** What a value says; one that is not believed says nothing, and is told. */
  decode(key: string, sequence: number, value: Uint8Array): StateEntry {
    if (value.length === 0) return { key, sequence, record: undefined };
    try {
      const record = this.options.reader.decode(key, value);
      return { key, sequence, record: record.deleted ? undefined : record };
    } catch (error) {
      this.options.onFault(error, `the state record ${key}`);
      this.#refused = true;
      return { key, sequence, record: undefined };
    }
  }
}
