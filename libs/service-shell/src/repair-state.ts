import { stateWriters, type StateDifference, type StateRecord, type StateWriter } from '@sluice/contracts';
import type { RecordReader, StateBucket, StatePublisher, StoredRecord } from '@sluice/messaging';
import type { Log } from './log.js';
import { differenceOf, isComplete, summaryOf } from './state-difference.js';

export interface RepairStateOptions {
  readonly writer: StateWriter;
  readonly bucket: StateBucket;
  readonly publisher: StatePublisher;
  readonly reader: RecordReader;
  /** Of which a change is committed and not published yet. */
  readonly pendingKeys: () => Promise<ReadonlySet<string>>;
  /** Every record of this service as Postgres has it. */
  readonly records: () => AsyncIterable<StateRecord>;
  readonly encode: (record: StateRecord) => Uint8Array;
  /** At most so many records are read a second; asked after each batch. */
  readonly recordsPerSecond: () => number;
  /** Waits, in milliseconds; ends early when the service ends. */
  readonly pause: (ms: number) => Promise<void>;
  /** Whether this process still is the one to do it. */
  readonly goesOn: () => boolean;
  readonly log: Log;
}

const readsAtOnce = 32;

/**
 * Holds the state stream against Postgres, record by record, and puts right what differs: a torn block of its store, say, can take
 * records from its middle. Each repair is written on the condition that nothing was written there since it was read.
 */
export class RepairState {
  #compared = 0;
  #repaired = 0;
  #differing = 0;

  constructor(private readonly options: RepairStateOptions) {}

  /** Records compared, over all passes. */
  get compared(): number {
    return this.#compared;
  }

  /** Records put right, over all passes. */
  get repaired(): number {
    return this.#repaired;
  }

  /** What differed in the last whole pass and could not be put right. */
  get differing(): number {
    return this.#differing;
  }

  /**
   * One pass over everything this service has written.
   * @throws Error when the bus or Postgres is away
   */
  async execute(): Promise<void> {
    const { bucket, writer } = this.options;
    const state = await bucket.state();
    if (!state || state.sealed || !(await isComplete(this.options, state.epoch))) return;
    const suspects = await this.#suspects();
    if (!suspects) return;
    let left = 0;
    for (const { difference, stored, expected } of suspects.size > 0 ? await this.#lookAgain(suspects) : []) {
      const done = await this.#repair(difference, stored, expected);
      const { key, kind } = difference;
      this.options.log.error({ key, kind, writer, repaired: done }, 'the state stream differed from Postgres');
      if (done) this.#repaired++;
      else left++;
    }
    this.#differing = left;
  }

  /** Keys that seem to differ. @returns undefined when it was told to stop */
  async #suspects(): Promise<Set<string> | undefined> {
    const { bucket, reader, records, writer } = this.options;
    const known = new Set<string>();
    const suspects = new Set<string>();
    let batch: StateRecord[] = [];
    const compare = async () => {
      await Promise.all(
        batch.map(async (record) => {
          if (differenceOf(record.key, await bucket.last(record.key), summaryOf(record), reader))
            suspects.add(record.key);
        }),
      );
      await this.#pace(batch.length);
      batch = [];
    };
    for await (const record of records()) {
      if (!this.options.goesOn()) return undefined;
      known.add(record.key);
      batch.push(record);
      if (batch.length === readsAtOnce) await compare();
    }
    await compare();
    for (const prefix of stateWriters[writer]) {
      const strange = (await bucket.keys(prefix)).filter((key) => !known.has(key));
      for (let from = 0; from < strange.length; from += readsAtOnce) {
        if (!this.options.goesOn()) return undefined;
        const keys = strange.slice(from, from + readsAtOnce);
        await Promise.all(
          keys.map(async (key) => {
            if (differenceOf(key, await bucket.last(key), undefined, reader)) suspects.add(key);
          }),
        );
        await this.#pace(keys.length);
      }
    }
    return suspects;
  }

  async #pace(count: number): Promise<void> {
    this.#compared += count;
    await this.options.pause((count * 1_000) / this.options.recordsPerSecond());
  }

  /**
   * What differs only while a change is on its way is no difference. The stream is read first and Postgres after it: whatever was
   * published before is committed by then, and whatever is published later fails the condition of the repair.
   */
  async #lookAgain(suspects: ReadonlySet<string>): Promise<Suspect[]> {
    const { bucket, reader, records } = this.options;
    const stored = new Map<string, StoredRecord | undefined>();
    for (const key of suspects) stored.set(key, await bucket.last(key));
    const expected = new Map<string, StateRecord>();
    for await (const record of records()) if (suspects.has(record.key)) expected.set(record.key, record);
    const pending = await this.options.pendingKeys();
    return [...suspects].flatMap((key) => {
      const record = expected.get(key);
      const found = stored.get(key);
      const difference = pending.has(key) ? undefined : differenceOf(key, found, record && summaryOf(record), reader);
      return difference ? [{ difference, stored: found, expected: record }] : [];
    });
  }

  /** @returns whether it is as Postgres says now */
  async #repair(
    { key, kind }: StateDifference,
    stored: StoredRecord | undefined,
    expected: StateRecord | undefined,
  ): Promise<boolean> {
    const { encode, publisher, reader } = this.options;
    // What nobody believes stands for nothing, and where Postgres has nothing either it may stay.
    if (!expected && (!stored || kind === 'refused')) return false;
    const record = expected ?? { ...reader.decode(key, (stored as StoredRecord).value), deleted: true };
    return (await publisher.publishIf(key, stored?.sequence ?? 0, record.version, encode(record))) !== undefined;
  }
}

interface Suspect {
  readonly difference: StateDifference;
  readonly stored: StoredRecord | undefined;
  readonly expected: StateRecord | undefined;
}
