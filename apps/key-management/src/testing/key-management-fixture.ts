import { CallAddresses } from '../service-keys/call-addresses.js';
import {
  type CloudEvent,
  type EventName,
  createServiceInstance,
  createServiceKey,
  eventSubjectPrefix,
  minBusStoreMb,
} from '@sluice/contracts';
import { RecordSigner, StateFollower } from '@sluice/messaging';
import { createDataSource } from '@sluice/persistence';
import { PublishedChanges } from '@sluice/service-shell';
import { startService, type ServiceUnderTest } from '@sluice/service-shell/testing';
import type { NatsConnection } from '@nats-io/transport-node';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DataSource } from 'typeorm';
import { AppModule } from '../app.module.js';
import { settings } from '../config.js';
import { Sweep } from '../expiry/sweep.js';
import { CertificateAuthority } from '../issuing-cas/certificate-authority.js';
import { KeySealer } from '../issuing-cas/key-sealer.js';
import { schema } from '../persistence/entities.js';
import { CreateServiceInstance } from '../service-instances/create-service-instance.js';
import { FIND_MISSING_ROLES } from '../service-instances/require-roles.js';
import { CreateServiceKey } from '../service-keys/create-service-key.js';
import { KeepFetching } from '../trusted-roots/keep-fetching.js';
import { called } from './called.js';

export interface KeyManagementOptions {
  readonly databaseUrl: string;
  readonly connection: NatsConnection;
  readonly now: () => number;
  readonly crlBaseUrl?: string;
  /** More of its environment. */
  readonly environment?: Readonly<Record<string, string>>;
  /** One under a random master key when absent. */
  readonly sealer?: KeySealer;
}

/** NATS for {@link startKeyManagement}: the event stream's API is reached under a prefix, here in the same account. */
export const busConfiguration = (listen: string, storeDirectory: string): string =>
  `listen: ${JSON.stringify(listen)}
jetstream { store_dir: ${JSON.stringify(storeDirectory)} }
mappings { "sluice.events-api.STREAM.>": "$JS.API.STREAM.>" }
`;

/** A process of key-management as it is wired in production, on the servers and the clock of a test; without its timers. */
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
  /** Any other part of it. */
  get: ServiceUnderTest['get'];
  createInstance(parameters?: unknown): Promise<string>;
  createKey(
    serviceInstanceId: string,
    parameters: Record<string, unknown>,
    name?: string,
  ): ReturnType<CreateServiceKey['execute']>;
  stop(): Promise<void>;
}

export const flowUrl = 'https://localhost:8443';
export const addresses = new CallAddresses(flowUrl, 'http://127.0.0.1:8080');
export const actor = 'test';

/** Makes the files and settings that key-management is started with. */
function settingsIn(folder: string, recordKey: string, signingKey: string, options: KeyManagementOptions) {
  const file = (name: string, content: string) => {
    writeFileSync(join(folder, name), content, { mode: 0o600 });
    return join(folder, name);
  };
  return settings['key-management'].parse({
    NATS_URL: 'tls://not-connected-by-settings:4222',
    NATS_SEED_FILE: file('seed', ''),
    NATS_CA_FILE: file('ca.pem', ''),
    DATABASE_URL: options.databaseUrl,
    MASTER_KEY_FILE: file('master.key', randomBytes(32).toString('base64')),
    RECORD_SIGNING_KEY_FILE: file('record-signing.key', signingKey),
    RECORD_KEYS_FILE: file('record-keys.pem', recordKey),
    BUS_STORE_MB: String(minBusStoreMb),
    FLOW_URL: flowUrl,
    ...(options.crlBaseUrl === undefined ? {} : { CRL_BASE_URL: options.crlBaseUrl }),
    ...options.environment,
  });
}

export async function createSchema(databaseUrl: string): Promise<void> {
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
}

export async function startKeyManagement(options: KeyManagementOptions): Promise<KeyManagementFixture> {
  const { connection, now } = options;
  await createSchema(options.databaseUrl);
  const events: CloudEvent[] = [];
  const subscription = connection.subscribe(`${eventSubjectPrefix}>`, {
    callback: (_error, message) => void events.push(message.json<CloudEvent>()),
  });
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const recordKey = publicKey.export({ type: 'spki', format: 'pem' }) as string;
  const folder = mkdtempSync(join(tmpdir(), 'sluice-key-management-'));
  const service = await startService({
    service: 'key-management',
    module: AppModule,
    config: settingsIn(folder, recordKey, privateKey.export({ type: 'pkcs8', format: 'pem' }) as string, options),
    connection,
    now,
    override: (builder) => {
      builder.overrideProvider(FIND_MISSING_ROLES).useValue(() => Promise.resolve([]));
      // What is due is looked for by the tests, at the time they choose.
      builder.overrideProvider(Sweep).useValue({ start: () => undefined, stop: () => Promise.resolve() });
      builder.overrideProvider(KeepFetching).useValue({});
      if (options.sealer) builder.overrideProvider(KeySealer).useValue(options.sealer);
      return builder;
    },
  });
  const instances = called(createServiceInstance, service.get(CreateServiceInstance));
  const keys = called(createServiceKey, service.get(CreateServiceKey));
  return {
    dataSource: service.get(DataSource),
    changes: service.get(PublishedChanges),
    follower: service.get(StateFollower),
    recordSigner: service.get(RecordSigner),
    recordKey,
    sealer: service.get(KeySealer),
    authority: service.get(CertificateAuthority),
    get: service.get,
    events: (name) => events.filter(({ type }) => type === `dev.sluice.${name}.v1`),
    createInstance: async (parameters = {}) => {
      const { value } = await instances.execute({ name: `i-${randomBytes(4).toString('hex')}`, parameters, actor });
      return value.id;
    },
    createKey: (serviceInstanceId, parameters, name = 'key') =>
      keys.execute({ serviceInstanceId, name, parameters, actor }),
    stop: async () => {
      await service.stop();
      subscription.unsubscribe();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
