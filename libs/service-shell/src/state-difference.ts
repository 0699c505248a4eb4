import {
  stateKey,
  statePrefixOf,
  stateSchemas,
  type StateDifference,
  type StatePrefix,
  type StateRecord,
  type StateWriter,
} from '@sluice/contracts';
import { RecordRefused, type RecordReader, type StateBucket, type StoredRecord } from '@sluice/messaging';
import { createHash } from 'node:crypto';
import type { DataSource } from 'typeorm';

/** A record in a few bytes, so that a million of them can be compared. */
export interface RecordSummary {
  readonly version: number;
  readonly digest: string;
}

/** What verifiers move on without a new record; key-management follows them in Postgres. */
const movesOn: Readonly<Partial<Record<StatePrefix, readonly string[]>>> = {
  unpinned: ['accepted', 'issuerKeySha256'],
};

/** The schema gives members their order, so equal records have equal bytes. */
export function summaryOf(record: StateRecord): RecordSummary {
  const prefix = statePrefixOf(record.key) as StatePrefix;
  const ordered: Record<string, unknown> = { ...stateSchemas[prefix].parse(record) };
  for (const member of movesOn[prefix] ?? []) delete ordered[member];
  return {
    version: record.version,
    digest: createHash('sha256').update(JSON.stringify(ordered)).digest('base64url'),
  };
}

/** @param expected the record as Postgres has it; absent: it has none */
export function differenceOf(
  key: string,
  stored: StoredRecord | undefined,
  expected: RecordSummary | undefined,
  reader: RecordReader,
): StateDifference | undefined {
  const versions = {
    key,
    ...(expected ? { postgresVersion: expected.version } : {}),
    ...(stored ? { bucketVersion: stored.version } : {}),
  };
  if (!stored) return expected && { ...versions, kind: 'missing' };
  let found: StateRecord;
  try {
    found = reader.decode(key, stored.value);
  } catch (error) {
    if (!(error instanceof RecordRefused)) throw error;
    return { ...versions, kind: 'refused' };
  }
  if (!expected) return found.deleted ? undefined : { ...versions, kind: 'unexpected' };
  if (found.version > expected.version) return { ...versions, kind: 'ahead' };
  if (found.version < expected.version) return { ...versions, kind: 'behind' };
  if (found.deleted) return { ...versions, kind: 'missing' };
  return summaryOf(found).digest === expected.digest ? undefined : { ...versions, kind: 'different' };
}

/** Whether this service has put all it has into an epoch: before that there is nothing to compare. */
export async function isComplete(
  { writer, bucket, reader }: { writer: StateWriter; bucket: StateBucket; reader: RecordReader },
  epoch: string,
): Promise<boolean> {
  const key = stateKey.complete(writer);
  const stored = await bucket.last(key);
  return stored !== undefined && reader.decode<'meta'>(key, stored.value).epoch === epoch;
}

/** Keys of records that are committed and not published yet. */
export async function pendingKeys(dataSource: DataSource): Promise<ReadonlySet<string>> {
  const rows: { name: string }[] = await dataSource.query(`SELECT DISTINCT name FROM outbox WHERE kind = 'state'`);
  return new Set(rows.map(({ name }) => name));
}
