import {
  stateKey,
  statePrefixOf,
  stateSchemas,
  stateWriters,
  type StateComparison,
  type StateDifference,
  type StatePrefix,
  type StateRecord,
  type StateWriter,
} from '@sluice/contracts';
import { RecordRefused, type RecordReader, type StateBucket } from '@sluice/messaging';
import { createHash } from 'node:crypto';
import type { DataSource } from 'typeorm';

export interface CompareStateOptions {
  readonly writer: StateWriter;
  readonly bucket: StateBucket;
  readonly reader: RecordReader;
  readonly dataSource: DataSource;
  /** Every record of this service as Postgres has it. */
  readonly records: () => AsyncIterable<StateRecord>;
}

/** A record in a few bytes, so that a million of them can be compared. */
interface Summary {
  readonly version: number;
  readonly digest: string;
}

const mostShown = 1_000;
const readsAtOnce = 64;

/** What verifiers move on without a new record; key-management follows them in Postgres. */
const movesOn: Readonly<Partial<Record<StatePrefix, readonly string[]>>> = {
  unpinned: ['accepted', 'issuerKeySha256'],
};

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
    return { ...again, differing: stayed.length, differences: stayed.slice(0, mostShown) };
  }

  async #compare(): Promise<StateComparison> {
    const { writer, bucket } = this.options;
    const state = await bucket.state();
    if (!state) return { complete: false, compared: 0, pending: 0, differing: 0, differences: [] };
    // While it is filled there is nothing to compare yet, and who waits for its end asks again and again.
    if (!(await this.#isComplete(state.epoch)))
      return { epoch: state.epoch, complete: false, compared: 0, pending: 0, differing: 0, differences: [] };
    const expected = new Map<string, Summary>();
    for await (const record of this.options.records()) expected.set(record.key, summary(record));
    // Asked after the tables were read: what was committed before and is not published yet is among them.
    const pending = await this.#pending();
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

  async #difference(key: string, expected: Summary | undefined): Promise<StateDifference | undefined> {
    const stored = await this.options.bucket.last(key);
    const versions = {
      key,
      ...(expected ? { postgresVersion: expected.version } : {}),
      ...(stored ? { bucketVersion: stored.version } : {}),
    };
    if (!stored) return expected && { ...versions, kind: 'missing' };
    let found: StateRecord;
    try {
      found = this.options.reader.decode(key, stored.value);
    } catch (error) {
      if (!(error instanceof RecordRefused)) throw error;
      return { ...versions, kind: 'refused' };
    }
    if (!expected) return found.deleted ? undefined : { ...versions, kind: 'unexpected' };
    if (found.version > expected.version) return { ...versions, kind: 'ahead' };
    if (found.version < expected.version) return { ...versions, kind: 'behind' };
    if (found.deleted) return { ...versions, kind: 'missing' };
    return summary(found).digest === expected.digest ? undefined : { ...versions, kind: 'different' };
  }

  async #isComplete(epoch: string): Promise<boolean> {
    const key = stateKey.complete(this.options.writer);
    const stored = await this.options.bucket.last(key);
    return stored !== undefined && this.options.reader.decode<'meta'>(key, stored.value).epoch === epoch;
  }

  async #pending(): Promise<ReadonlySet<string>> {
    const rows: { name: string }[] = await this.options.dataSource.query(
      `SELECT DISTINCT name FROM outbox WHERE kind = 'state'`,
    );
    return new Set(rows.map(({ name }) => name));
  }
}

/** The schema gives members their order, so equal records have equal bytes. */
function summary(record: StateRecord): Summary {
  const prefix = statePrefixOf(record.key) as StatePrefix;
  const ordered: Record<string, unknown> = { ...stateSchemas[prefix].parse(record) };
  for (const member of movesOn[prefix] ?? []) delete ordered[member];
  return {
    version: record.version,
    digest: createHash('sha256').update(JSON.stringify(ordered)).digest('base64url'),
  };
}

function identity({ key, kind }: StateDifference): string {
  return `${kind} ${key}`;
}
