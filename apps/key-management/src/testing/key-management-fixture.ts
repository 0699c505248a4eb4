import {
  type CloudEvent,
  type EventName,
  createServiceInstance,
  createServiceKey,
  eventSubjectPrefix,
} from '@sluice/contracts';
import {
  createEventStream,
  RecordReader,
  RecordSigner,
  StateBucket,
  StateFollower,
  type RequestClient,
} from '@sluice/messaging';
import { createDataSource, initializeDataSource } from '@sluice/persistence';
import { createLog, Metrics, PublishedChanges, type Shell } from '@sluice/service-shell';
import type { NatsConnection } from '@nats-io/transport-node';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import type { DataSource } from 'typeorm';
import { CertificateAuthority } from '../certificate-authority/certificate-authority.js';
import { KeySealer } from '../certificate-authority/key-sealer.js';
import { CreateServiceInstance } from '../create-service-instance/create-service-instance.js';
import { CreateServiceKey } from '../create-service-key/create-service-key.js';
import { entities, schema } from '../persistence/entities.js';
import { migrations } from '../persistence/migrations.js';
import { allRecords } from '../record/all-records.js';
import { called } from './called.js';

export interface KeyManagementOptions {
  readonly databaseUrl: string;
  readonly connection: NatsConnection;
  readonly now: () => number;
  readonly crlBaseUrl?: string;
  /** One under a random master key when absent. */
  readonly sealer?: KeySealer;
}

/** NATS for {@link startKeyManagement}: the event stream's API is reached under a prefix, here in the same account. */
export const busConfiguration = (listen: string, storeDirectory: string): string =>
  `listen: ${JSON.stringify(listen)}
jetstream { store_dir: ${JSON.stringify(storeDirectory)} }
mappings { "sluice.events-api.STREAM.>": "$JS.API.STREAM.>" }
`;

/** What a process of key-management consists of, on the servers and the clock of a test. */
export interface KeyManagementFixture {
  readonly dataSource: DataSource;
  readonly changes: PublishedChanges;
  readonly follower: StateFollower;
  /** Signs its records. */
  readonly recordSigner: RecordSigner;
  /** The public key to it, PEM. */
  readonly recordKey: string;
  readonly sealer: KeySealer;
  readonly authority: CertificateAuthority;
  /** All events so far, in the order of their publication. */
  events(name: EventName): CloudEvent[];
  createInstance(parameters?: unknown): Promise<string>;
  createKey(
    serviceInstanceId: string,
    parameters: Record<string, unknown>,
    name?: string,
  ): ReturnType<CreateServiceKey['execute']>;
  stop(): Promise<void>;
}

export const flowUrl = 'https://localhost:8443';
export const actor = 'test';

export async function startKeyManagement(options: KeyManagementOptions): Promise<KeyManagementFixture> {
  const { databaseUrl, connection, now } = options;
  const setUp = createDataSource({
    databaseUrl,
    schema: 'public',
    entities: [],
    migrations: [],
    applicationName: 'set-up',
  });
  await setUp.initialize();
  await setUp.query(`CREATE SCHEMA ${schema}`);
  await setUp.destroy();
  const dataSource = createDataSource({ databaseUrl, schema, entities, migrations, applicationName: 'test' });
  await initializeDataSource(dataSource, () => undefined);

  const events: CloudEvent[] = [];
  const subscription = connection.subscribe(`${eventSubjectPrefix}>`, {
    callback: (_error, message) => void events.push(message.json<CloudEvent>()),
  });
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const recordSigner = new RecordSigner(privateKey.export({ type: 'pkcs8', format: 'pem' }) as string);
  const recordKey = publicKey.export({ type: 'spki', format: 'pem' }) as string;
  const endings: (() => Promise<void> | void)[] = [];
  const shell: Shell = {
    service: 'key-management',
    processName: 'test',
    log: createLog('test', 'silent'),
    connection,
    requests: undefined as unknown as RequestClient,
    metrics: new Metrics(),
    onFault: () => undefined,
    onShutdown: (end) => void endings.push(end),
  };
  const bucket = await StateBucket.open(connection);
  const reader = new RecordReader([recordKey]);
  const follower = new StateFollower({
    connection,
    bucket,
    reader,
    holds: ['ca'],
    onFault: () => undefined,
  });
  follower.start();
  await createEventStream(connection);
  const changes = new PublishedChanges(shell, {
    databaseUrl,
    schema,
    dataSource,
    writer: 'key-management',
    follower,
    bucket,
    reader,
    signer: recordSigner,
    makeStreams: () => bucket.create(),
    records: () => allRecords(dataSource),
  });
  await changes.start();
  const sealer = options.sealer ?? new KeySealer(randomBytes(32));
  const authority = new CertificateAuthority(dataSource, sealer, changes, now, options.crlBaseUrl);
  await authority.ensure();
  const instances = called(createServiceInstance, new CreateServiceInstance(changes, () => Promise.resolve([]), now));
  const keys = called(createServiceKey, new CreateServiceKey(changes, authority, flowUrl, now));
  return {
    dataSource,
    changes,
    follower,
    recordSigner,
    recordKey,
    sealer,
    authority,
    events: (name) => events.filter(({ type }) => type === `dev.sluice.${name}.v1`),
    createInstance: async (parameters = {}) => {
      const { value } = await instances.execute({ name: `i-${randomBytes(4).toString('hex')}`, parameters, actor });
      return value.id;
    },
    createKey: (serviceInstanceId, parameters, name = 'key') =>
      keys.execute({ serviceInstanceId, name, parameters, actor }),
    stop: async () => {
      for (const end of endings.reverse()) await end();
      subscription.unsubscribe();
      follower.stop();
      await dataSource.destroy();
    },
  };
}
