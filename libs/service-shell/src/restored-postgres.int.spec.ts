import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { eventStream, stateKey, type StateRecord } from '@sluice/contracts';
import {
  createEventStream,
  RecordReader,
  StateBucket,
  StateFollower,
  StatePublisher,
  type RequestClient,
} from '@sluice/messaging';
import { createDataSource, initializeDataSource, nextRecordVersion } from '@sluice/persistence';
import { TestNats, TestPostgres, until } from '@sluice/testing';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import pg from 'pg';
import { createLog } from './log.js';
import { Metrics } from './metrics/metrics.js';
import { PublishedChanges } from './publish-changes.js';
import { createAcknowledgedTable, createOutboxTable, createRecordVersionSequence } from '@sluice/persistence/testing';

const reader = new RecordReader([]);
const text = new TextEncoder();

describe('a Postgres that was put back to an earlier time', () => {
  let postgres: TestPostgres;
  let nats: TestNats;
  let connection: NatsConnection;
  let bucket: StateBucket;
  const stops: (() => Promise<void>)[] = [];

  beforeAll(async () => {
    postgres = await TestPostgres.start();
  }, 60_000);
  afterAll(() => postgres?.stop());

  beforeEach(async () => {
    nats = await TestNats.start({
      configuration: ({ listen, folder }) =>
        `listen: ${JSON.stringify(listen)}\njetstream { store_dir: ${JSON.stringify(folder)} }\n` +
        `mappings { "sluice.events-api.STREAM.>": "$JS.API.STREAM.>" }\n`,
    });
    connection = await connect({ servers: nats.url });
    bucket = await StateBucket.open(connection);
    await createEventStream(connection);
  }, 60_000);
  afterEach(async () => {
    for (const stop of stops.splice(0)) await stop();
    await connection.close();
    await nats.stop();
  });

  /** authorization, with roles and nothing else. */
  async function service(databaseUrl: string, relays = true) {
    const endings: (() => Promise<void> | void)[] = [];
    const dataSource = createDataSource({
      databaseUrl,
      schema: 'public',
      entities: [],
      migrations: [],
      applicationName: 'test',
    });
    await initializeDataSource(dataSource, () => undefined);
    const follower = new StateFollower({ connection, bucket, reader, holds: ['role'], onFault: () => undefined });
    follower.start();
    const metrics = new Metrics();
    const changes = new PublishedChanges(
      {
        service: 'authorization',
        processName: 'test',
        log: createLog('test', 'silent'),
        connection,
        requests: undefined as unknown as RequestClient,
        metrics,
        onFault: () => undefined,
        onShutdown: (end) => void endings.push(end),
      },
      {
        databaseUrl,
        schema: 'public',
        dataSource,
        writer: 'authorization',
        follower,
        reader,
        bucket,
        records: async function* () {
          const rows: { name: string; version: string }[] = await dataSource.query('SELECT name, version FROM role');
          for (const { name, version } of rows) yield roleRecord(name, Number(version));
        },
      },
    );
    changes.useStreamMaker({
      makeStreams: () => bucket.create(),
      remake: async (epoch) => {
        if ((await bucket.state())?.epoch === epoch) await bucket.remove();
        await bucket.create();
      },
    });
    if (relays) await changes.start();
    const stop = async () => {
      for (const end of endings.splice(0).reverse()) await end();
      follower.stop();
      if (dataSource.isInitialized) await dataSource.destroy();
    };
    stops.push(stop);
    return {
      changes,
      losses: async () => Number(/^sluice_state_losses_total (\d+)$/m.exec(await metrics.render())?.[1]),
      ready: () =>
        until(() => follower.position && !follower.missingWriters.includes('authorization'), {
          what: 'the stream to be filled',
        }),
      confirmed: () =>
        until(async () => /^sluice_state_confirmed 1$/m.test(await metrics.render()), {
          what: 'the stream to be confirmed',
        }),
      put: (name: string) =>
        changes.commit(async ({ manager, state, event }) => {
          const version = await nextRecordVersion(manager, stateKey.role(name));
          await manager.query(
            'INSERT INTO role VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET version = excluded.version',
            [name, version],
          );
          state(roleRecord(name, version));
          event('user-role.created', name, { actor: 'test', userRole: { name, description: '' } });
        }),
      remove: (name: string) =>
        changes.commit(async ({ manager, state }) => {
          const version = await nextRecordVersion(manager, stateKey.role(name));
          await manager.query('DELETE FROM role WHERE name = $1', [name]);
          state({ ...roleRecord(name, version), deleted: true });
        }),
      query: (sql: string, values: unknown[] = []) => dataSource.query<unknown[]>(sql, values),
      stop,
    };
  }

  const roleRecord = (name: string, version: number): StateRecord<'role'> => ({
    key: stateKey.role(name),
    version,
    deleted: false,
    name,
  });

  async function newDatabase(): Promise<string> {
    const databaseUrl = await postgres.createDatabase();
    const dataSource = createDataSource({
      databaseUrl,
      schema: 'public',
      entities: [],
      migrations: [],
      applicationName: 'test',
    });
    await initializeDataSource(dataSource, () => undefined);
    const runner = dataSource.createQueryRunner();
    await createOutboxTable(runner);
    await createAcknowledgedTable(runner);
    await createRecordVersionSequence(runner);
    await runner.query('CREATE TABLE role (name text PRIMARY KEY, version bigint NOT NULL)');
    await runner.release();
    await dataSource.destroy();
    return databaseUrl;
  }

  /** A backup, restored elsewhere: nobody is connected to the database meanwhile. */
  async function restoredCopyOf(databaseUrl: string): Promise<string> {
    const source = new URL(databaseUrl);
    const name = `${source.pathname.slice(1)}_restored`;
    const client = new pg.Client({ connectionString: new URL('/postgres', source).href });
    await client.connect();
    await client.query(`CREATE DATABASE "${name}" TEMPLATE "${source.pathname.slice(1)}"`);
    await client.end();
    return new URL(`/${name}`, source).href;
  }

  const stored = async (name: string) => {
    const record = await bucket.last(stateKey.role(name));
    return record && (JSON.parse(Buffer.from(record.value).toString()) as StateRecord<'role'>);
  };

  async function eventSubjects(): Promise<(string | undefined)[]> {
    const manager = await jetstreamManager(connection);
    const { state } = await manager.streams.info(eventStream);
    const found: (string | undefined)[] = [];
    for (let seq = 1; seq <= state.last_seq; seq++)
      found.push((await manager.streams.getMessage(eventStream, { seq }))?.json<{ subject?: string }>().subject);
    return found;
  }

  /** Roles A and B, a backup of that, and after it A removed and C made. @returns where the backup is restored */
  async function backUpThenGoOn(): Promise<string> {
    const databaseUrl = await newDatabase();
    const before = await service(databaseUrl);
    await before.ready();
    for (const name of ['A', 'B']) expect(await before.put(name)).toMatchObject({ propagation: 'published' });
    await before.stop();
    const restored = await restoredCopyOf(databaseUrl);
    const after = await service(databaseUrl);
    expect(await after.remove('A')).toMatchObject({ propagation: 'published' });
    expect(await after.put('C')).toMatchObject({ propagation: 'published' });
    expect(await after.losses()).toBe(0);
    await after.stop();
    return restored;
  }

  it('has the stream made anew that is ahead of it, so that what Postgres says holds', async () => {
    const restored = await backUpThenGoOn();
    const { epoch } = (await bucket.state()) ?? {};
    const running = await service(restored);
    await running.confirmed();
    expect((await bucket.state())?.epoch).not.toBe(epoch);
    expect(await running.losses()).toBe(1);
    expect(await stored('A')).toMatchObject({ deleted: false });
    expect(await stored('C')).toBeUndefined();
    // Its version is one that the stream had before, under the same name.
    expect(await running.put('C')).toMatchObject({ propagation: 'published' });
    expect(await stored('C')).toMatchObject({ deleted: false });
    await running.stop();
  });

  it('publishes nothing over the stream that is ahead, though the change was made before the bus was reached', async () => {
    const restored = await backUpThenGoOn();
    const alone = await service(restored, false);
    // The stream's newest record. Were it taken for this change, all that stands below would count as acknowledged.
    expect(await alone.put('C')).toMatchObject({ propagation: 'pending' });
    const [row] = (await alone.query(`SELECT version FROM role WHERE name = 'C'`)) as { version: string }[];
    expect((await stored('C'))?.version).toBeGreaterThan(Number(row?.version));
    await alone.stop();
    const running = await service(restored);
    await running.confirmed();
    await until(async () => (await running.query('SELECT 1 FROM outbox')).length === 0, { what: 'the outbox' });
    expect(await stored('C')).toMatchObject({ deleted: false, version: Number(row?.version) });
    expect(await stored('A')).toMatchObject({ deleted: false });
    await running.stop();
  });

  it('gives its events places above those that the event stream has, so that none is taken for an older one', async () => {
    const restored = await backUpThenGoOn();
    const running = await service(restored);
    await running.confirmed();
    await running.put('D');
    await until(async () => (await running.query('SELECT 1 FROM outbox')).length === 0, { what: 'the outbox' });
    expect(await eventSubjects()).toEqual(['A', 'B', 'C', 'D']);
    await running.stop();
  });

  it('which is empty beside a stream that is full has it made anew as well', async () => {
    await backUpThenGoOn();
    const running = await service(await newDatabase());
    await running.confirmed();
    expect(await bucket.keys('role')).toEqual([]);
    await running.stop();
  });

  it('is not suspected when the same one comes back, with records that were published and not acknowledged', async () => {
    const databaseUrl = await newDatabase();
    const before = await service(databaseUrl);
    await before.ready();
    await before.put('A');
    await before.put('B');
    await before.remove('B');
    await before.stop();
    const { epoch } = (await bucket.state()) ?? {};
    const unacknowledged = await service(databaseUrl, false);
    await unacknowledged.put('C');
    await unacknowledged.remove('A');
    await unacknowledged.stop();
    const publisher = new StatePublisher(connection, bucket);
    const client = new pg.Client({ connectionString: databaseUrl });
    await client.connect();
    const { rows } = await client.query<{ name: string; version: string; body: unknown }>(
      `SELECT name, version, body FROM outbox WHERE kind = 'state'`,
    );
    expect(rows).toHaveLength(2);
    for (const row of rows)
      await publisher.publish(row.name, Number(row.version), text.encode(JSON.stringify(row.body)));
    await client.end();
    const running = await service(databaseUrl);
    await running.confirmed();
    expect(await running.losses()).toBe(0);
    expect((await bucket.state())?.epoch).toBe(epoch);
    await running.stop();
  });

  it('is not suspected for a record that was put right without a change', async () => {
    const databaseUrl = await newDatabase();
    const before = await service(databaseUrl);
    await before.ready();
    await before.put('A');
    await before.stop();
    const { epoch } = (await bucket.state()) ?? {};
    const record = await stored('A');
    await new StatePublisher(connection, bucket).publishAlways(
      stateKey.role('A'),
      record?.version ?? 0,
      text.encode(JSON.stringify(record)),
    );
    const running = await service(databaseUrl);
    await running.confirmed();
    expect((await bucket.state())?.epoch).toBe(epoch);
    await running.stop();
  });
});
