import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { stateKey, type StateRecord } from '@sluice/contracts';
import { RecordReader, RecordSigner, StateBucket, StatePublisher } from '@sluice/messaging';
import { createDataSource, initializeDataSource } from '@sluice/persistence';
import { TestNats, TestPostgres } from '@sluice/testing';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { generateKeyPairSync } from 'node:crypto';
import type { DataSource } from 'typeorm';
import { createLog } from './log.js';
import { RepairState, type RepairStateOptions } from './repair-state.js';
import { pendingKeys } from './state-difference.js';
import { createOutboxTable } from '@sluice/persistence/testing';

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

describe('putting the state stream right from Postgres', () => {
  let nats: TestNats;
  let postgres: TestPostgres;
  let connection: NatsConnection;
  let dataSource: DataSource;
  let bucket: StateBucket;
  let publisher: StatePublisher;
  let tables: StateRecord[];

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
    const epoch = (await bucket.state())?.epoch ?? '';
    const key = stateKey.complete('key-management');
    await put({ key, version: 1, deleted: false, service: 'key-management', epoch });
  });

  const put = (record: StateRecord, by = signer) =>
    publisher.publishAlways(
      record.key,
      record.version,
      record.key.startsWith('meta.') ? new TextEncoder().encode(JSON.stringify(record)) : by.encode(record),
    );
  const repairState = (options: Partial<RepairStateOptions> = {}) =>
    new RepairState({
      writer: 'key-management',
      bucket,
      publisher,
      reader,
      pendingKeys: () => pendingKeys(dataSource),
      records: async function* () {
        yield* tables;
      },
      encode: (record) => signer.encode(record),
      recordsPerSecond: () => 1_000_000,
      pause: () => Promise.resolve(),
      goesOn: () => true,
      log: createLog('key-management', 'fatal'),
      ...options,
    });
  const standing = async (id: string) => {
    const stored = await bucket.last(stateKey.instance(id));
    return stored && reader.decode<'instance'>(stored.key, stored.value);
  };

  it('writes nothing where nothing differs', async () => {
    const before = await bucket.state();
    const repair = repairState();
    await repair.execute();
    expect(await bucket.state()).toEqual(before);
    expect(repair.compared).toBe(2);
    expect(repair.repaired).toBe(0);
  });

  it('puts back what is missing, older, different, newer than Postgres, or believed by nobody', async () => {
    const stranger = new RecordSigner(pair().privateKey.export({ type: 'pkcs8', format: 'pem' }) as string);
    tables = [instance('one', 6), instance('two', 5, ['b']), instance('three'), instance('four', 2), instance('five')];
    await put(instance('four', 9));
    await put(instance('five'), stranger);
    const repair = repairState();
    await repair.execute();
    for (const record of tables) expect(await standing((record as StateRecord<'instance'>).id)).toEqual(record);
    expect(repair.repaired).toBe(5);
    expect(repair.differing).toBe(0);
  });

  it('attack 37: ends what came back from the dead, for Postgres has ended it', async () => {
    await put(instance('resurrected'));
    await repairState().execute();
    expect(await standing('resurrected')).toMatchObject({ deleted: true });
  });

  it('leaves a change alone that is committed and on its way', async () => {
    tables = [instance('one', 6), instance('two')];
    await dataSource.query(
      `INSERT INTO outbox (kind, name, version, body) VALUES ('state', 'instance.one', 6, '{}'::jsonb)`,
    );
    const repair = repairState();
    await repair.execute();
    expect(repair.repaired).toBe(0);
    expect(await standing('one')).toMatchObject({ version: 5 });
  });

  it('covers nothing that is published while it looks', async () => {
    tables = [instance('one', 6), instance('two')];
    let pass = 0;
    const repair = repairState({
      records: async function* () {
        yield* tables;
        // The second time the stream has been read already.
        if (++pass === 2) await put(instance('one', 7));
      },
    });
    await repair.execute();
    expect(await standing('one')).toMatchObject({ version: 7 });
    expect(repair.repaired).toBe(0);
    expect(repair.differing).toBe(1);
  });

  it('reads no more records a second than it may', async () => {
    tables = Array.from({ length: 100 }, (_, index) => instance(`i${index}`));
    for (const record of tables) await put(record);
    let waited = 0;
    await repairState({ recordsPerSecond: () => 50, pause: (ms) => Promise.resolve(void (waited += ms)) }).execute();
    expect(waited).toBeGreaterThanOrEqual(2_000);
  });
});
