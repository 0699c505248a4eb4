import {
  stateWriters,
  type StateComparison,
  type StateDifference,
  type StateRecord,
  type StateWriter,
} from '@sluice/contracts';
import type { RecordReader, StateBucket } from '@sluice/messaging';
import type { DataSource } from 'typeorm';
import { differenceOf, isComplete, pendingKeys, summaryOf, type RecordSummary } from './state-difference.js';

export interface CompareStateOptions {
  readonly writer: StateWriter;
  readonly bucket: StateBucket;
  readonly reader: RecordReader;
  readonly dataSource: DataSource;
  /** Every record of this service as Postgres has it. */
  readonly records: () => AsyncIterable<StateRecord>;
}

const maxShown = 1_000;
const readsAtOnce = 64;

/** Compares the records this service writes with its tables. */
export class CompareState {
  constructor(private readonly options: CompareStateOptions) {}

  /** What differs only while a change is on its way is no drift: what differs is looked at again, and counted if it stays. */
  async execute(): Promise<StateComparison> {
    const first = await this.#compare();
    if (first.differences.length === 0) return first;
    const again = await this.#compare();
    const before = new Set(first.differences.map(identity));
    const stayed = again.differences.filter((difference) => before.has(identity(difference)));
    return { ...again, differing: stayed.length, differences: stayed.slice(0, maxShown) };
  }

  async #compare(): Promise<StateComparison> {
    const { writer, bucket } = this.options;
    const state = await bucket.state();
    if (!state) return { complete: false, compared: 0, pending: 0, differing: 0, differences: [] };
    // While it is filled there is nothing to compare yet, and who waits for its end asks again and again.
    if (!(await isComplete(this.options, state.epoch)))
      return { epoch: state.epoch, complete: false, compared: 0, pending: 0, differing: 0, differences: [] };
    const expected = new Map<string, RecordSummary>();
    for await (const record of this.options.records()) expected.set(record.key, summaryOf(record));
    // Asked after the tables were read: what was committed before and is not published yet is among them.
    const pending = await pendingKeys(this.options.dataSource);
    const keys = new Set(expected.keys());
    for (const prefix of stateWriters[writer]) for (const key of await bucket.keys(prefix)) keys.add(key);
    const compared = [...keys].filter((key) => !pending.has(key));
    const differences: StateDifference[] = [];
    const queue = compared.values();
    const work = async () => {
      for (const key of queue) {
        const difference = await this.#difference(key, expected.get(key));
        if (difference) differences.push(difference);
      }
    };
    await Promise.all(Array.from({ length: readsAtOnce }, work));
    return {
      epoch: state.epoch,
      complete: true,
      compared: compared.length,
      pending: pending.size,
      differing: differences.length,
      differences,
    };
  }

  async #difference(key: string, expected: RecordSummary | undefined): Promise<StateDifference | undefined> {
    return differenceOf(key, await this.options.bucket.last(key), expected, this.options.reader);
  }
}

function identity({ key, kind }: StateDifference): string {
  return `${kind} ${key}`;
}
