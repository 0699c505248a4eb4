import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { stateKey, type StateDifference, type StateRecord } from '@sluice/contracts';
import { RecordReader, RecordSigner, StateBucket, StatePublisher } from '@sluice/messaging';
import { createDataSource, initializeDataSource } from '@sluice/persistence';
import { TestNats, TestPostgres } from '@sluice/testing';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { generateKeyPairSync } from 'node:crypto';
import type { DataSource } from 'typeorm';
import { CompareState } from './compare-state.js';
import { createAcknowledgedTable, createOutboxTable } from '@sluice/persistence/testing';

const pair = () => generateKeyPairSync('ed25519');
const { privateKey, publicKey } = pair();
const signer = new RecordSigner(privateKey.export({ type: 'pkcs8', format: 'pem' }) as string);
const reader = new RecordReader([publicKey.export({ type: 'spki', format: 'pem' }) as string]);

const instance = (id: string, version = 5, roles = ['a']): StateRecord<'instance'> => ({
  key: stateKey.instance(id),
  version,
  deleted: false,
  id,
  name: id,
  plan: 'integration-flow',
  roles,
});

describe('comparing the state stream with Postgres', () => {
  let nats: TestNats;
  let postgres: TestPostgres;
  let connection: NatsConnection;
  let dataSource: DataSource;
  let bucket: StateBucket;
  let publisher: StatePublisher;
  let tables: StateRecord[];
  let compare: CompareState;

  beforeAll(async () => {
    [nats, postgres] = await Promise.all([TestNats.start(), TestPostgres.start()]);
    connection = await connect({ servers: nats.url });
    bucket = await StateBucket.open(connection);
    publisher = new StatePublisher(connection, bucket);
    dataSource = createDataSource({
      databaseUrl: await postgres.createDatabase(),
      schema: 'public',
      entities: [],
      migrations: [],
      applicationName: 'test',
    });
    await initializeDataSource(dataSource, () => undefined);
    const runner = dataSource.createQueryRunner();
    await createOutboxTable(runner);
    await createAcknowledgedTable(runner);
    await runner.release();
  }, 60_000);

  afterAll(async () => {
    await dataSource?.destroy();
    await connection?.close();
    await Promise.all([nats?.stop(), postgres?.stop()]);
  });

  beforeEach(async () => {
    if (await bucket.state()) await bucket.remove();
    await bucket.create();
    await dataSource.query('DELETE FROM outbox');
    tables = [instance('one'), instance('two')];
    for (const record of tables) await put(record);
    await put({ key: stateKey.complete('key-management'), version: 1, deleted: false, ...(await completion()) });
    compare = new CompareState({
      writer: 'key-management',
      bucket,
      reader,
      dataSource,
      records: async function* () {
        yield* tables;
      },
    });
  });

  const completion = async () => ({ service: 'key-management', epoch: (await bucket.state())?.epoch ?? '' });
  const put = (record: StateRecord, by = signer) =>
    publisher.publish(
      record.key,
      record.version,
      record.key.startsWith('meta.') ? new TextEncoder().encode(JSON.stringify(record)) : by.encode(record),
    );
  const differences = async (): Promise<Pick<StateDifference, 'key' | 'kind'>[]> =>
    (await compare.execute()).differences.map(({ key, kind }) => ({ key, kind }));

  it('finds nothing where both are the same, and says how much it compared', async () => {
    await put({ ...instance('ended', 7), deleted: true });
    expect(await compare.execute()).toMatchObject({ complete: true, compared: 3, pending: 0, differing: 0 });
  });

  it('finds a record that is missing, also one that stands there as deleted', async () => {
    tables.push(instance('three'), instance('four'));
    await put({ ...instance('four'), deleted: true });
    expect(await differences()).toEqual([
      { key: 'instance.three', kind: 'missing' },
      { key: 'instance.four', kind: 'missing' },
    ]);
  });

  it('finds a record that Postgres does not have', async () => {
    await put(instance('stranger'));
    expect(await differences()).toEqual([{ key: 'instance.stranger', kind: 'unexpected' }]);
  });

  it('finds older, newer and different records', async () => {
    tables = [instance('one', 6), instance('two', 4)];
    expect(await differences()).toEqual([
      { key: 'instance.one', kind: 'behind' },
      { key: 'instance.two', kind: 'ahead' },
    ]);
    tables = [instance('one', 5, ['b']), instance('two')];
    expect(await differences()).toEqual([{ key: 'instance.one', kind: 'different' }]);
  });

  it('finds a record with a signature that nobody believes', async () => {
    const stranger = new RecordSigner(pair().privateKey.export({ type: 'pkcs8', format: 'pem' }) as string);
    tables.push(instance('three'));
    await put(instance('three'), stranger);
    expect(await differences()).toEqual([{ key: 'instance.three', kind: 'refused' }]);
  });

  it('takes no change for drift while it is on its way', async () => {
    tables = [instance('one', 6), instance('two')];
    await dataSource.query(
      `INSERT INTO outbox (kind, name, version, body) VALUES ('state', 'instance.one', 6, '{}'::jsonb)`,
    );
    expect(await compare.execute()).toMatchObject({ pending: 1, differing: 0 });
  });

  it('takes no difference for drift that is gone when it looks again', async () => {
    let asked = 0;
    const passing = new CompareState({
      writer: 'key-management',
      bucket,
      reader,
      dataSource,
      records: async function* () {
        yield* ++asked === 1 ? [...tables, instance('just-deleted')] : tables;
      },
    });
    expect(await passing.execute()).toMatchObject({ differing: 0 });
    expect(asked).toBe(2);
  });

  it('says that a bucket is not complete when its writer has not finished, or when there is none, and reads no table for it', async () => {
    let read = 0;
    const counting = new CompareState({
      writer: 'key-management',
      bucket,
      reader,
      dataSource,
      records: async function* () {
        read++;
        yield* tables;
      },
    });
    await bucket.remove();
    expect(await counting.execute()).toMatchObject({ complete: false, compared: 0 });
    await bucket.create();
    for (const record of tables) await put(record);
    expect(await counting.execute()).toMatchObject({ complete: false, compared: 0, differing: 0 });
    expect(read).toBe(0);
    await put({ key: stateKey.complete('key-management'), version: 1, deleted: false, ...(await completion()) });
    expect(await counting.execute()).toMatchObject({ complete: true, compared: 2 });
    expect(read).toBe(1);
  });
});
