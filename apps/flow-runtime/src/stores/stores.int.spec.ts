import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Message } from '@sluice/flow-engine';
import { describeDataStore, describeVariables } from '@sluice/flow-engine/testing';
import { createDataSource, initializeDataSource, SecretSealer } from '@sluice/persistence';
import { TestPostgres, until } from '@sluice/testing';
import { randomBytes } from 'node:crypto';
import type { DataSource } from 'typeorm';
import { PostgresMessageStore } from './message-store.postgres.js';
import { entities, schema } from '../persistence/entities.js';
import { migrations } from '../persistence/migrations.js';
import { PostgresVariables } from './variables.postgres.js';
import { PostgresDataStore } from './data-store.postgres.js';
import { SweepExpired } from './sweep-expired.js';

const day = 86_400_000;
const sealer = new SecretSealer(randomBytes(32));
let clock = Date.UTC(2026, 2, 5);
const now = () => clock;
let postgres: TestPostgres;
let dataSource: DataSource;

beforeAll(async () => {
  postgres = await TestPostgres.start();
  const databaseUrl = await postgres.createDatabase();
  const setUp = createDataSource({ databaseUrl, schema: 'public', entities: [], migrations: [], applicationName: 'x' });
  await setUp.initialize();
  await setUp.query(`CREATE SCHEMA ${schema}`);
  await setUp.destroy();
  dataSource = createDataSource({ databaseUrl, schema, entities, migrations, applicationName: 'test' });
  await initializeDataSource(dataSource, () => undefined);
}, 90_000);

beforeEach(() => dataSource.query('TRUNCATE data_store_entry, variable, number_range, persisted_message'));

afterAll(async () => {
  await dataSource.destroy();
  await postgres.stop();
});

const advance = (milliseconds: number) => void (clock += milliseconds);
const dataStoreOf = (flowId: string) => new PostgresDataStore(dataSource, sealer, now, flowId);

describeDataStore('in Postgres', () => ({ ofFlow: dataStoreOf, advance }));
describeVariables('in Postgres', () => ({
  ofFlow: (flowId) => new PostgresVariables(dataSource, now, flowId),
  advance,
}));

describe('what is stored in Postgres', () => {
  const name = { store: 's', visibility: 'local' } as const;
  const body = Buffer.from('a secret order');

  it('is sealed when the step asks for encryption, and cannot be moved to another entry', async () => {
    const store = dataStoreOf('a');
    const options = { overwrite: false, encrypt: true, expirationDays: 1 };
    await store.write(name, { id: '1', body, headers: {} }, options);
    const [row] = await dataSource.query<{ body: Buffer }[]>('SELECT body FROM data_store_entry');
    expect(row?.body.includes('secret')).toBe(false);
    await dataSource.query(`UPDATE data_store_entry SET id = '2'`);
    await expect(store.get(name, '2')).rejects.toMatchObject({ code: 'data-store-failed' });
  });

  it('fails with a typed error for what Postgres cannot hold, and when it is away', async () => {
    const store = dataStoreOf('a');
    await expect(store.get(name, 'a\0b')).rejects.toMatchObject({ code: 'data-store-failed' });
    await postgres.halt();
    const unavailable = { code: 'store-unavailable' };
    await expect(store.get(name, '1')).rejects.toMatchObject(unavailable);
    await expect(new PostgresVariables(dataSource, now, 'a').get('x', 'local')).rejects.toMatchObject(unavailable);
    await postgres.start();
    expect(await until(() => store.select(name, 1), { what: 'the store' })).toEqual([]);
  });

  it('is not selected when it is more than 64 MiB together: fewer entries of it are', async () => {
    const store = dataStoreOf('a');
    const options = { overwrite: false, encrypt: false, expirationDays: 1 };
    const large = Buffer.alloc(33 * 1_048_576);
    for (const id of ['1', '2']) await store.write(name, { id, body: large, headers: {} }, options);
    await expect(store.select(name, 2)).rejects.toMatchObject({ code: 'limit-exceeded' });
    expect((await store.select(name, 1)).map(({ id }) => id)).toEqual(['1']);
  });

  it('keeps a copy of a persisted message under the id of the message', async () => {
    const store = new PostgresMessageStore(dataSource, sealer, now, 'a');
    await store.persist('before mapping', new Message({ headers: [['X', 1]], body: '<o/>' }), false, 'message-1');
    await store.persist('sealed', new Message({ body: 'secret' }), true, 'message-1');
    const rows = await dataSource.query<{ store_id: string; body: Buffer; headers: unknown }[]>(
      `SELECT store_id, body, headers FROM persisted_message WHERE message_id = 'message-1' ORDER BY id`,
    );
    expect([rows[0]?.store_id, rows[0]?.body.toString(), rows[0]?.headers]).toEqual([
      'before mapping',
      '<o/>',
      { X: '1' },
    ]);
    expect(rows[1]?.body.includes('secret')).toBe(false);
  });

  it('is removed once it has expired, and not before', async () => {
    const store = dataStoreOf('a');
    const options = { overwrite: false, encrypt: false };
    await store.write(name, { id: 'short', body, headers: {} }, { ...options, expirationDays: 1 });
    await store.write(name, { id: 'long', body, headers: {} }, { ...options, expirationDays: 9 });
    await new PostgresVariables(dataSource, now, 'a').set('x', 'local', 'v', 1);
    advance(2 * day);
    await new SweepExpired(dataSource, now, () => undefined).sweep();
    const ids = await dataSource.query<{ id: string }[]>('SELECT id FROM data_store_entry');
    expect([ids.map(({ id }) => id), await dataSource.query('SELECT * FROM variable')]).toEqual([['long'], []]);
  });
});
