import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { stateKey, stateSubjectPrefix, type StateRecord } from '@sluice/contracts';
import {
  createEventStream,
  RecordReader,
  RecordSigner,
  StateBucket,
  StateFollower,
  StatePublisher,
  type RequestClient,
} from '@sluice/messaging';
import { createDataSource, initializeDataSource } from '@sluice/persistence';
import { TestNats, TestPostgres, until } from '@sluice/testing';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { generateKeyPairSync } from 'node:crypto';
import { createLog } from './log.js';
import { Metrics } from './metrics/metrics.js';
import { PublishedChanges } from './publish-changes.js';
import { createAcknowledgedTable, createOutboxTable } from '@sluice/persistence/testing';

const { privateKey, publicKey } = generateKeyPairSync('ed25519');
const signer = new RecordSigner(privateKey.export({ type: 'pkcs8', format: 'pem' }) as string);
const reader = new RecordReader([publicKey.export({ type: 'spki', format: 'pem' }) as string]);

const instance = (id: string, version = 5): StateRecord<'instance'> => ({
  key: stateKey.instance(id),
  version,
  deleted: false,
  id,
  name: id,
  plan: 'integration-flow',
  roles: ['a'],
});
const credential = (index: number): StateRecord<'credential'> => {
  const sha256 = index.toString(16).padStart(64, '0');
  return {
    key: stateKey.credential(sha256),
    version: 7,
    deleted: false,
    sha256,
    serviceKeyId: 'k',
    serviceKeyName: 'k',
    serviceInstanceId: 'i',
    status: 'active',
    notAfterMs: 1,
  };
};

/** Records on their way to the bucket. */
class Crossing {
  maxAtOnce = 0;
  /** What had not been acknowledged when a record was sent, by the record's key. */
  readonly before = new Map<string, readonly string[]>();
  readonly #now = new Set<string>();

  watch(connection: NatsConnection): NatsConnection {
    const request: NatsConnection['request'] = async (subject, ...rest) => {
      if (!subject.startsWith(stateSubjectPrefix)) return connection.request(subject, ...rest);
      const key = subject.slice(stateSubjectPrefix.length);
      this.before.set(key, [...this.#now]);
      this.#now.add(key);
      this.maxAtOnce = Math.max(this.maxAtOnce, this.#now.size);
      try {
        return await connection.request(subject, ...rest);
      } finally {
        this.#now.delete(key);
      }
    };
    return new Proxy(connection, {
      get: (target, name) => {
        if (name === 'request') return request;
        const value: unknown = Reflect.get(target, name);
        return typeof value === 'function' ? (value.bind(target) as unknown) : value;
      },
    });
  }
}

describe('filling an empty state bucket from Postgres', () => {
  let nats: TestNats;
  let postgres: TestPostgres;
  let connection: NatsConnection;
  let bucket: StateBucket;
  let crossing: Crossing;
  const endings: (() => Promise<void> | void)[] = [];

  beforeEach(async () => {
    [nats, postgres] = await Promise.all([
      TestNats.start({
        configuration: ({ listen, folder }) =>
          `listen: ${JSON.stringify(listen)}\njetstream { store_dir: ${JSON.stringify(folder)} }\n` +
          `mappings { "sluice.events-api.STREAM.>": "$JS.API.STREAM.>" }\n`,
      }),
      TestPostgres.start(),
    ]);
    crossing = new Crossing();
    connection = await connect({ servers: nats.url });
    bucket = await StateBucket.open(connection);
    await createEventStream(connection);
  }, 60_000);

  afterEach(async () => {
    for (const end of endings.splice(0).reverse()) await end();
    await connection.close();
    await Promise.all([nats.stop(), postgres.stop()]);
  });

  async function fillWith(records: readonly StateRecord[]): Promise<void> {
    const databaseUrl = await postgres.createDatabase();
    const dataSource = createDataSource({
      databaseUrl,
      schema: 'public',
      entities: [],
      migrations: [],
      applicationName: 'test',
    });
    await initializeDataSource(dataSource, () => undefined);
    endings.push(() => dataSource.destroy());
    const runner = dataSource.createQueryRunner();
    await createOutboxTable(runner);
    await createAcknowledgedTable(runner);
    await runner.release();
    const follower = new StateFollower({ connection, bucket, reader, holds: [], onFault: () => undefined });
    follower.start();
    endings.push(() => follower.stop());
    const changes = new PublishedChanges(
      {
        service: 'key-management',
        processName: 'test',
        log: createLog('test', 'silent'),
        connection: crossing.watch(connection),
        requests: undefined as unknown as RequestClient,
        metrics: new Metrics(),
        onFault: () => undefined,
        onShutdown: (end) => void endings.push(end),
      },
      {
        databaseUrl,
        schema: 'public',
        dataSource,
        writer: 'key-management',
        follower,
        reader,
        bucket,
        signer,
        records: async function* () {
          yield* records;
        },
      },
    );
    changes.useStreamMaker({ makeStreams: () => bucket.create() });
    await changes.start();
    await until(() => follower.position && !follower.missingWriters.includes('key-management'), {
      what: 'the bucket is filled',
    });
  }

  it('puts many records of a kind side by side, but not more than a bounded number', async () => {
    const credentials = Array.from({ length: 400 }, (_, index) => credential(index));
    await fillWith(credentials);
    expect(crossing.maxAtOnce).toBeGreaterThan(32);
    expect(crossing.maxAtOnce).toBeLessThanOrEqual(128);
    expect((await bucket.keys('credential')).sort()).toEqual(credentials.map(({ key }) => key));
    expect((await bucket.last(credential(399).key))?.version).toBe(7);
  });

  it('begins a kind when all records of the one before are there, and says that it is complete after the last', async () => {
    const instances = ['a', 'b', 'c'].map((id) => instance(id));
    await fillWith([...instances, credential(1), credential(2)]);
    expect(crossing.before.get(instance('c').key)).toEqual([instance('a').key, instance('b').key]);
    expect(crossing.before.get(credential(1).key)).toEqual([]);
    expect(crossing.before.get(credential(2).key)).toEqual([credential(1).key]);
    expect(crossing.before.get(stateKey.complete('key-management'))).toEqual([]);
  });

  it('covers no newer record that is there before, and replaces an older one', async () => {
    await bucket.create();
    const publisher = new StatePublisher(connection, bucket);
    for (const record of [instance('newer', 9), instance('older', 2)])
      await publisher.publish(record.key, record.version, signer.encode(record));
    await fillWith([instance('newer'), instance('older'), instance('absent')]);
    const versions = ['newer', 'older', 'absent'].map(async (id) => (await bucket.last(instance(id).key))?.version);
    expect(await Promise.all(versions)).toEqual([9, 5, 5]);
  });
});
