import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { TestPostgres, until } from '@sluice/testing';
import pg from 'pg';
import type { DataSource, MigrationInterface, QueryRunner } from 'typeorm';
import { createDataSource, initializeDataSource } from './data-source.js';
import { outboxChannels } from './outbox.js';
import { OutboxRelay } from './outbox-relay.js';
import { nextRecordVersion } from './record-version.js';
import { lockRow, tryLockRow } from './row-lock.js';
import { Transactions } from './transactions.js';
import { createAcknowledgedTable, createOutboxTable, createRecordVersionSequence } from './testing/shared-tables.js';

class CreateTables1764000000000 implements MigrationInterface {
  readonly name = 'CreateTables1764000000000';
  async up(runner: QueryRunner): Promise<void> {
    await createOutboxTable(runner);
    await createAcknowledgedTable(runner);
    await createRecordVersionSequence(runner);
  }
  async down(): Promise<void> {}
}

const schema = 'stock';

describe('attack 40: another service’s role in the same database', () => {
  let postgres: TestPostgres;
  let own: string;
  let stranger: pg.Client;
  let dataSource: DataSource;
  let transactions: Transactions;
  const relays: OutboxRelay[] = [];

  beforeAll(async () => void (postgres = await TestPostgres.start()), 60_000);
  afterAll(() => postgres?.stop());

  const urlAs = (databaseUrl: string, role: string) => {
    const url = new URL(databaseUrl);
    url.username = url.password = role;
    return url.href;
  };

  beforeEach(async () => {
    const databaseUrl = await postgres.createDatabase();
    const administrator = new pg.Client({ connectionString: databaseUrl });
    await administrator.connect();
    for (const role of [schema, 'stranger']) {
      await administrator.query(
        `DO $$ BEGIN CREATE ROLE ${role} LOGIN NOINHERIT PASSWORD '${role}'; EXCEPTION WHEN duplicate_object THEN NULL; END $$`,
      );
    }
    await administrator.query(`CREATE SCHEMA ${schema} AUTHORIZATION ${schema}`);
    await administrator.end();
    own = urlAs(databaseUrl, schema);
    stranger = new pg.Client({ connectionString: urlAs(databaseUrl, 'stranger') });
    await stranger.connect();
    dataSource = open();
  });

  afterEach(async () => {
    await Promise.all(relays.splice(0).map((relay) => relay.stop()));
    await stranger.end();
    if (dataSource.isInitialized) await dataSource.destroy();
  });

  function open(): DataSource {
    return createDataSource({
      databaseUrl: own,
      schema,
      entities: [],
      migrations: [CreateTables1764000000000],
      applicationName: 'test',
    });
  }

  async function begin(): Promise<void> {
    await initializeDataSource(dataSource, (error) => {
      throw error;
    });
    transactions = new Transactions(dataSource, schema);
  }

  function relay(publish: () => Promise<void> = () => Promise.resolve()): OutboxRelay {
    const started = new OutboxRelay({
      databaseUrl: own,
      schema,
      publish: async () => {
        await publish();
        return { epoch: undefined, sequence: 1 };
      },
      onTakeOver: () => undefined,
      onFault: () => undefined,
    });
    relays.push(started);
    started.start();
    return started;
  }

  it('that holds every advisory lock it can name holds up neither start, nor change, nor publication', async () => {
    for (const name of ['credential.x', 'names.x', 'certificate-authority', 'rebuild-state', 'revoke-admin-token'])
      await stranger.query('SELECT pg_advisory_lock(hashtextextended($1, 0))', [name]);
    await stranger.query(`SELECT pg_advisory_lock(7001001), pg_advisory_lock(hashtext('outbox:${schema}'))`);
    await begin();
    const running = relay();
    const { outboxIds } = await transactions.run(async (change) => {
      await lockRow(change.manager, 'names.x');
      change.state({ key: 'credential.x', version: await nextRecordVersion(change.manager, 'credential.x') });
    });
    expect(await running.published(outboxIds, 5_000)).toBe(true);
    const held: unknown[] = await stranger
      .query(`SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND pid <> pg_backend_pid()`)
      .then(({ rows }) => rows as unknown[]);
    expect(held).toEqual([]);
  });

  it('may touch none of the rows that are locks', async () => {
    await begin();
    for (const statement of [
      `SELECT 1 FROM ${schema}.row_lock`,
      `INSERT INTO ${schema}.row_lock (key) VALUES (1)`,
      `LOCK TABLE ${schema}.row_lock IN ACCESS SHARE MODE`,
      `LOCK TABLE ${schema}.migration_lock IN ACCESS SHARE MODE`,
    ]) {
      await expect(stranger.query(`BEGIN; ${statement}`)).rejects.toThrow('permission denied for schema');
      await stranger.query('ROLLBACK');
    }
  });

  it('that says of a change that it was published is not believed', async () => {
    await begin();
    let release: () => void = () => undefined;
    const bus = new Promise<void>((resolve) => (release = resolve));
    const running = relay(() => bus);
    await until(() => running.leading, { what: 'the relay to lead' });
    const { outboxIds } = await transactions.run((change) => {
      change.state({ key: 'credential.x', version: 1 });
      return Promise.resolve();
    });
    const channel = outboxChannels(schema).published;
    const notify = () => stranger.query('SELECT pg_notify($1, $2)', [channel, ['x', '-1', ...outboxIds].join(',')]);
    await notify();
    const waiting = running.published(outboxIds, 1_000);
    await notify();
    expect(await waiting).toBe(false);
    const again = running.published(outboxIds, 5_000);
    release();
    expect(await again).toBe(true);
  });

  it('has no part in who leads: of two relays one does, and when its session ends another', async () => {
    await begin();
    const first = relay();
    await until(() => first.leading, { what: 'the first relay to lead' });
    const second = relay();
    await until(
      async () =>
        (
          await dataSource.query<unknown[]>(
            `SELECT 1 FROM pg_stat_activity WHERE application_name = '${schema}-outbox'`,
          )
        ).length === 2,
      {
        what: 'the second relay to be connected',
      },
    );
    await dataSource.query(`SELECT pg_terminate_backend(pid) FROM row_lock WHERE key = hashtextextended('outbox', 0)`);
    const leaders = () => relays.filter(({ leading }) => leading).length;
    await until(() => second.leading || first.leading, { what: 'a relay to lead again' });
    expect(leaders()).toBe(1);
  });

  it('waits no longer for a lock than a caller waits for the answer', async () => {
    await begin();
    const [timeouts] = await dataSource.query<{ lock: string; statement: string; idle: string }[]>(
      `SELECT current_setting('lock_timeout') AS lock, current_setting('statement_timeout') AS statement,
         current_setting('idle_in_transaction_session_timeout') AS idle`,
    );
    expect(timeouts).toEqual({ lock: '4s', statement: '15s', idle: '1min' });
  });

  it('leaves to each record one version after the other, however many are made at once', async () => {
    await begin();
    const order: number[] = [];
    await Promise.all(
      Array.from({ length: 8 }, () =>
        transactions.run(async ({ manager }) => {
          const version = await nextRecordVersion(manager, 'credential.new');
          order.push(version);
        }),
      ),
    );
    expect(order).toEqual([...order].sort((a, b) => a - b));
    expect(new Set(order).size).toBe(8);
  });

  it('has no part in who of the own processes sweeps: one does, the others go on', async () => {
    await begin();
    await dataSource.transaction(async (first) => {
      expect(await tryLockRow(first, 'sweep')).toBe(true);
    });
    await dataSource.transaction(async (first) => {
      expect(await tryLockRow(first, 'sweep')).toBe(true);
      await dataSource.transaction(async (second) => expect(await tryLockRow(second, 'sweep')).toBe(false));
    });
  });
});
