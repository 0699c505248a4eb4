import { afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { issueFlowToken, type TokenKeyRecord } from '@sluice/contracts';
import { TestAuthority, visit, type TestCertificate } from '@sluice/testing';
import { createLocalJWKSet, jwtVerify, SignJWT } from 'jose';
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { connect } from 'node:tls';
import * as oauth from 'oauth4webapi';
import { Agent, fetch as undiciFetch } from 'undici';
import { ServedFlow } from '../front-door/testing/served-flow.js';
import { SimulatedAccess } from '../front-door/testing/simulated-access.js';
import { readForm } from '@sluice/oauth';

let root: TestAuthority;
let server: TestCertificate;
let sender: TestCertificate;
let access: SimulatedAccess;
let flow: ServedFlow;
let issuer: string;
let signing: KeyObject;
let tokenKeys: TokenKeyRecord[];
const endings: (() => Promise<unknown> | void)[] = [];

beforeAll(async () => {
  root = await TestAuthority.root({ subject: 'CN=Root' });
  server = await root.leaf({
    subject: 'CN=localhost',
    extendedKeyUsage: ['serverAuth'],
    subjectAltNames: ['localhost'],
  });
  sender = await root.leaf({ subject: 'CN=shop' });
});

beforeEach(async () => {
  access = new SimulatedAccess();
  access.certificates.add(sender.sha256);
  const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  signing = pair.privateKey;
  const record = {
    key: 'token-key.one',
    version: 1,
    deleted: false,
    kid: 'one',
    publicKey: pair.publicKey.export({ type: 'spki', format: 'der' }).toString('base64'),
    issuer: 'https://localhost',
    status: 'active',
  } as const;
  const next = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey;
  const prepared = { ...record, publicKey: next.export({ type: 'spki', format: 'der' }).toString('base64') };
  tokenKeys = [
    record,
    { ...prepared, kid: 'two', status: 'prepared' },
    { ...prepared, kid: 'old', status: 'retiring', endsAtMs: 1 },
  ];
  flow = await ServedFlow.start({
    flow: 'name: f\nsender: {adapter: HTTPS, address: /o}\nsteps: []\n',
    root: { pem: root.certificate.pem },
    server,
    sender: { chainPem: sender.chainPem, key: sender.key, sha256: 'of nobody' },
    answer: access.answer,
    tokenKeys,
  });
  endings.push(() => flow[Symbol.asyncDispose]());
  issuer = `https://localhost:${flow.port}`;
  for (const each of tokenKeys) each.issuer = issuer;
});
afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end();
});

/** How programs of others reach the end points, with a certificate or without. */
function through(certificate?: TestCertificate) {
  const dispatcher = new Agent({
    connect: {
      ca: root.certificate.pem,
      ...(certificate ? { cert: certificate.chainPem, key: certificate.key.pem } : {}),
    },
  });
  endings.push(() => dispatcher.close());
  const fetched = (url: string, options: object) => undiciFetch(url, { ...options, dispatcher } as never);
  return { [oauth.customFetch]: fetched as never };
}

async function discover(): Promise<oauth.AuthorizationServer> {
  const url = new URL(issuer);
  const response = await oauth.discoveryRequest(url, { algorithm: 'oauth2', ...through() });
  return oauth.processDiscoveryResponse(url, response);
}

const post = (path: string, body: string, headers: readonly string[] = [], as?: TestCertificate) =>
  visit({
    url: issuer,
    trusts: root.certificate.pem,
    path: `${path}`,
    certificate: as?.chainPem,
    key: as?.key.pem,
    headers: ['Content-Type: application/x-www-form-urlencoded', ...headers],
    body,
  });
const grant = 'grant_type=client_credentials';
const post_ = `${grant}&client_id=client&client_secret=right%20secret`;
const basic = (secret: string) => `Authorization: Basic ${Buffer.from(secret).toString('base64')}`;
const errorOf = (text: string) => (JSON.parse(text) as { error?: string }).error;
const sign = () =>
  new SignJWT({ client_id: 'client', scope: 'ESBMessaging.send' })
    .setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', kid: 'one' })
    .setIssuer(issuer)
    .setAudience('urn:sluice:flows')
    .setSubject('k')
    .setJti('j')
    .setIssuedAt()
    .setExpirationTime('10m')
    .sign(signing);

describe('by the program of somebody else (oauth4webapi, jose)', () => {
  it.each(['ClientSecretBasic', 'ClientSecretPost'] as const)('a client gets a token with %s', async (method) => {
    const as = await discover();
    const client = { client_id: 'client' };
    const response = await oauth.clientCredentialsGrantRequest(
      as,
      client,
      oauth[method]('right secret'),
      { scope: 'ESBMessaging.send' },
      through(),
    );
    expect(await oauth.processClientCredentialsResponse(as, client, response)).toMatchObject({
      access_token: 'issued-token',
      token_type: 'bearer',
      expires_in: 600,
      scope: 'ESBMessaging.send',
    });
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(flow.counted).toEqual(['token granted']);
  });

  it('a client gets one by its certificate, to which it is bound, and beside a secret as well', async () => {
    const as = await discover();
    const client = { client_id: 'client' };
    for (const method of [oauth.TlsClientAuth(), oauth.ClientSecretPost('right secret')]) {
      const response = await oauth.clientCredentialsGrantRequest(as, client, method, {}, through(sender));
      await oauth.processClientCredentialsResponse(as, client, response);
    }
    const issued = access.asked.filter(({ contract }) => contract === issueFlowToken).map(({ request }) => request);
    expect(issued).toMatchObject([
      {
        client: { by: 'certificate', clientId: 'client', serviceKeyId: 'k', serviceInstanceId: 'i' },
        boundTo: sender.sha256,
      },
      { client: { by: 'secret' }, boundTo: sender.sha256 },
    ]);
  });

  it('a resource server verifies it by the key set, in which the next key is and one that ended is not', async () => {
    const response = await undiciFetch(`${issuer}/oauth/jwks`, {
      dispatcher: new Agent({ connect: { ca: root.certificate.pem } }),
    });
    expect(response.headers.get('cache-control')).toBe('public, max-age=60');
    const jwks = (await response.json()) as Parameters<typeof createLocalJWKSet>[0];
    expect(jwks.keys.map(({ kid, alg, d }) => [kid, alg, d])).toEqual([
      ['one', 'ES256', undefined],
      ['two', 'ES256', undefined],
    ]);
    const { payload } = await jwtVerify(await sign(), createLocalJWKSet(jwks), { typ: 'at+jwt', issuer });
    expect(payload.client_id).toBe('client');
  });

  it('a resource server asks about it, and is told its binding; a client revokes it', async () => {
    const as = await discover();
    const client = { client_id: 'client' };
    const token = await sign();
    access.tokens.set(token, { boundTo: sender.sha256 });
    const asks = async (about: string) =>
      oauth.processIntrospectionResponse(
        as,
        client,
        await oauth.introspectionRequest(as, client, oauth.ClientSecretBasic('right secret'), about, through()),
      );
    expect(await asks(token)).toMatchObject({
      active: true,
      client_id: 'client',
      scope: 'ESBMessaging.send',
      jti: 'j',
    });
    expect(await asks('another')).toEqual({ active: false });
    expect(await asks('A'.repeat(9_000))).toEqual({ active: false });
    const revocation = await oauth.revocationRequest(as, client, oauth.TlsClientAuth(), token, through(sender));
    expect(await oauth.processRevocationResponse(revocation)).toBeUndefined();
    expect(access.revoked).toEqual([token]);
  });

  it('a client is told what is wrong with it', async () => {
    const as = await discover();
    const client = { client_id: 'client' };
    const response = await oauth.clientCredentialsGrantRequest(
      as,
      client,
      oauth.ClientSecretBasic('wrong'),
      {},
      through(),
    );
    await expect(oauth.processClientCredentialsResponse(as, client, response)).rejects.toBeInstanceOf(
      oauth.WWWAuthenticateChallengeError,
    );
  });
});

describe('attack 46: a request for a token', () => {
  it.each<[string, string, number, string, readonly string[]]>([
    ['without grant_type', 'client_id=client&client_secret=x', 400, 'invalid_request', []],
    ['of another grant', 'grant_type=password&client_id=client&client_secret=x', 400, 'unsupported_grant_type', []],
    ['with a parameter twice', `${post_}&client_id=other`, 400, 'invalid_request', []],
    ['with an empty one twice', `${post_}&scope=&scope=`, 400, 'invalid_request', []],
    ['with secrets in header and body', post_, 400, 'invalid_request', [basic('client:right secret')]],
    ['for two clients', `${grant}&client_id=other`, 400, 'invalid_request', [basic('client:right+secret')]],
    ['with a secret of nobody', `${grant}&client_secret=x`, 400, 'invalid_request', []],
    ['without a client', grant, 401, 'invalid_client', []],
    ['with an id alone', `${grant}&client_id=client`, 401, 'invalid_client', []],
    ['by assertion', `${grant}&client_assertion=x`, 401, 'invalid_client', []],
    ['by a token', grant, 401, 'invalid_client', ['Authorization: Bearer x']],
    ['with the wrong secret', grant, 401, 'invalid_client', [basic('client:wrong')]],
    ['with a header that is none', grant, 401, 'invalid_client', ['Authorization: Basic %%%']],
    ['for a role it has not', `${post_}&scope=Other`, 400, 'invalid_scope', []],
    ['that is not percent-encoded', `${grant}&client_id=%zz`, 400, 'invalid_request', []],
    ['that is too large', `${post_}&x=${'x'.repeat(16 * 1024)}`, 413, 'invalid_request', []],
  ])('%s is refused in the words of RFC 6749', async (_what, body, status, error, headers) => {
    const answer = await post('/oauth/token', body, headers);
    expect([answer.status, errorOf(answer.text)]).toEqual([status, error]);
    expect(answer.head).toMatch(/cache-control: no-store/i);
    if (status === 401) expect(answer.head).toMatch(/www-authenticate: Basic realm/i);
    expect(flow.counted).toEqual([`token ${error}`]);
    expect(JSON.stringify(flow.recorded)).not.toMatch(/right|wrong/);
    expect(flow.recorded).toMatchObject([{ reason: error, status, path: '/oauth/token' }]);
  });

  it('is taken with a form-encoded header, as the RFC writes it', async () => {
    expect((await post('/oauth/token', grant, [basic('client:right+secret')])).status).toBe(200);
    expect((await post('/oauth/token', grant, [basic('client:right%20secret')])).status).toBe(200);
  });

  it('in the query, by GET, or as something else than a form is refused before anybody is asked', async () => {
    const other = ['Content-Type: application/json'];
    const visited = (path: string, headers: readonly string[]) =>
      visit({ url: issuer, trusts: root.certificate.pem, path, headers, body: '{}' });
    expect((await post(`/oauth/token?${post_}`, grant)).status).toBe(400);
    expect((await visited('/oauth/token', other)).status).toBe(400);
    const got = await undiciFetch(`${issuer}/oauth/token`, {
      dispatcher: new Agent({ connect: { ca: root.certificate.pem } }),
    });
    expect([got.status, got.headers.get('allow')]).toEqual([405, 'POST']);
    expect((await post('/oauth/jwks', '')).status).toBe(405);
    expect(access.asked).toEqual([]);
  });

  it('by a certificate that no key holds is refused, and not told why', async () => {
    access.certificates.clear();
    const answer = await post('/oauth/token', `${grant}&client_id=client`, [], sender);
    expect([answer.status, errorOf(answer.text)]).toEqual([401, 'invalid_client']);
    expect(answer.text).not.toMatch(/service key|chain/);
  });

  it('by a certificate is judged anew when the records change that it rests on', async () => {
    expect((await post('/oauth/token', grant, [], sender)).status).toBe(200);
    access.certificates.clear();
    expect((await post('/oauth/token', grant, [], sender)).status).toBe(200);
    flow.decideCall.changed(`credential.${sender.sha256}`, 1);
    expect((await post('/oauth/token', grant, [], sender)).status).toBe(401);
  });

  it('waits after too many wrong secrets, and comes again when it cannot be decided', async () => {
    access.delayed = true;
    const delayed = await post('/oauth/token', post_);
    expect([delayed.status, /retry-after: 7/i.test(delayed.head)]).toEqual([429, true]);
    const introspection = await post('/oauth/introspect', 'token=x&client_id=client&client_secret=y');
    expect(introspection.status).toBe(429);
    access.away = true;
    const away = await post('/oauth/token', post_);
    expect([away.status, errorOf(away.text), /retry-after: 1/i.test(away.head)]).toEqual([
      503,
      'temporarily_unavailable',
      true,
    ]);
    expect(flow.recorded.at(-1)?.outcome).toBe('undecided');
  });

  it('whose body does not come holds its place for a while, and one sender does not hold them all, by however many certificates', async () => {
    expect((await post('/oauth/token', grant, [], sender)).status).toBe(200);
    const strangers = await TestAuthority.root({ subject: 'CN=Of a stranger' });
    const own = await Promise.all(Array.from({ length: 8 }, (_, index) => strangers.leaf({ subject: `CN=${index}` })));
    const held = own.map(({ pem: cert, key: { pem: key } }) => {
      const tls = { ca: root.certificate.pem, cert, key };
      const socket = connect({ host: 'localhost', port: flow.port, servername: 'localhost', ...tls });
      endings.push(() => void socket.destroy());
      socket.write(
        'POST /oauth/token HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 9\r\n\r\n',
      );
      return new Promise<string>((resolve) => socket.once('data', (data) => resolve(data.toString())));
    });
    // Refused at once: the last place is kept for others.
    expect((await Promise.race(held)).slice(9, 12)).toBe('503');
    expect((await post('/oauth/token', grant, [], sender)).status).toBe(200);
    const statuses = (await Promise.all(held)).map((head) => head.slice(9, 12));
    expect(statuses.filter((status) => status === '408')).toHaveLength(7);
    // Their places are free again.
    expect((await post('/oauth/token', post_)).status).toBe(200);
  });
});

describe('introspection and revocation', () => {
  it('are for clients alone, and need a token', async () => {
    for (const path of ['/oauth/introspect', '/oauth/revoke']) {
      expect((await post(path, 'token=x')).status).toBe(401);
      expect((await post(path, 'token=x&client_id=client&client_secret=wrong')).status).toBe(401);
      expect((await post(path, 'client_id=client&client_secret=right+secret')).status).toBe(400);
    }
    access.secretStatus = 'revoked';
    expect((await post('/oauth/introspect', 'token=x&client_id=client&client_secret=right+secret')).status).toBe(401);
    expect(access.revoked).toEqual([]);
  });
});

it('nothing is published while there is no key', async () => {
  tokenKeys.splice(0);
  const agent = new Agent({ connect: { ca: root.certificate.pem } });
  for (const path of ['/oauth/jwks', '/.well-known/oauth-authorization-server'])
    expect((await undiciFetch(`${issuer}${path}`, { dispatcher: agent })).status).toBe(503);
});

describe('a form', () => {
  const read = (text: string | Uint8Array) => {
    const form = readForm(typeof text === 'string' ? Buffer.from(text) : text);
    return 'error' in form ? form.error : Object.fromEntries(form);
  };

  it('is read as RFC 6749 says, and nothing else is one', () => {
    expect(read('a=b+c&d=%C3%A9&e=&f')).toEqual({ a: 'b c', d: 'é' });
    expect(read('')).toEqual({});
    expect(read('__proto__=x&constructor=y')).toMatchObject({ constructor: 'y' });
    for (const wrong of ['a=%', 'a=%C3', 'a=1&a=2', 'a&a', 'a=1&%61=2', Buffer.from([0x61, 0x3d, 0xff])])
      expect(read(wrong)).toBe('invalid_request');
  });
});
