import type { EntityManager } from 'typeorm';

export interface UsedSecret {
  readonly id: string;
  readonly serviceKeyId: string;
  /** Milliseconds since 1970. */
  readonly atMs: number;
}

/** Keeps when secrets were used last. Rows are locked in one order, so that two reports cannot wait for each other. */
export async function enterSecretUse(manager: EntityManager, used: readonly UsedSecret[], now: number): Promise<void> {
  if (used.length === 0) return;
  await manager.query(
    `UPDATE client_secret SET last_used_at = GREATEST(client_secret.last_used_at, seen.at)
     FROM (
       SELECT locked.id, max(report.at) AS at
       FROM (SELECT id, service_key_id FROM client_secret WHERE id = ANY($1::uuid[]) ORDER BY id FOR NO KEY UPDATE) AS locked
       JOIN unnest($1::uuid[], $2::uuid[], $3::timestamptz[]) AS report (id, service_key_id, at)
         ON report.id = locked.id AND report.service_key_id = locked.service_key_id
       GROUP BY locked.id) AS seen
     WHERE client_secret.id = seen.id`,
    [
      used.map(({ id }) => id),
      used.map(({ serviceKeyId }) => serviceKeyId),
      // A clock that is ahead must not keep a secret alive.
      used.map(({ atMs }) => new Date(Math.min(atMs, now))),
    ],
  );
}
