import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { findServiceKeys } from '@sluice/contracts';
import { TestNats, TestPostgres } from '@sluice/testing';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { join } from 'node:path';
import {
  actor,
  busConfiguration,
  startKeyManagement,
  type KeyManagementFixture,
} from '../testing/key-management-fixture.js';
import { endOfHeld } from './end-of-held.sql.js';
import { DeleteServiceKey } from './delete-service-key.js';
import { ReportUsage } from './report-usage.js';
import { RevokeServiceKey } from './revoke-service-key.js';
import { RotateServiceKey } from './rotate-service-key.js';
import { SearchServiceKeys } from './search-service-keys.js';

const hour = 3_600_000;
const day = 24 * hour;
let clock = Date.now();
let postgres: TestPostgres;
let nats: TestNats;
let connection: NatsConnection;
let fixture: KeyManagementFixture;
let instance: string;

beforeAll(async () => {
  [postgres, nats] = await Promise.all([
    TestPostgres.start(),
    TestNats.start({ configuration: ({ listen, folder }) => busConfiguration(listen, join(folder, 'jetstream')) }),
  ]);
  connection = await connect({ servers: nats.url });
  fixture = await startKeyManagement({
    databaseUrl: await postgres.createDatabase(),
    connection,
    now: () => clock,
  });
  instance = await fixture.createInstance();
}, 90_000);
afterAll(async () => {
  await fixture?.stop();
  await connection?.close();
  await Promise.all([nats?.stop(), postgres?.stop()]);
});

const create = async (name: string, validity = 30) =>
  (await fixture.createKey(instance, { 'key-algorithm': 'P-256', validity }, name)).value.key;
const query = <Row>(sql: string, values: unknown[] = []): Promise<Row[]> => fixture.dataSource.query(sql, values);

const lifetime = 'service_key_id, status, not_after, retires_at, retire_after_unused_days, postponed_at, last_used_at';
/** What is kept, and what the rows say. */
const kept = () =>
  query(`SELECT service_key_id, active, ends_at::text, idle_since::text FROM service_key_summary ORDER BY 1`);
const said = () =>
  query(`
    SELECT key.id AS service_key_id, key.status = 'active' AS active,
      coalesce(max(coalesce(${endOfHeld}, 'infinity')) FILTER (WHERE held.status IN ('active', 'retiring')), '-infinity')::text AS ends_at,
      greatest(key.created_at, date_trunc('hour', max(held.last_used_at), 'UTC'))::text AS idle_since
    FROM service_key key JOIN (SELECT ${lifetime} FROM credential UNION ALL SELECT ${lifetime} FROM client_secret) held
      ON held.service_key_id = key.id GROUP BY key.id ORDER BY 1`);

describe('what is kept of each key for the lists', () => {
  it('is what its certificates and secrets say, whatever becomes of them', async () => {
    const asSaid = async () => expect(await kept()).toEqual(await said());
    const key = await create('rotated');
    await asSaid();
    await fixture.get(RotateServiceKey).execute({ id: key.id, actor, overlapSeconds: 3_600 } as never);
    await asSaid();
    await fixture
      .get(RotateServiceKey)
      .execute({ id: key.id, actor, overlapSeconds: 0, retireAfterUnusedDays: 2 } as never);
    await asSaid();
    const gone = await create('gone');
    await fixture.createKey(instance, { 'key-type': 'client_secret' }, 'secret');
    await asSaid();
    const revoked = await create('revoked');
    await fixture.get(RevokeServiceKey).execute({ id: revoked.id, actor, reason: 'superseded' } as never);
    await asSaid();
    await fixture.get(DeleteServiceKey).execute({ id: gone.id, actor } as never);
    await asSaid();
    await query(`UPDATE credential SET status = 'retired' WHERE service_key_id = $1`, [key.id]);
    expect((await kept()).find((row) => (row as { service_key_id: string }).service_key_id === key.id)).toMatchObject({
      ends_at: '-infinity',
    });
    await asSaid();
    expect(await kept()).toHaveLength(3);
    await query(`DELETE FROM credential WHERE service_key_id = $1`, [key.id]);
    await asSaid();
  });

  describe('of its use', () => {
    const idle = async (id: string) =>
      (
        await query<{ idle_since: Date }>('SELECT idle_since FROM service_key_summary WHERE service_key_id = $1', [id])
      )[0]?.idle_since;
    const use = async (id: string, atMs: number) => {
      const held = await query<{ sha256: string }>('SELECT sha256 FROM credential WHERE service_key_id = $1', [id]);
      clock = atMs;
      await fixture.get(ReportUsage).execute(held.map(({ sha256 }) => ({ sha256, serviceKeyId: id, atMs })));
    };

    it('is written once an hour, and found to the millisecond', async () => {
      const { id } = await create('used', 300);
      const began = Math.ceil(clock / hour) * hour + day;
      const version = async () =>
        (
          await query<{ xmin: string }>('SELECT xmin::text FROM service_key_summary WHERE service_key_id = $1', [id])
        )[0];
      await use(id, began + 1_000);
      expect(await idle(id)).toEqual(new Date(began));
      const first = await version();
      await use(id, began + 2_000);
      await use(id, began + hour - 1);
      expect(await version()).toEqual(first);
      const unused = async (since: number) => {
        const request = findServiceKeys.request.parse({ unusedSince: new Date(since).toISOString(), text: 'used' });
        return (await fixture.get(SearchServiceKeys).execute(request as never)).keys.length;
      };
      expect([await unused(began + hour - 1), await unused(began + hour)]).toEqual([0, 1]);
      await use(id, began + hour);
      expect(await idle(id)).toEqual(new Date(began + hour));
    });

    it('waits for nobody who changes the key, and is entered by the next report', async () => {
      const { id } = await create('locked', 300);
      const at = Math.ceil(clock / hour) * hour + 2 * day;
      await fixture.dataSource.transaction(async (manager) => {
        await manager.query('SELECT FROM service_key_summary WHERE service_key_id = $1 FOR UPDATE', [id]);
        await use(id, at);
      });
      expect(await idle(id)).not.toEqual(new Date(at));
      await use(id, at + 1_000);
      expect(await idle(id)).toEqual(new Date(at));
    });
  });

  it('is right when two transactions change certificates of one key at once', async () => {
    const { id } = await create('twice', 300);
    const [row] = await query<{ columns: string }>(
      `SELECT string_agg(column_name, ', ') AS columns FROM information_schema.columns WHERE table_name = 'credential' AND column_name <> 'sha256'`,
    );
    await query(
      `INSERT INTO credential (sha256, ${row?.columns}) SELECT repeat('a', 64), ${row?.columns} FROM credential WHERE service_key_id = $1`,
      [id],
    );
    const retire = (condition: string) =>
      `UPDATE credential SET status = 'retired' WHERE service_key_id = $1 AND sha256 ${condition} repeat('a', 64)`;
    let second: Promise<unknown> = Promise.resolve();
    await fixture.dataSource.transaction(async (manager) => {
      await manager.query(retire('='), [id]);
      second = query(retire('<>'), [id]);
      // It waits for this transaction, or is done already and has not seen it.
      for (let waits = 0; waits === 0;) {
        const [{ waiting } = { waiting: 0 }] = await manager.query<{ waiting: number }[]>(
          `SELECT count(*)::int AS waiting FROM pg_stat_activity WHERE wait_event_type = 'Lock'`,
        );
        waits = waiting;
      }
    });
    await second;
    expect(await kept()).toEqual(await said());
  });

  it('is read by its indexes', async () => {
    await query('SET enable_seqscan = off');
    const plan = async (sql: string) => JSON.stringify(await query(`EXPLAIN ${sql}`));
    const keys =
      'SELECT FROM service_key JOIN service_key_summary AS summary ON summary.service_key_id = service_key.id';
    expect(
      await plan(
        `${keys} WHERE summary.active AND summary.ends_at < now() ORDER BY summary.ends_at, summary.service_key_id LIMIT 10`,
      ),
    ).toContain('service_key_summary_by_end');
    expect(
      await plan(
        `${keys} WHERE summary.active AND summary.idle_since < now() ORDER BY summary.idle_since, summary.service_key_id LIMIT 10`,
      ),
    ).toContain('service_key_summary_by_use');
  });
});
