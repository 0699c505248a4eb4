import type { EntityManager, QueryRunner } from 'typeorm';

/**
 * Locks by name, as rows of a table that the schema's own role alone can reach. Advisory locks are the whole database's:
 * whoever may connect to it can hold any of them by its number, and the service would wait (ADR 31). Names are kept by
 * their hash; two that share one wait for each other, no more. Not logged: a lock has nothing to say after a crash.
 */
export async function createRowLockTable(runner: QueryRunner): Promise<void> {
  await runner.query(`
    CREATE UNLOGGED TABLE IF NOT EXISTS row_lock (
      key bigint PRIMARY KEY,
      pid integer,
      backend_start timestamptz
    )`);
}

/** SQL that locks the row of a name until the end of the transaction, making it when it is not there. @param name SQL expression */
export const lockingRow = (name: string) =>
  `INSERT INTO row_lock (key) VALUES (hashtextextended(${name}, 0))
   ON CONFLICT (key) DO UPDATE SET key = excluded.key WHERE false`;

/** Waits for the lock, and has it until the transaction ends. */
export async function lockRow(manager: EntityManager, name: string): Promise<void> {
  await manager.query(lockingRow('$1'), [name]);
}

/** @returns false when another transaction has the lock */
export async function tryLockRow(manager: EntityManager, name: string): Promise<boolean> {
  await manager.query('INSERT INTO row_lock (key) VALUES (hashtextextended($1, 0)) ON CONFLICT DO NOTHING', [name]);
  const rows: unknown[] = await manager.query(
    'SELECT 1 FROM row_lock WHERE key = hashtextextended($1, 0) FOR UPDATE SKIP LOCKED',
    [name],
  );
  return rows.length > 0;
}

/**
 * Statements by which a session becomes the holder of a lock for as long as it lasts. The row names the holder by its
 * process and when it began; when there is no such session any more, nobody holds it. The activity of the
 * server is read after the row is locked, so a holder that became one a moment ago is in it.
 * @param name a literal without quotes in it
 */
export function sessionLock(name: string): { readonly prepare: string; readonly take: string } {
  const key = `hashtextextended('${name}', 0)`;
  return {
    prepare: `INSERT INTO row_lock (key) VALUES (${key}) ON CONFLICT DO NOTHING`,
    take: `
      BEGIN;
      SELECT 1 FROM row_lock WHERE key = ${key} FOR UPDATE;
      UPDATE row_lock SET pid = own.pid, backend_start = own.backend_start FROM pg_stat_activity AS own
        WHERE key = ${key} AND own.pid = pg_backend_pid() AND NOT EXISTS (
          SELECT 1 FROM pg_stat_activity AS holder
          WHERE holder.pid = row_lock.pid AND holder.backend_start = row_lock.backend_start)
        RETURNING 1;
      COMMIT`,
  };
}
