import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { configureRevocation } from '@sluice/contracts';
import { readDestinationPolicy } from '@sluice/domain';
import { CertificateListStore } from '@sluice/messaging';
import { encodePem } from '@sluice/pki';
import { Destinations } from '@sluice/service-shell';
import { freePort, TestAuthority, testKey, TestNats, TestPostgres } from '@sluice/testing';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { AddCertificateList } from './add-certificate-list.js';
import { AddTrustedRoot } from './add-trusted-root.js';
import { CertificateLists } from './certificate-lists.js';
import { downloadOverHttp } from './download-certificate-list.js';
import { ConfigureRevocation } from './configure-revocation.js';
import {
  actor,
  busConfiguration,
  startKeyManagement,
  type KeyManagementFixture,
} from '../testing/key-management-fixture.js';
import { findTrustedRootView } from './revocation.view.js';
import { findTrustedRoot } from './find-trusted-root.js';
import { FetchCertificateLists } from './fetch-certificate-lists.js';
import { called } from '../testing/called.js';

const hour = 3_600_000;
const destinations = (allowed: string) => {
  const read = readDestinationPolicy(allowed, '');
  if (!('policy' in read)) throw new Error('The list cannot be read.');
  return new Destinations(read.policy, () => undefined);
};
const download = downloadOverHttp(destinations('127.0.0.0/8'), { timeoutMs: 2_000, bytes: 100_000 });

let postgres: TestPostgres;
let nats: TestNats;
let connection: NatsConnection;
let service: KeyManagementFixture;
let store: CertificateListStore;
let lists: CertificateLists;
let web: Server;
let requests: { path: string; etag?: string }[] = [];
let now = Date.now();
const served = new Map<string, { content: Uint8Array; etag?: string }>();
const clock = () => now;

beforeAll(async () => {
  [postgres, nats] = await Promise.all([
    TestPostgres.start(),
    TestNats.start({
      configuration: ({ listen, folder }) => busConfiguration(listen, join(folder, 'jetstream')),
    }),
  ]);
  connection = await connect({ servers: nats.url });
  service = await startKeyManagement({ databaseUrl: await postgres.createDatabase(), connection, now: clock });
  store = await CertificateListStore.open(connection);
  await store.create();
  lists = new CertificateLists(service.dataSource, store, clock, () => Promise.resolve());
  web = createServer((request, response) => {
    const etag = request.headers['if-none-match'];
    requests.push({ path: request.url ?? '', ...(etag === undefined ? {} : { etag }) });
    const file = served.get(request.url ?? '');
    if (!file) response.writeHead(404).end();
    else if (file.etag !== undefined && file.etag === etag) response.writeHead(304, { etag }).end();
    else response.writeHead(200, file.etag === undefined ? {} : { etag: file.etag }).end(file.content);
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => web.once('listening', resolve));
}, 90_000);

afterAll(async () => {
  web?.close();
  await service?.stop();
  await connection?.close();
  await Promise.all([nats?.stop(), postgres?.stop()]);
});

beforeEach(async () => {
  requests = [];
  served.clear();
  // The roots of the tests before would be due as well.
  await service.dataSource.query('DELETE FROM root_certificate_list_source');
});

const urlOf = (path: string) => `http://127.0.0.1:${(web.address() as AddressInfo).port}${path}`;
const fetching = () =>
  new FetchCertificateLists(service.dataSource, service.changes, lists, download, clock, () => undefined);
const configure = () =>
  called(configureRevocation, new ConfigureRevocation(service.dataSource, service.changes, lists, download, clock));
let roots = 0;

/** A root whose CRL is served at a path of its own and fetched every hour. */
async function rootWithList() {
  const authority = await TestAuthority.root({ subject: `CN=Root ${++roots}` });
  const path = `/${roots}.crl`;
  const { sha256 } = authority.certificate;
  await new AddTrustedRoot(service.changes, clock).execute({ pem: authority.pem, actor });
  const serve = async (options: Parameters<TestAuthority['certificateList']>[0] = {}, etag?: string) => {
    const content = await authority.certificateList({
      thisUpdate: new Date(now - 1_000),
      nextUpdate: new Date(now + 24 * hour),
      ...options,
    });
    served.set(path, { content, ...(etag === undefined ? {} : { etag }) });
  };
  await serve({}, '"first"');
  await configure().execute({ sha256, policy: { crls: [{ url: urlOf(path) }] }, actor });
  requests = [];
  const view = async () =>
    (await findTrustedRootView(service.dataSource.manager, await findTrustedRoot(service.dataSource.manager, sha256)))
      .revocation;
  const record = async () => (await service.follower.fetchNow<'root'>(`root.${sha256}`)).record?.revocation;
  return { authority, path, sha256, serve, view, record };
}

const laterBy = (ms: number) => (now += ms);

describe('a URL of a CRL that leads to this machine', () => {
  it('is not called, also after a redirect, and looks like a port on which nobody listens', async () => {
    served.set('/inside', { content: new Uint8Array([0x30, 0]) });
    const limits = { timeoutMs: 2_000, bytes: 100_000 };
    const closed = downloadOverHttp(destinations(''), limits);
    const sentence = (error: unknown) => String(error).replace(/https?:\S+/, 'URL');
    const failure = (loading: Promise<unknown>) => loading.then(String, sentence);
    const refused = await failure(closed(urlOf('/inside')));
    expect(refused).toContain('ALLOWED_DESTINATIONS');
    expect(requests).toEqual([]);
    expect(await failure(download(`http://127.0.0.1:${await freePort()}/`))).toBe(refused);
    const redirecting = createServer((_, response) => response.writeHead(302, { location: urlOf('/inside') }).end());
    redirecting.listen(0, '127.0.0.1');
    await new Promise((resolve) => redirecting.once('listening', resolve));
    const { port } = redirecting.address() as AddressInfo;
    const byName = downloadOverHttp(destinations('localhost'), limits);
    expect(await failure(byName(`http://localhost:${port}/`))).toBe(refused);
    expect(requests).toEqual([]);
    redirecting.closeAllConnections();
    redirecting.close();
  });
});

describe('a CRL as people have it', () => {
  it('is taken as DER and as any form of PEM, and refused when the verifier would not use it', async () => {
    const root = await rootWithList();
    const add = (content: Uint8Array) =>
      new AddCertificateList(service.dataSource, service.changes, lists, clock).execute({
        sha256: root.sha256,
        content,
        actor,
      });
    const list = (options: Parameters<TestAuthority['certificateList']>[0] = {}) =>
      root.authority.certificateList({ thisUpdate: new Date(now - 1_000), ...options });
    for (const prefix of ['', '\n', '\uFEFF', '  ', 'Certificate Revocation List (CRL):\n    Version 2 (0x1)\n']) {
      laterBy(2_000);
      const der = await list();
      const { value } = await add(Buffer.from(prefix + encodePem(der, 'X509 CRL')));
      expect(Buffer.from(value.list.der)).toEqual(Buffer.from(der));
    }
    await configure().execute({ sha256: root.sha256, policy: { maximumAgeSeconds: 3_600 }, actor });
    await expect(add(await list({ thisUpdate: new Date(now - 2 * hour) }))).rejects.toMatchObject({
      code: 'certificate-list-refused',
      message: expect.stringContaining('older than maximumAgeSeconds') as unknown,
    });
  });

  it('is refused when its signer may not sign CRLs, as the verifier would not use it', async () => {
    const authority = await TestAuthority.root({ subject: `CN=Root ${++roots}`, keyUsage: ['keyCertSign'] });
    const { sha256 } = authority.certificate;
    await new AddTrustedRoot(service.changes, clock).execute({ pem: authority.pem, actor });
    await configure().execute({ sha256, policy: {}, actor });
    const content = await authority.certificateList({ thisUpdate: new Date(now - 1_000) });
    await expect(
      new AddCertificateList(service.dataSource, service.changes, lists, clock).execute({ sha256, content, actor }),
    ).rejects.toMatchObject({ message: expect.stringContaining('lacks cRLSign') as unknown });
  });
});

describe('CRLs that are fetched on a schedule', () => {
  it('are fetched when they are due and not before, by one of several processes', async () => {
    const root = await rootWithList();
    expect(await fetching().run()).toBe(0);
    laterBy(1.2 * hour);
    const counts = await Promise.all([fetching().run(), fetching().run(), fetching().run()]);
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(1);
    expect(requests).toEqual([{ path: root.path, etag: '"first"' }]);
    expect(await fetching().run()).toBe(0);
  });

  it('are in the state record of the root when they have changed, and told of in an event', async () => {
    const root = await rootWithList();
    const before = await root.record();
    const events = service.events('trusted-root.updated').length;
    laterBy(1.2 * hour);
    await root.serve({ revoked: ['40'] });
    await fetching().run();
    const after = await root.record();
    expect(after?.lists).toHaveLength(1);
    expect(after?.lists[0]?.sha256).not.toBe(before?.lists[0]?.sha256);
    expect((await root.view())?.lists[0]).toMatchObject({ entries: 1, source: urlOf(root.path) });
    expect(service.events('trusted-root.updated')).toHaveLength(events + 1);
  });

  it.each<[string, (root: Awaited<ReturnType<typeof rootWithList>>) => Promise<unknown> | void, string]>([
    ['that cannot be fetched', ({ path }) => void served.delete(path), 'answered 404'],
    ['signed by somebody else', ({ serve }) => serve({ signedWith: testKey() }), 'was not signed'],
    ['older than the one in force', ({ serve }) => serve({ thisUpdate: new Date(now - 48 * hour) }), 'older than'],
    ['that has ended', ({ serve }) => serve({ nextUpdate: new Date(now - 1) }), 'should have been replaced'],
    [
      'that is longer than allowed',
      ({ path }) => void served.set(path, { content: new Uint8Array(100_001) }),
      'longer than 100000 octets',
    ],
  ])(
    'leave the last good one in force when there is one %s, say so, and are tried again soon',
    async (_what, change, problem) => {
      const root = await rootWithList();
      const before = await root.record();
      laterBy(1.2 * hour);
      await change(root);
      expect(await fetching().run()).toBe(1);
      expect(await root.record()).toEqual(before);
      expect((await root.view())?.crls[0]?.lastError).toContain(problem);
      laterBy(120_000);
      await root.serve({ thisUpdate: new Date(now - 500) });
      expect(await fetching().run()).toBe(1);
      expect((await root.view())?.crls[0]?.lastError).toBeUndefined();
      expect(await root.record()).not.toEqual(before);
    },
  );

  it('go with the policy that named them', async () => {
    const root = await rootWithList();
    await configure().execute({ sha256: root.sha256, policy: { failure: 'soft' }, actor });
    expect((await root.record())?.lists).toEqual([]);
    laterBy(1.2 * hour);
    await fetching().run();
    expect(requests.filter(({ path }) => path === root.path)).toEqual([]);
  });

  it('are in the object store when they are long, put there again after a loss, and removed when nothing needs them', async () => {
    const root = await rootWithList();
    laterBy(1.2 * hour);
    await root.serve({
      revoked: Array.from({ length: 450 }, (_, index) => `40${index.toString(16).padStart(30, '0')}`),
    });
    await fetching().run();
    const [list] = (await root.record())?.lists ?? [];
    expect(list?.der).toBeUndefined();
    expect(Buffer.from(await store.get(list?.sha256 ?? ''))).toEqual(Buffer.from(served.get(root.path)?.content ?? ''));
    await store.prune(new Set(), Date.now() + hour);
    expect(await store.has(list?.sha256 ?? '')).toBe(false);
    await lists.keepStore();
    expect(await store.has(list?.sha256 ?? '')).toBe(true);
    await configure().execute({ sha256: root.sha256, actor });
    laterBy(hour);
    await lists.keepStore();
    expect(await store.has(list?.sha256 ?? '')).toBe(false);
  });
});
