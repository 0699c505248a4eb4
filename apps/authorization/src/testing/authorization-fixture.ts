import { createEventStream, StateBucket, type RequestClient } from '@sluice/messaging';
import { createDataSource } from '@sluice/persistence';
import { startService, type ServiceUnderTest } from '@sluice/service-shell/testing';
import { createAccount } from '@nats-io/nkeys';
import type { NatsConnection } from '@nats-io/transport-node';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AppModule } from '../app.module.js';
import { settings } from '../config.js';
import { schema } from '../persistence/entities.js';
import { Subscribers } from '../subscribers/subscribers.js';
import { FIND_ROLE_USERS } from '../user-roles/delete-user-role.js';

export interface AuthorizationOptions {
  readonly databaseUrl: string;
  readonly connection: NatsConnection;
  readonly now: () => number;
  /** More of its environment. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Asks the other services who uses a role; absent, nobody uses any. */
  readonly requests?: RequestClient;
}

/** NATS for {@link startAuthorization}: the event stream's API is reached under a prefix, here in the same account. */
export const busConfiguration = (listen: string, storeDirectory: string): string =>
  `listen: ${JSON.stringify(listen)}
jetstream { store_dir: ${JSON.stringify(storeDirectory)} }
mappings { "sluice.events-api.STREAM.>": "$JS.API.STREAM.>" }
`;

/** A process of authorization as it is wired in production, but for the servers of NATS that ask who may subscribe. */
export async function startAuthorization(options: AuthorizationOptions): Promise<ServiceUnderTest> {
  const setUp = createDataSource({
    databaseUrl: options.databaseUrl,
    schema: 'public',
    entities: [],
    migrations: [],
    applicationName: 'set-up',
  });
  await setUp.initialize();
  await setUp.query(`CREATE SCHEMA IF NOT EXISTS "${schema}"`);
  await setUp.destroy();
  const bucket = await StateBucket.open(options.connection);
  if (!(await bucket.state())) await bucket.create();
  await createEventStream(options.connection);
  const folder = mkdtempSync(join(tmpdir(), 'sluice-authorization-'));
  const file = (name: string, content: string) => {
    writeFileSync(join(folder, name), content, { mode: 0o600 });
    return join(folder, name);
  };
  const { publicKey } = generateKeyPairSync('ed25519');
  const service = await startService({
    service: 'authorization',
    module: AppModule,
    config: settings.authorization.parse({
      NATS_URL: 'tls://not-connected-by-settings:4222',
      NATS_SEED_FILE: file('seed', ''),
      NATS_CA_FILE: file('ca.pem', ''),
      DATABASE_URL: options.databaseUrl,
      RECORD_KEYS_FILE: file('record-keys.pem', publicKey.export({ type: 'spki', format: 'pem' }) as string),
      CALLOUT_SEED_FILE: file('callout', ''),
      SUBSCRIBER_ISSUER_FILE: file('issuer', new TextDecoder().decode(createAccount().getSeed())),
      ...options.environment,
    }),
    connection: options.connection,
    now: options.now,
    ...(options.requests && { requests: options.requests }),
    override: (builder) => {
      builder.overrideProvider(Subscribers).useValue({ deleteConsumers: () => Promise.resolve() });
      if (!options.requests)
        builder.overrideProvider(FIND_ROLE_USERS).useValue(() => Promise.resolve({ serviceInstances: [], flows: [] }));
      return builder;
    },
  });
  return {
    ...service,
    stop: async () => {
      await service.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
