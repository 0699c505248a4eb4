import type { StatePrefix } from '@sluice/contracts';
import { LRUCache } from 'lru-cache';
import { AheadBudget } from '../request/ahead-budget.js';
import type { StoredRecord } from './state-bucket.js';
import type { StateEntry } from './held-records.js';

/** As it came: neither read nor believed yet. */
type StoredChange = Pick<StoredRecord, 'sequence' | 'value'>;

export interface FetchedRecordsOptions {
  /** How many records are remembered, and at most how many changes are kept for who asks next; 0: none. */
  readonly capacity: number;
  /** Reads the newest record under a key from the stream's leader. */
  readonly last: (key: string) => Promise<StoredChange | undefined>;
  /** Believes it or not. */
  readonly read: (key: string, sequence: number, value: Uint8Array) => StateEntry;
  /** Milliseconds of a clock that never goes back. */
  readonly now: () => number;
}

/** The changes that are kept: of a burst of new keys, each is likely to be used soon. */
const maxKeptChanges = 1_024;

/**
 * So many of them are read, their signature checked, before anybody asks, whether somebody then does or not. The others
 * wait: a bucket that is filled anew must not hold up who serves.
 */
const maxReadAheadPerSecond = 100;

/**
 * Records that a follower does not hold whole: fetched from the stream's leader when they are asked for, remembered in
 * step with the changes, and the newest changes beside them, for a key that was just issued is used soon.
 */
export class FetchedRecords {
  readonly #fetched: LRUCache<string, StateEntry>;
  readonly #kept: LRUCache<string, StoredChange>;
  readonly #readsAhead: AheadBudget;
  /** Prefixes under which nothing has ever stood in this bucket. */
  readonly #empty = new Set<StatePrefix>();
  readonly #fetching = new Map<string, Promise<StateEntry>>();
  readonly #overtaken = new Map<string, StateEntry>();
  /** Grows with each bucket. */
  #era = 0;

  constructor(private readonly options: FetchedRecordsOptions) {
    // Without a capacity nothing is ever put into them.
    const max = Math.max(1, options.capacity);
    this.#fetched = new LRUCache({ max });
    this.#kept = new LRUCache({ max: Math.min(max, maxKeptChanges) });
    this.#readsAhead = new AheadBudget(maxReadAheadPerSecond, options.now);
  }

  /**
   * @returns what stands under the key, at least as new as the last change that was told
   * @throws Error when the leader does not answer
   */
  fetch(key: string, prefix: StatePrefix | undefined): Promise<StateEntry> | StateEntry {
    const known = this.#fetched.get(key) ?? this.#readKept(key);
    if (known) return known;
    if (prefix && this.#empty.has(prefix)) return { key, sequence: 0, record: undefined };
    const running = this.#fetching.get(key);
    if (running) return running;
    const fetching = this.#fetchFromLeader(key);
    this.#fetching.set(key, fetching);
    return fetching;
  }

  /** To be told of each change, in the order of the stream. */
  changed(key: string, prefix: StatePrefix | undefined, sequence: number, value: Uint8Array): void {
    if (prefix) this.#empty.delete(prefix);
    const { capacity, read } = this.options;
    if (this.#fetching.has(key)) {
      this.#overtaken.set(key, read(key, sequence, value));
    } else if (this.#fetched.has(key)) {
      this.#fetched.set(key, read(key, sequence, value));
    } else if (capacity > 0) {
      // A copy: what came is a view of all that was received at once, which would stay in memory with it.
      this.#kept.set(key, { sequence, value: Buffer.from(value) });
      if (this.#readsAhead.take()) setImmediate(() => this.#readKept(key));
    }
  }

  /** Nothing stood under the prefix when the leader was asked, and every change since then is still to be told. */
  nothingUnder(prefix: StatePrefix): void {
    this.#empty.add(prefix);
  }

  /** What was read was perhaps believed wrongly. */
  readAnew(): void {
    this.#fetched.clear();
  }

  /** The bucket is another one: who asks from now on does not share an answer about the one before. */
  clear(): void {
    this.#era++;
    this.#fetching.clear();
    this.#overtaken.clear();
    this.#fetched.clear();
    this.#kept.clear();
    this.#empty.clear();
  }

  /** The newest change of a key that is kept; it is then remembered as a fetched record is. */
  #readKept(key: string): StateEntry | undefined {
    const change = this.#kept.get(key);
    if (!change) return undefined;
    this.#kept.delete(key);
    const entry = this.options.read(key, change.sequence, change.value);
    this.#fetched.set(key, entry);
    return entry;
  }

  async #fetchFromLeader(key: string): Promise<StateEntry> {
    const era = this.#era;
    try {
      const stored = await this.options.last(key);
      const read = stored
        ? this.options.read(key, stored.sequence, stored.value)
        : { key, sequence: 0, record: undefined };
      const newer = this.#overtaken.get(key);
      const entry = newer && newer.sequence > read.sequence ? newer : read;
      // Absence is not remembered, or a flood of unknown certificates would push the known ones out.
      if (era === this.#era && entry.sequence > 0 && this.options.capacity > 0) this.#fetched.set(key, entry);
      return entry;
    } finally {
      if (era === this.#era) {
        this.#fetching.delete(key);
        this.#overtaken.delete(key);
      }
    }
  }
}
