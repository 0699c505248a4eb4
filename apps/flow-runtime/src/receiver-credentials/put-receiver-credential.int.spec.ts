import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { aliasOfReceiverCredential, putReceiverCredential, stateKey } from '@sluice/contracts';
import {
  createEventStream,
  RecordReader,
  StateBucket,
  StateFollower,
  type RequestClient,
  decodeRequest,
} from '@sluice/messaging';
import { createDataSource, initializeDataSource, SecretSealer } from '@sluice/persistence';
import { createLog, Metrics, PublishedChanges, type Shell } from '@sluice/service-shell';
import { TestAuthority, TestNats, TestPostgres, until } from '@sluice/testing';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { DataSource } from 'typeorm';
import { DeleteReceiverCredential } from './delete-receiver-credential.js';
import { entities, schema } from '../persistence/entities.js';
import { migrations } from '../persistence/migrations.js';
import { PostgresCredentialStore } from './credential-store.postgres.js';
import { toReceiverCredentialView } from './receiver-credential.js';
import { PutReceiverCredential } from './put-receiver-credential.js';
import { ReceiverCredentialRow } from './receiver-credential.entity.js';
import { receiverCredentialTag } from './receiver-credential.tag.js';
import { allRecords } from '../persistence/all-records.js';

const now = () => Date.UTC(2026, 2, 5);
const sealer = new SecretSealer(randomBytes(32));
let postgres: TestPostgres;
let nats: TestNats;
let connection: NatsConnection;
let dataSource: DataSource;
let bucket: StateBucket;
let follower: StateFollower;
let store: PostgresCredentialStore;
/** As its handler calls it: by a request that is decoded by the contract first. */
let put: { execute(request: Record<string, unknown>): ReturnType<PutReceiverCredential['execute']> };
let remove: DeleteReceiverCredential;
const endings: (() => Promise<void> | void)[] = [];

beforeAll(async () => {
  [postgres, nats] = await Promise.all([
    TestPostgres.start(),
    TestNats.start({
      // The services reach the event stream's API under a prefix of its own; here it is in the same account.
      configuration: ({ listen, folder }) =>
        `listen: ${JSON.stringify(listen)}
jetstream { store_dir: ${JSON.stringify(join(folder, 'jetstream'))} }
mappings { "sluice.events-api.STREAM.>": "$JS.API.STREAM.>" }
`,
    }),
  ]);
  connection = await connect({ servers: nats.url });
  const databaseUrl = await postgres.createDatabase();
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
  dataSource = createDataSource({ databaseUrl, schema, entities, migrations, applicationName: 'test' });
  await initializeDataSource(dataSource, () => undefined);

  const shell: Shell = {
    service: 'flow-runtime',
    processName: 'test',
    log: createLog('test', 'silent'),
    connection,
    requests: undefined as unknown as RequestClient,
    metrics: new Metrics(),
    onFault: () => undefined,
    onShutdown: (end) => void endings.push(end),
  };
  bucket = await StateBucket.open(connection);
  const { publicKey } = generateKeyPairSync('ed25519');
  const reader = new RecordReader([publicKey.export({ type: 'spki', format: 'pem' }) as string]);
  follower = new StateFollower({
    connection,
    bucket,
    reader,
    holds: ['receiver-credential'],
    onFault: () => undefined,
  });
  follower.start();
  await createEventStream(connection);
  const changes = new PublishedChanges(shell, {
    databaseUrl,
    schema,
    dataSource,
    writer: 'flow-runtime',
    follower,
    bucket,
    reader,
    records: () => allRecords(dataSource),
  });
  changes.useStreamMaker({ makeStreams: () => bucket.create() });
  await changes.start();
  await until(() => follower.position && !follower.missingWriters.includes('flow-runtime'), {
    what: 'the state bucket',
  });
  store = new PostgresCredentialStore(
    dataSource,
    sealer,
    (alias) => follower.held<'receiver-credential'>(stateKey.receiverCredential(alias)).record?.version,
  );
  const useCase = new PutReceiverCredential(changes, sealer, now);
  put = {
    execute: async (request) =>
      useCase.execute(decodeRequest(putReceiverCredential, { actor: { name: 'test' }, ...request })),
  };
  remove = new DeleteReceiverCredential(changes);
}, 90_000);

afterAll(async () => {
  for (const end of endings.reverse()) await end();
  follower.stop();
  await dataSource.destroy();
  await connection.close();
  await Promise.all([nats.stop(), postgres.stop()]);
});

const user = (password: string) => ({ type: 'UserCredentials', user: 'alice', password, description: 'the ERP' });

/** The follower has applied the version. */
async function known(alias: string, version: string): Promise<void> {
  await until(
    () => follower.held<'receiver-credential'>(stateKey.receiverCredential(alias)).record?.version === Number(version),
    { what: `version ${version} of ${alias}` },
  );
}

describe('a credential of a receiver', () => {
  it('is stored under its alias and opened for who calls, and shows no secret', async () => {
    const { row, created, propagation } = await put.execute({ alias: 'erp.prod', credential: user('pa55word') });
    expect([created, propagation]).toEqual([true, 'published']);
    expect((await store.get('erp.prod'))?.secret).toEqual({
      type: 'UserCredentials',
      user: 'alice',
      password: 'pa55word',
    });
    expect(toReceiverCredentialView(row)).toEqual({
      alias: 'erp.prod',
      type: 'UserCredentials',
      description: 'the ERP',
      user: 'alice',
      version: Number(row.version),
      changedAt: '2026-03-05T00:00:00.000Z',
    });
  });

  it('has its secret neither in the database in clear nor in the bucket', async () => {
    await put.execute({ alias: 'sealed', credential: user('only-here-1234') });
    const rows: unknown = await dataSource.query(
      `SELECT shown::text, encode(sealed, 'hex') AS sealed FROM receiver_credential`,
    );
    const outbox: unknown = await dataSource.query('SELECT * FROM outbox');
    const stored = await bucket.last(stateKey.receiverCredential('sealed'));
    const record = Buffer.from(stored?.value ?? []).toString('utf8');
    expect(JSON.parse(record)).toMatchObject({ alias: 'sealed', deleted: false });
    const all = JSON.stringify([rows, outbox, record]);
    expect(all).not.toContain('only-here-1234');
    expect(all).not.toContain(Buffer.from('only-here-1234').toString('hex'));
  });

  it('is another one for the next call of who remembered it', async () => {
    const first = await put.execute({ alias: 'rotated', credential: user('one') });
    await known('rotated', first.row.version);
    expect((await store.get('rotated'))?.secret).toMatchObject({ password: 'one' });
    const second = await put.execute({ alias: 'rotated', credential: user('two') });
    expect(second.created).toBe(false);
    await known('rotated', second.row.version);
    expect((await store.get('rotated'))?.secret).toMatchObject({ password: 'two' });
  });

  it('goes on being used while Postgres is away', async () => {
    const { row } = await put.execute({ alias: 'kept', credential: user('kept') });
    await known('kept', row.version);
    await store.get('kept');
    const broken = new PostgresCredentialStore(
      { manager: { findOneBy: () => Promise.reject(new Error('away')) } } as unknown as DataSource,
      sealer,
      () => Number(row.version),
    );
    await expect(broken.get('kept')).rejects.toThrow('away');
    await dataSource.query('ALTER TABLE receiver_credential RENAME TO away');
    try {
      expect((await store.get('kept'))?.secret).toMatchObject({ password: 'kept' });
    } finally {
      await dataSource.query('ALTER TABLE away RENAME TO receiver_credential');
    }
  });

  it('is stored only where it is as it was read, or not there yet, when that is asked for', async () => {
    const outcome = (work: Promise<unknown>) =>
      work.then(
        () => 'made',
        (error: unknown) => (error as { code?: string }).code,
      );
    const asked = (more: object) => put.execute({ alias: 'tagged', credential: user('x'), ...more });
    expect(await outcome(asked({ ifMatch: '*' }))).toBe('precondition-failed');
    const { row: first } = await asked({ ifNoneMatch: '*' });
    expect(await outcome(asked({ ifNoneMatch: '*' }))).toBe('precondition-failed');
    const { row: second } = await asked({ ifMatch: [receiverCredentialTag(first)] });
    expect(await outcome(asked({ ifMatch: [receiverCredentialTag(first)] }))).toBe('precondition-failed');
    expect(await outcome(remove.execute({ alias: 'tagged', ifMatch: [receiverCredentialTag(first)] }))).toBe(
      'precondition-failed',
    );
    const ifMatch = [receiverCredentialTag(second)];
    const ended = await Promise.all([
      outcome(asked({ ifMatch })),
      outcome(remove.execute({ alias: 'tagged', ifMatch })),
    ]);
    expect(ended.toSorted()).toEqual(['made', 'precondition-failed']);
  });

  it('is gone for the next call once it is deleted, and its record stays as deleted', async () => {
    const { row } = await put.execute({ alias: 'a.b-c', credential: user('x') });
    await known('a.b-c', row.version);
    await store.get('a.b-c');
    const changed = new Promise<string>((resolve) => follower.onChange(({ key }) => resolve(key)));
    await remove.execute({ alias: 'a.b-c' });
    expect(aliasOfReceiverCredential(await changed)).toBe('a.b-c');
    expect(await store.get('a.b-c')).toBeUndefined();
    await expect(remove.execute({ alias: 'a.b-c' })).rejects.toMatchObject({ code: 'not-found' });
  });

  it('cannot be opened under another alias', async () => {
    const { row } = await put.execute({ alias: 'mine', credential: user('x') });
    await dataSource.manager.save(ReceiverCredentialRow, { ...row, alias: 'stolen' });
    await expect(store.get('stolen')).rejects.toThrow();
  });

  it('holds a key pair, whose key fits its certificate', async () => {
    const authority = await TestAuthority.root({ subject: 'CN=CA' });
    const certificate = await authority.leaf({ subject: 'CN=client,O=Sluice' });
    const other = await authority.leaf({ subject: 'CN=other' });
    const oneLine = certificate.chainPem.replaceAll('\n', '\\n');
    const { row } = await put.execute({
      alias: 'pair',
      credential: { type: 'KeyPair', certificate: oneLine, key: certificate.key.pem },
    });
    expect(toReceiverCredentialView(row).certificate).toMatchObject({
      subjectdn: 'CN=client,O=Sluice',
      issuerdn: 'CN=CA',
      sha256: certificate.sha256,
    });
    expect((await store.get('pair'))?.secret).toMatchObject({ certificateChain: certificate.chainPem });
    await expect(
      put.execute({ alias: 'pair', credential: { type: 'KeyPair', certificate: oneLine, key: other.key.pem } }),
    ).rejects.toThrow('is not the key of the first certificate');
  });

  it.each([
    ['an alias with a blank', 'a b', user('x'), 'alias'],
    ['an alias with an empty part', 'a..b', user('x'), 'alias'],
    ['a user with a colon', 'a', { ...user('x'), user: 'a:b' }, 'user'],
    ['a member it does not know', 'a', { ...user('x'), pasword: 'y' }, 'pasword'],
    [
      'a token URL that is none',
      'a',
      { type: 'OAuth2ClientCredentials', tokenUrl: 'x', clientId: 'a', clientSecret: 's3cret' },
      'tokenUrl',
    ],
    ['a key that is no PEM', 'a', { type: 'KeyPair', certificate: 'x', key: 's3cret' }, 'certificate'],
    ['a type it does not know', 'a', { type: 'Kerberos' }, 'type'],
  ])('refuses %s, and does not repeat what it was given', async (_, alias, credential, field) => {
    const refused = await put.execute({ alias, credential }).then(
      () => undefined,
      (error: unknown) => error as Error & { code: string },
    );
    expect(refused?.code).toBe('invalid-argument');
    expect(refused?.message).toContain(field);
    expect(JSON.stringify(refused)).not.toContain('s3cret');
  });
});
