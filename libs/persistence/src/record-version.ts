import type { EntityManager } from 'typeorm';
import { lockingRow } from './row-lock.js';

/**
 * The next version of a state record. The lock comes first: of two changes of one record the one that commits later gets
 * the greater version, also when the row was deleted and made again in between.
 */
export async function nextRecordVersion(manager: EntityManager, recordKey: string): Promise<number> {
  // In one statement: the lock is waited for before the row that nextval is taken for.
  const [row]: { version: string }[] = await manager.query(
    `WITH locked AS (${lockingRow('$1')} RETURNING 1)
     SELECT nextval('record_version') AS version FROM (SELECT count(*) FROM locked) AS waited`,
    [recordKey],
  );
  return Number(row?.version);
}
