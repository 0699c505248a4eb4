import type { DataSource, EntityManager } from 'typeorm';
import { storableJson } from '../persistence/storable-json.js';
import type { DecisionTally } from './tally-decisions.js';

/** Stores tallies; of one that is there the count grows. */
export async function storeTallies(dataSource: DataSource, tallies: readonly DecisionTally[]): Promise<void> {
  await dataSource.query(
    `INSERT INTO decision (id, at, last_at, count, outcome, status, reason, others, path, flow, sender, certificate_sha256,
       subject_dn, service_key_id, service_key_name, service_instance_id)
     SELECT id, to_timestamp(at / 1000.0), to_timestamp("lastAt" / 1000.0), count, outcome, status, reason, others, path, flow, sender,
       "certificateSha256", subjectdn, "serviceKeyId", "serviceKeyName", "serviceInstanceId"
     FROM jsonb_to_recordset($1::jsonb) AS tally (id text, at numeric, "lastAt" numeric, count bigint, outcome text, status integer,
       reason text, others boolean, path text, flow text, sender text, "certificateSha256" text, subjectdn text, "serviceKeyId" uuid,
       "serviceKeyName" text, "serviceInstanceId" uuid)
     ON CONFLICT (id) DO UPDATE SET count = excluded.count, last_at = excluded.last_at`,
    [storableJson(tallies)],
  );
}

/** Deletes those that are past their retention. @param before milliseconds since 1970 */
export async function dropTallies(manager: EntityManager, before: number): Promise<void> {
  await manager.query('DELETE FROM decision WHERE at < $1', [new Date(before)]);
}
