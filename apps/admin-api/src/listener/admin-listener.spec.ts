import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { SluiceError } from '@sluice/domain';
import { TemporaryFolder, TestAuthority, until, visit, type TestCertificate, type VisitOptions } from '@sluice/testing';
import { spawn } from 'node:child_process';
import { createHash, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { Agent, request } from 'node:https';
import type { IncomingMessage } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { join } from 'node:path';
import { settings } from '../config.js';
import { HttpAppUnderTest } from '../testing/http-app-under-test.js';
import { strictTransportSecurity } from './admin-listener.js';

const folder = new TemporaryFolder('admin-listener');
const files = { certificate: join(folder.path, 'server.pem'), key: join(folder.path, 'server.key') };
const tls = { ADMIN_TLS_CERTIFICATE_FILE: files.certificate, ADMIN_TLS_KEY_FILE: files.key };
let serverRoot: TestAuthority;
let identity: TestCertificate;
let issuing: TestAuthority;
let caller: TestCertificate;

function put({ chainPem, key }: TestCertificate): void {
  writeFileSync(files.certificate, chainPem);
  writeFileSync(files.key, key.pem);
}

const issueIdentity = () =>
  serverRoot.leaf({
    subject: 'CN=localhost',
    extendedKeyUsage: ['serverAuth'],
    subjectAltNames: ['localhost', '127.0.0.1', 'admin.example'],
  });

beforeAll(async () => {
  serverRoot = await TestAuthority.root({ subject: 'CN=Server Root' });
  identity = await issueIdentity();
  const root = await TestAuthority.root({ subject: 'CN=Robots Root' });
  issuing = await root.intermediate({ subject: 'CN=Robots Issuing' });
  caller = await issuing.leaf({ subject: 'CN=robot' });
});
beforeEach(() => put(identity));
afterAll(() => folder.remove());

const started: HttpAppUnderTest[] = [];
async function listening(environment: Readonly<Record<string, string>> = tls) {
  const http = new HttpAppUnderTest();
  await http.start(environment);
  started.push(http);
  http.answer = { userRole: { name: 'A' }, propagation: 'published' };
  await http.app.listen(0, '127.0.0.1');
  const { port } = http.app.getHttpServer().address() as AddressInfo;
  return { http, port, url: `https://localhost:${port}` };
}
afterEach(async () => {
  for (const http of started.splice(0)) await http.stop();
});

const token = 'authorization: Bearer slu_token';
const cookie = `cookie: sluice-session=${'x'.repeat(43)}`;
const json = 'content-type: application/json';
const sameOrigin = 'sec-fetch-site: same-origin';
/** One call that makes a user role; by POST, as all visits are. */
const call = (url: string, { headers = [token], body = '{"name":"A"}', ...options }: Partial<VisitOptions> = {}) =>
  visit({
    url,
    trusts: serverRoot.pem,
    path: '/v1/user-roles',
    headers: headers.some((line) => line.startsWith('content-type')) ? headers : [json, ...headers],
    body,
    ...options,
  });

describe('the admin API over TLS', () => {
  it.each(['TLSv1.2', 'TLSv1.3'] as const)(
    'is spoken with by %s, whatever server name is asked for',
    async (version) => {
      const { url } = await listening();
      for (const serverName of ['localhost', 'admin.example', null])
        expect((await call(url, { version, serverName, host: serverName ?? 'localhost' })).status).toBe(201);
    },
  );

  it('refuses TLS 1.1, by openssl', async () => {
    const { port } = await listening();
    const asked = async (...version: string[]) => {
      const child = spawn('openssl', [
        's_client',
        '-connect',
        `127.0.0.1:${port}`,
        '-servername',
        'localhost',
        ...version,
        '-cipher',
        'DEFAULT@SECLEVEL=0',
      ]);
      child.stdin.end();
      let said = '';
      child.stdout.setEncoding('utf8').on('data', (chunk: string) => (said += chunk));
      child.stderr.setEncoding('utf8').on('data', (chunk: string) => (said += chunk));
      await once(child, 'close');
      return said;
    };
    expect(await asked('-tls1_1')).toMatch(/alert protocol version|no protocols available/);
    expect(await asked('-tls1_2')).toMatch(/Cipher is ECDHE-(ECDSA|RSA)-AES128-GCM-SHA256/);
  });

  it('answers 421 to a request for another host than the connection was made to', async () => {
    const { url } = await listening();
    const answer = await call(url, { serverName: 'other.example', host: 'localhost' });
    expect([answer.status, JSON.parse(answer.text)]).toEqual([421, expect.objectContaining({ code: 'misdirected' })]);
  });

  it('ends a connection whose handshake does not come to its end', async () => {
    const { port } = await listening({ ...tls, ADMIN_HANDSHAKE_TIMEOUT_MS: '150' });
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => undefined);
    socket.write(Buffer.from([0x16, 0x03, 0x01]));
    await once(socket, 'close');
  });

  it('shows a certificate whose files were replaced, and keeps the connections that are open', async () => {
    const { url, port } = await listening();
    const agent = new Agent({ ca: serverRoot.pem, keepAlive: true, maxSockets: 1 });
    const overOpenConnection = async () => {
      const outgoing = request({ port, host: 'localhost', path: '/livez', agent });
      outgoing.end();
      const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
      response.resume();
      await once(response, 'end');
      return [outgoing.reusedSocket, response.statusCode];
    };
    expect(await overOpenConnection()).toEqual([false, 200]);
    const renewed = await issueIdentity();
    put(renewed);
    await until(async () => (await call(url)).serverCertificate === renewed.sha256, { what: 'the new certificate' });
    expect(await overOpenConnection()).toEqual([true, 200]);
    agent.destroy();
  });

  it('keeps the certificate it has when the files cannot be used, and says so once', async () => {
    const { http, url } = await listening();
    writeFileSync(files.key, (await issueIdentity()).key.pem);
    await until(() => http.faults.length > 0, { what: 'the complaint' });
    expect(String(http.faults[0])).toContain('is not that of the certificate');
    expect((await call(url)).serverCertificate).toBe(identity.sha256);
  });

  it('does not start with a certificate that has ended, or without the key of it', async () => {
    const ended = await serverRoot.leaf({ subject: 'CN=localhost', notAfter: new Date(Date.now() - 1_000) });
    put(ended);
    await expect(new HttpAppUnderTest().start(tls)).rejects.toThrow(/ended at/);
  });

  it('gives the cookie of a session to be sent by TLS alone', async () => {
    const { http, url } = await listening();
    http.answer = { session: { name: 'anna', roles: [], expiresAt: '2030-01-01T00:00:00.000Z' } };
    const signIn = { path: '/v1/sessions', body: '{"token":"slu_token"}' };
    const { status, head } = await call(url, {
      ...signIn,
      headers: ['content-type: application/json', 'sec-fetch-site: same-origin'],
    });
    expect([status, head]).toEqual([201, expect.stringMatching(/set-cookie: [^\r]*; Secure/i)]);
  });

  it('asks nobody for a certificate unless it is set', async () => {
    const [off, optional] = [await listening(), await listening({ ...tls, ADMIN_CLIENT_CERTIFICATES: 'optional' })];
    const shown = { certificate: caller.chainPem, key: caller.key.pem, headers: [] };
    expect((await call(off.url, shown)).status).toBe(401);
    expect(off.http.authenticated).toEqual([]);
    expect((await call(optional.url, shown)).status).toBe(201);
    expect((await call(optional.url)).status).toBe(201);
  });
});

describe('a caller with a certificate', () => {
  const base64 = (der: Uint8Array) => Buffer.from(der).toString('base64');
  const shown = () => ({ certificate: caller.chainPem, key: caller.key.pem });
  const asked = () => ({
    certificate: { leaf: base64(new X509Certificate(caller.chainPem).raw), chain: expect.any(Array) as unknown },
    heedsRoles: true,
  });
  const open = () => listening({ ...tls, ADMIN_CLIENT_CERTIFICATES: 'optional' });

  it('is known by it where nothing else says who calls, on each request and also when the session is resumed', async () => {
    const { http, url } = await open();
    const first = await call(url, { ...shown(), headers: [] });
    const second = await call(url, { ...shown(), headers: [], session: first.session });
    expect([first.status, second.status, second.resumed]).toEqual([201, 201, true]);
    expect(http.authenticated).toEqual([asked(), asked()]);
    const [{ certificate }] = http.authenticated as [{ certificate: { chain: string[] } }];
    expect(certificate.chain).toHaveLength(2);
    expect(http.authenticated[1]).toEqual(http.authenticated[0]);
  });

  it('is not known by it beside a token or a cookie: what is shown there decides, and is not made up for', async () => {
    const { http, url } = await open();
    await call(url, { ...shown(), headers: [token] });
    await call(url, { ...shown(), headers: ['authorization: Bearer a.b.c'] });
    await call(url, { ...shown(), headers: [sameOrigin, cookie] });
    expect(http.authenticated).toEqual([
      { tokenSha256: createHash('sha256').update('slu_token').digest('hex'), heedsRoles: true },
      { ...asked(), accessToken: 'a.b.c' },
      { sessionSha256: expect.any(String) as unknown, heedsRoles: true },
    ]);
    http.authenticated.length = 0;
    http.refusal = () => new SluiceError('unauthenticated', 'Not known.');
    for (const header of [token, 'authorization: Bearer a.b.c', cookie, 'authorization: Basic eA=='])
      expect((await call(url, { ...shown(), headers: [sameOrigin, header] })).status).toBe(401);
  });

  it('changes nothing at the wish of another site’s page: a browser sends certificates as it does cookies', async () => {
    const { url } = await open();
    const post = async (...more: string[]) =>
      (await call(url, { ...shown(), headers: ['content-type: application/json', ...more], body: '{"name":"A"}' }))
        .status;
    expect(await post()).toBe(201);
    expect(await post('sec-fetch-site: same-origin')).toBe(201);
    expect(await post('sec-fetch-site: cross-site')).toBe(403);
    expect(await post('origin: https://evil.example')).toBe(403);
  });

  it('has to wait after wrong ones, as with tokens', async () => {
    const { http, url } = await open();
    http.refusal = () => new SluiceError('unauthenticated', 'Not known.');
    const statuses = new Set<number>();
    for (let attempt = 0; attempt < 12; attempt++) statuses.add((await call(url, { ...shown(), headers: [] })).status);
    expect([...statuses]).toEqual([401, 429]);
  });

  it('is told to leave the Idempotency-Key out where the answer would be sealed under its token', async () => {
    const { url } = await open();
    const made = await call(url, {
      ...shown(),
      path: '/v1/admin-tokens',
      headers: ['content-type: application/json', 'idempotency-key: k1'],
      body: '{"name":"x"}',
    });
    expect([made.status, JSON.parse(made.text)]).toEqual([400, expect.objectContaining({ code: 'invalid-argument' })]);
  });

  it('has the token it asks for by its secret bound to the certificate', async () => {
    const { http, url } = await open();
    http.answer = { outcome: 'issued', accessToken: 'a.b.c', expiresIn: 60, scope: '' };
    const form = { path: '/oauth/token', body: 'grant_type=client_credentials&client_id=k&client_secret=s' };
    const headers = ['content-type: application/x-www-form-urlencoded'];
    expect((await call(url, { ...shown(), ...form, headers })).status).toBe(200);
    expect((await call(url, { ...form, headers })).status).toBe(200);
    expect(http.asked.map(({ request: sent }) => sent['boundTo'])).toEqual([caller.sha256, undefined]);
  });
});

describe('plain HTTP', () => {
  const required = { NATS_URL: 'nats://127.0.0.1:1', NATS_SEED_FILE: 'seed', NATS_CA_FILE: 'ca.pem', ADMIN_PORT: '0' };
  const faults = (environment: Readonly<Record<string, string>>) =>
    settings['admin-api'].safeParse({ ...required, ...environment }).error?.issues.map(({ path }) => path.join('.')) ??
    [];

  it.each(['0.0.0.0', '::', '192.0.2.1', '::ffff:192.0.2.1', 'admin.example', 'localhost.example'])(
    'is not spoken at %s: it is said what to set',
    (host) => {
      expect(faults({ ADMIN_HOST: host })).toEqual(['ADMIN_HOST']);
      expect(faults({ ADMIN_HOST: host, ...tls })).toEqual([]);
      expect(
        faults({ ADMIN_HOST: host, ADMIN_PLAIN_HTTP: 'behind-proxy', ADMIN_TRUSTED_PROXIES: '192.0.2.9' }),
      ).toEqual([]);
    },
  );

  it.each(['127.0.0.1', '127.8.0.1', '::1', 'localhost', 'LOCALHOST'])('is spoken at %s', (host) =>
    expect(faults({ ADMIN_HOST: host })).toEqual([]),
  );

  it.each([
    ['one of the two files', { ADMIN_TLS_KEY_FILE: files.key }, 'ADMIN_TLS_CERTIFICATE_FILE'],
    ['no proxy that is named', { ADMIN_PLAIN_HTTP: 'behind-proxy' }, 'ADMIN_PLAIN_HTTP'],
    [
      'TLS in both places',
      { ...tls, ADMIN_PLAIN_HTTP: 'behind-proxy', ADMIN_TRUSTED_PROXIES: '192.0.2.9' },
      'ADMIN_PLAIN_HTTP',
    ],
    ['certificates without TLS', { ADMIN_CLIENT_CERTIFICATES: 'optional' }, 'ADMIN_CLIENT_CERTIFICATES'],
  ])('is no setting with %s', (_what, environment, name) => expect(faults(environment)).toEqual([name]));

  it('is spoken with this machine and the proxies that are named, and with nobody else', async () => {
    const http = new HttpAppUnderTest();
    await http.start({ ADMIN_PLAIN_HTTP: 'behind-proxy', ADMIN_TRUSTED_PROXIES: '192.0.2.9,2001:db8::/32' });
    started.push(http);
    const server = http.app.getHttpServer() as unknown as {
      listeners(name: 'connection'): ((socket: Socket) => void)[];
    };
    const admitted = (remoteAddress: string) => {
      let ended = false;
      // The first to be asked; who comes after it would need a real connection.
      server.listeners('connection')[0]?.({ remoteAddress, destroy: () => void (ended = true) } as unknown as Socket);
      return !ended;
    };
    expect(
      ['192.0.2.9', '::ffff:192.0.2.9', '2001:db8::1', '127.0.0.1', '::ffff:127.0.0.1', '::1'].map(admitted),
    ).toEqual(Array(6).fill(true));
    expect(['192.0.2.8', '2001:db9::1', ''].map(admitted)).toEqual([false, false, false]);
  });

  it('behind a proxy that ends TLS has cookies that are sent by TLS alone, whatever the proxy says', async () => {
    const http = new HttpAppUnderTest();
    await http.start({ ADMIN_PLAIN_HTTP: 'behind-proxy', ADMIN_TRUSTED_PROXIES: '127.0.0.1' });
    started.push(http);
    http.answer = { session: { name: 'anna', roles: [], expiresAt: '2030-01-01T00:00:00.000Z' } };
    const headers = { 'sec-fetch-site': 'same-origin', 'x-forwarded-proto': 'http' };
    const answer = await http.call('POST', '/v1/sessions', '{"token":"slu_token"}', 'application/json', headers);
    expect(String(answer.headers['set-cookie'])).toContain('; Secure');
  });
});

describe('Strict-Transport-Security', () => {
  const made = (servername: string) => ({ servername }) as unknown as Socket;
  it.each([
    ['admin.example', 'admin.example', true],
    ['admin.example', 'admin.example:8080', false],
    ['localhost', 'localhost', false],
    ['a.localhost', 'a.localhost', false],
    ['', '192.0.2.1', false],
    ['', '[::1]', false],
  ])('where the connection is to "%s" and the host %s: %s', (name, host, sent) =>
    expect(strictTransportSecurity(made(name), host) !== undefined).toBe(sent),
  );

  it('is in the answer of a host that has all its ports by TLS', async () => {
    const { url } = await listening();
    expect((await call(url, { serverName: 'admin.example' })).head).toMatch(
      /strict-transport-security: max-age=31536000/i,
    );
    expect((await call(url)).head).not.toMatch(/strict-transport-security/i);
  });
});
