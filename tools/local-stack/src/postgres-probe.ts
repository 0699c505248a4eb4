import { setTimeout as sleep } from 'node:timers/promises';
import { postgresClient, type PostgresClient } from '@sluice/persistence';

const answerMs = 1_500;
const promotionMs = 30_000;

/** A session of the superuser on one server, which ends when an answer takes too long. */
export class PostgresProbe {
  private constructor(private readonly client: PostgresClient) {}

  /** @returns undefined when it does not answer */
  static async open(port: number, password: string): Promise<PostgresProbe | undefined> {
    const client = postgresClient(`postgres://postgres:${encodeURIComponent(password)}@127.0.0.1:${port}/postgres`, {
      application_name: 'sluice-local-stack',
    });
    client.on('error', () => undefined);
    const timer = setTimeout(() => client.connection.stream.destroy(new Error('no answer')), answerMs);
    try {
      await client.connect();
      await client.query('SELECT 1');
      return new PostgresProbe(client);
    } catch {
      // Starting, frozen, or gone: it is the same to who asks.
      client.connection.stream.destroy();
      return undefined;
    } finally {
      clearTimeout(timer);
    }
  }

  async streams(standby: string): Promise<boolean> {
    const { rowCount } = await this.client.query(
      `SELECT 1 FROM pg_stat_replication WHERE application_name = $1 AND state = 'streaming' AND reply_time > now() - interval '3 s'`,
      [standby],
    );
    return rowCount === 1;
  }

  /** @returns whether the server waits for it, and it has everything that was written until now */
  async standbyHasAll(standby: string): Promise<boolean> {
    const { rows } = await this.client.query<{ waited: boolean; has: boolean }>(
      `SELECT sync_state = 'sync' AS waited, flush_lsn >= pg_current_wal_flush_lsn() AS has
       FROM pg_stat_replication WHERE application_name = $1`,
      [standby],
    );
    return rows[0]?.waited === true && rows[0].has;
  }

  /** Whether the log that the standby needs is not there any more. */
  async hasDiscardedLogOf(standby: string): Promise<boolean> {
    const { rowCount } = await this.client.query(
      `SELECT 1 FROM pg_replication_slots WHERE slot_name = $1 AND wal_status = 'lost'`,
      [standby],
    );
    return rowCount === 1;
  }

  async reload(): Promise<void> {
    await this.client.query('SELECT pg_reload_conf()');
  }

  /**
   * Returns when it can be written on. It is asked again and again instead of waited for in the server: a session that waits there
   * holds a snapshot, which may keep the replay from its end.
   * @throws Error when it is still in recovery after half a minute
   */
  async promote(): Promise<void> {
    await this.client.query('SELECT pg_promote(false)');
    for (const deadline = performance.now() + promotionMs; performance.now() < deadline; await sleep(100)) {
      const { rows } = await this.client.query<{ standby: boolean }>('SELECT pg_is_in_recovery() AS standby');
      if (rows[0]?.standby === false) return;
    }
    throw new Error('Postgres was told to become the primary, and is still in recovery.');
  }

  async close(): Promise<void> {
    await this.client.end().catch(() => undefined);
  }
}
