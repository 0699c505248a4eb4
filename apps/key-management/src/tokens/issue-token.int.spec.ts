import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import {
  maxTokenLength,
  stateKey,
  tokenAudiences,
  type DecodedRequestOf,
  type issueFlowToken,
  type TokenAnswer,
} from '@sluice/contracts';
import { TestAuthority, TestNats, TestPostgres, until } from '@sluice/testing';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { createPublicKey, randomBytes, randomUUID, webcrypto } from 'node:crypto';
import { join } from 'node:path';
import { SecretUse } from '../client-secrets/secret-use.js';
import { ServiceInstancesController } from '../service-instances/service-instances.controller.js';
import { ServiceKeysController } from '../service-keys/service-keys.controller.js';
import { recordOf } from '../state/record-of.js';
import {
  busConfiguration,
  flowUrl,
  startKeyManagement,
  type KeyManagementFixture,
} from '../testing/key-management-fixture.js';
import { TokenKeysController } from '../token-keys/token-keys.controller.js';
import { ForgetRevokedTokens } from './forget-revoked-tokens.js';
import { maximumRevoked } from './revoke-token.js';
import { TokensController } from './tokens.controller.js';

const hour = 3_600_000;
const day = 24 * hour;
const started = Math.floor(Date.now() / 1_000) * 1_000;
let clock = started;
let postgres: TestPostgres;
let nats: TestNats;
let connection: NatsConnection;
let fixture: KeyManagementFixture;
let tokens: TokensController;
let keys: ServiceKeysController;
let instances: ServiceInstancesController;
let tokenKeys: TokenKeysController;
let lastAddress = 0;
const anna = { name: 'anna' };

beforeAll(async () => {
  [postgres, nats] = await Promise.all([
    TestPostgres.start(),
    TestNats.start({ configuration: ({ listen, folder }) => busConfiguration(listen, join(folder, 'jetstream')) }),
  ]);
  connection = await connect({ servers: nats.url });
  fixture = await startKeyManagement({ databaseUrl: await postgres.createDatabase(), connection, now: () => clock });
  tokens = fixture.get(TokensController);
  keys = fixture.get(ServiceKeysController);
  instances = fixture.get(ServiceInstancesController);
  tokenKeys = fixture.get(TokenKeysController);
}, 90_000);

afterAll(async () => {
  await fixture?.stop();
  await connection?.close();
  await Promise.all([nats?.stop(), postgres?.stop()]);
});

beforeEach(() => {
  clock = started;
});

const roles = ['Orders.send', 'Orders.read'];
const newInstance = async (
  parameters: Record<string, unknown> = {},
  plan: 'integration-flow' | 'api' = 'integration-flow',
) => {
  const { serviceInstance } = await instances.create({
    name: `i-${randomUUID()}`,
    plan,
    parameters: { roles, ...parameters } as never,
    actor: anna,
  });
  return serviceInstance.id;
};
const newKey = async (
  serviceInstanceId: string,
  parameters: Record<string, unknown> = { 'key-type': 'client_secret' },
) => (await fixture.createKey(serviceInstanceId, parameters, `k-${randomUUID().slice(0, 8)}`)).value;
const ofSecret = async (...given: Parameters<typeof newInstance>) => {
  const { key, secrets, credentials } = await newKey(await newInstance(...given));
  return {
    id: key.id,
    instance: key.serviceInstanceId,
    secretId: secrets[0]?.id ?? '',
    secret: credentials.clientsecret ?? '',
  };
};
const ofCertificate = async (parameters: Record<string, unknown> = {}) => {
  const { key, held } = await newKey(await newInstance(), {
    'key-type': 'certificate',
    'key-algorithm': 'P-256',
    ...parameters,
  });
  return { id: key.id, instance: key.serviceInstanceId, sha256: held[0]?.sha256 ?? '' };
};
/** From which no wrong secret came yet. */
const newAddress = () => `198.51.${Math.floor(++lastAddress / 250)}.${(lastAddress % 250) + 1}`;
type Request = DecodedRequestOf<typeof issueFlowToken>;
const bySecret = (clientId: string, secret: string, more: Partial<Request> = {}): Request => ({
  client: { by: 'secret', clientId, secret },
  address: newAddress(),
  ...more,
});
const byCertificate = (
  { id, instance, sha256 }: { id: string; instance: string; sha256: string },
  more: Partial<Request> & { clientId?: string } = {},
): Request => {
  const { clientId, ...rest } = more;
  return {
    client: {
      by: 'certificate',
      serviceKeyId: id,
      serviceInstanceId: instance,
      ...(clientId === undefined ? {} : { clientId }),
    },
    boundTo: sha256,
    address: newAddress(),
    ...rest,
  };
};
const issued = async (
  request: Request,
  issue: (request: Request) => Promise<TokenAnswer> = (given) => tokens.issueForFlows(given),
) => {
  const answer = await issue(request);
  if (answer.outcome !== 'issued') throw new Error(`It was not issued: ${JSON.stringify(answer)}`);
  return answer;
};
const part = (token: string, index: number) =>
  JSON.parse(Buffer.from(token.split('.')[index] ?? '', 'base64url').toString()) as Record<string, unknown>;
/** By another implementation than the one that signed. */
const isSignedBy = async (token: string, publicKeyPem: string) => {
  const jwk = createPublicKey(publicKeyPem).export({ format: 'jwk' });
  const key = await webcrypto.subtle.importKey('jwk', jwk, { name: 'ECDSA', namedCurve: 'P-256' }, false, ['verify']);
  const [header, payload, signature] = token.split('.');
  return webcrypto.subtle.verify(
    { name: 'ECDSA', hash: 'SHA-256' },
    key,
    Buffer.from(signature ?? '', 'base64url'),
    Buffer.from(`${header}.${payload}`),
  );
};
const invalidClient = {
  outcome: 'refused',
  error: 'invalid_client',
  description: 'The client is unknown, or did not prove that it is this client.',
};

describe('an access token', () => {
  it('is one of RFC 9068, says what it rests on, and is signed by the key that is published', async () => {
    const client = await ofSecret({ 'token-validity': 7_200 });
    const answer = await issued(bySecret(client.id, client.secret));
    const [active] = (await tokenKeys.list()).items;
    expect(part(answer.accessToken, 0)).toEqual({ typ: 'at+jwt', alg: 'ES256', kid: active?.kid });
    expect(part(answer.accessToken, 1)).toEqual({
      iss: flowUrl,
      aud: tokenAudiences.flows,
      sub: client.id,
      client_id: client.id,
      iat: started / 1_000,
      exp: started / 1_000 + 7_200,
      jti: expect.stringMatching(/^[\w-]{22}$/),
      scope: roles.join(' '),
      sluice: { service_key: client.id, service_instance: client.instance, secret: client.secretId },
    });
    expect(answer).toMatchObject({ expiresIn: 7_200, scope: roles.join(' ') });
    expect(await isSignedBy(answer.accessToken, active?.publicKey ?? '')).toBe(true);
    const again = await issued(bySecret(client.id, client.secret));
    expect(part(again.accessToken, 1)['jti']).not.toBe(part(answer.accessToken, 1)['jti']);
  });

  it('is bound to the certificate that was shown, whatever authenticated the client', async () => {
    const certificate = await ofCertificate();
    const secret = await ofSecret();
    const thumbprint = Buffer.from(certificate.sha256, 'hex').toString('base64url');
    const ofOne = part((await issued(byCertificate(certificate))).accessToken, 1);
    expect(ofOne).toMatchObject({ cnf: { 'x5t#S256': thumbprint }, client_id: certificate.id });
    expect(ofOne['sluice']).toEqual({ service_key: certificate.id, service_instance: certificate.instance });
    const bound = bySecret(secret.id, secret.secret, { boundTo: certificate.sha256 });
    expect(part((await issued(bound)).accessToken, 1)).toMatchObject({
      cnf: { 'x5t#S256': thumbprint },
      sluice: { secret: secret.secretId },
    });
  });

  it('is never without its certificate where that is what authenticated the client', async () => {
    const { boundTo: _left, ...unbound } = byCertificate(await ofCertificate());
    await expect(tokens.issueForFlows(unbound)).rejects.toMatchObject({ code: 'invalid-argument' });
  });

  it('ends with the secret or the certificate it rests on', async () => {
    const client = await ofSecret({ 'token-validity': 86_400 });
    await keys.rotate({ id: client.id, overlapSeconds: 600, actor: anna });
    expect((await issued(bySecret(client.id, client.secret))).expiresIn).toBe(600);
    clock = started + 601_000;
    expect(await tokens.issueForFlows(bySecret(client.id, client.secret))).toEqual(invalidClient);
    clock = started;
    const expiring = await newKey(await newInstance({ 'token-validity': 86_400 }), {
      'key-type': 'client_secret',
      validity: 1,
    });
    clock = started + day - 90_000;
    expect((await issued(bySecret(expiring.key.id, expiring.credentials.clientsecret ?? ''))).expiresIn).toBe(90);
    clock = started;
    const certificate = await ofCertificate();
    await keys.rotate({ id: certificate.id, overlapSeconds: 120, actor: anna });
    expect((await issued(byCertificate(certificate))).expiresIn).toBe(120);
    clock = started + 120_000;
    expect(await tokens.issueForFlows(byCertificate(certificate))).toEqual(invalidClient);
  });

  it('is for flows or for the admin API, as the plan of the instance says, and says where to ask', async () => {
    const forFlows = await ofSecret();
    const forApi = await ofSecret({ roles: ['API.invoke'] }, 'api');
    expect(await tokens.issueForAdminApi(bySecret(forFlows.id, forFlows.secret))).toMatchObject({
      error: 'unauthorized_client',
      description: expect.stringContaining('tokenurl'),
    });
    expect(await tokens.issueForFlows(bySecret(forApi.id, forApi.secret))).toMatchObject({
      error: 'unauthorized_client',
      description: expect.stringContaining('admin API'),
    });
    const { accessToken, expiresIn } = await issued(bySecret(forApi.id, forApi.secret), (request) =>
      tokens.issueForAdminApi(request),
    );
    expect(part(accessToken, 1)).toMatchObject({ aud: tokenAudiences.adminApi, scope: 'API.invoke' });
    expect(expiresIn).toBe(43_200);
  });

  it('needs the grant type client_credentials', async () => {
    const client = await ofSecret({ 'grant-types': ['password'] });
    expect(await tokens.issueForFlows(bySecret(client.id, client.secret))).toMatchObject({
      outcome: 'refused',
      error: 'unauthorized_client',
    });
  });

  it('is narrowed to the roles that are asked for, and never wider than the instance', async () => {
    const client = await ofSecret();
    const ask = (scope: string) => tokens.issueForFlows(bySecret(client.id, client.secret, { scope }));
    expect(await ask('Orders.read')).toMatchObject({ outcome: 'issued', scope: 'Orders.read' });
    expect(await ask('Orders.read Orders.send')).toMatchObject({ scope: 'Orders.send Orders.read' });
    for (const scope of [
      'Orders.delete',
      'Orders.read Orders.delete',
      '',
      ' ',
      'Orders.read  Orders.send',
      'orders.read',
    ])
      expect(await ask(scope)).toMatchObject({ outcome: 'refused', error: 'invalid_scope' });
  });

  it('attack 46: names a scope where all roles would make it too long', async () => {
    const many = Array.from({ length: 60 }, (_, index) => `Role.${index}.${'x'.repeat(200)}`);
    const client = await ofSecret({ roles: many });
    expect(await tokens.issueForFlows(bySecret(client.id, client.secret))).toMatchObject({
      error: 'invalid_scope',
      description: expect.stringContaining('scope'),
    });
    const { accessToken } = await issued(bySecret(client.id, client.secret, { scope: many.slice(0, 3).join(' ') }));
    expect(accessToken.length).toBeLessThanOrEqual(maxTokenLength);
  });

  it('is signed by the new key as soon as one was made active, by whichever process', async () => {
    const client = await ofSecret();
    await issued(bySecret(client.id, client.secret));
    const { tokenKey } = await tokenKeys.rotate({ immediately: true, actor: anna });
    const { accessToken } = await issued(bySecret(client.id, client.secret));
    expect(part(accessToken, 0)['kid']).toBe(tokenKey.kid);
    expect(await isSignedBy(accessToken, tokenKey.publicKey)).toBe(true);
  });
});

describe('who gets no token', () => {
  it('is answered alike, whether unknown, wrong, revoked or ended', async () => {
    const client = await ofSecret();
    const other = await ofSecret();
    const revoked = await ofSecret();
    await keys.revoke({ id: revoked.id, reason: 'superseded', actor: anna });
    const certificate = await ofCertificate();
    const wrong: Request[] = [
      bySecret(randomUUID(), client.secret),
      bySecret('no such client', 'x'),
      bySecret("'; DROP TABLE service_key; --", ''),
      bySecret(client.id, other.secret),
      bySecret(client.id, ''),
      bySecret(client.id, `${client.secret} `),
      bySecret(client.id.toUpperCase(), client.secret),
      bySecret(revoked.id, revoked.secret),
      bySecret(certificate.id, 'x'),
      byCertificate(certificate, { clientId: client.id }),
      byCertificate({ ...certificate, instance: client.instance }),
      byCertificate({ ...certificate, sha256: randomBytes(32).toString('hex') }),
      byCertificate({ ...certificate, id: client.id, instance: client.instance }),
    ];
    for (const request of wrong) expect(await tokens.issueForFlows(request)).toEqual(invalidClient);
    expect(await tokens.issueForFlows(byCertificate(certificate, { clientId: certificate.id }))).toMatchObject({
      outcome: 'issued',
    });
  });

  it('ends with the revocation of the secret, of the key and of the certificate, though the secret is remembered', async () => {
    const client = await ofSecret();
    await issued(bySecret(client.id, client.secret));
    const rotated = await keys.rotate({ id: client.id, overlapSeconds: 3_600, actor: anna });
    await issued(bySecret(client.id, client.secret));
    const second = rotated.serviceKey.credentials.clientsecret ?? '';
    await issued(bySecret(client.id, second));
    await keys.revokeOneSecret({ id: client.id, secretId: client.secretId, reason: 'keyCompromise', actor: anna });
    expect(await tokens.issueForFlows(bySecret(client.id, client.secret))).toEqual(invalidClient);
    await issued(bySecret(client.id, second));
    await keys.delete({ id: client.id, actor: anna });
    expect(await tokens.issueForFlows(bySecret(client.id, second))).toEqual(invalidClient);
    const certificate = await ofCertificate();
    await issued(byCertificate(certificate));
    await keys.revokeOneCertificate({
      id: certificate.id,
      sha256: certificate.sha256,
      reason: 'superseded',
      actor: anna,
    });
    expect(await tokens.issueForFlows(byCertificate(certificate))).toEqual(invalidClient);
  });

  it('is a renewed certificate of a pinned key; of a key that is not pinned it gets one', async () => {
    const root = await TestAuthority.root({ subject: 'CN=Partner Root' });
    const leaf = await root.leaf({ subject: 'CN=partner' });
    const { key } = await newKey(await newInstance(), {
      'key-type': 'certificate_external',
      'X.509': leaf.pem,
      'pin-certificate': false,
    });
    const renewed = { id: key.id, instance: key.serviceInstanceId, sha256: randomBytes(32).toString('hex') };
    expect(await tokens.issueForFlows(byCertificate(renewed))).toMatchObject({ outcome: 'issued' });
  });

  it('attack 46: waits longer and longer at its address, and keeps nobody from another address or with a known secret waiting', async () => {
    const client = await ofSecret();
    const stranger = newAddress();
    const guess = () => tokens.issueForFlows(bySecret(client.id, 'guess', { address: stranger }));
    const outcomes: string[] = [];
    for (let count = 0; count < 5; count++) outcomes.push((await guess()).outcome);
    expect(outcomes).toEqual(['refused', 'refused', 'refused', 'refused', 'delayed']);
    expect(await guess()).toEqual({ outcome: 'delayed', retryAfterSeconds: 1 });
    // The right one waits there as well, or it could be found; from elsewhere it does not, and then it is known.
    const right = bySecret(client.id, client.secret, { address: stranger });
    expect(await tokens.issueForFlows(right)).toMatchObject({ outcome: 'delayed' });
    await issued(bySecret(client.id, client.secret));
    await issued(right);
    expect(await tokens.authenticate({ clientId: client.id, secret: 'guess', address: stranger })).toMatchObject({
      outcome: 'delayed',
    });
    clock += 1_000;
    expect(await guess()).toMatchObject({ outcome: 'refused' });
    expect(await guess()).toEqual({ outcome: 'delayed', retryAfterSeconds: 2 });
  });

  it('attack 46: keeps nobody else out by asking at once from one address', async () => {
    const client = await ofSecret();
    const stranger = newAddress();
    const flood = Promise.all(
      Array.from({ length: 40 }, () => tokens.issueForFlows(bySecret(randomUUID(), 'x', { address: stranger }))),
    );
    const other = await tokens.issueForFlows(bySecret(client.id, client.secret));
    const outcomes = (await flood).map(({ outcome }) => outcome);
    expect(other.outcome).toBe('issued');
    expect(outcomes.filter((outcome) => outcome === 'refused').length).toBeLessThanOrEqual(3);
    expect(outcomes).toContain('delayed');
  });
});

describe('a secret that many processes of a client give at once', () => {
  it('is derived once for all of them, as it is new to this process', async () => {
    const client = await ofSecret();
    const answers = await Promise.all(
      Array.from({ length: 60 }, () => tokens.issueForFlows(bySecret(client.id, client.secret))),
    );
    expect(answers.map(({ outcome }) => outcome)).toEqual(answers.map(() => 'issued'));
  });
});

describe('a client that authenticates for something else', () => {
  it('is told by the id of its secret, whose use is kept', async () => {
    const client = await ofSecret({ 'grant-types': ['password'] });
    expect(await tokens.authenticate({ clientId: client.id, secret: client.secret, address: newAddress() })).toEqual({
      outcome: 'authenticated',
      secretId: client.secretId,
      serviceKeyId: client.id,
    });
    expect(await tokens.authenticate({ clientId: client.id, secret: 'x', address: newAddress() })).toEqual({
      outcome: 'refused',
    });
    await fixture.get(SecretUse).execute(clock);
    expect((await keys.get({ id: client.id })).secrets[0]?.lastUsedAt).toBe(new Date(started).toISOString());
  });
});

describe('a token that its client revokes', () => {
  const idOf = (token: string) => part(token, 1)['jti'] as string;
  const recordOfKey = async ({ id }: { id: string }) =>
    (await fixture.follower.fetch<'revoked-tokens'>(stateKey.revokedTokens(id))).record;
  const tokenOf = async ({ id, secret }: { id: string; secret: string }) =>
    (await issued(bySecret(id, secret))).accessToken;

  it('stands in the state stream until it has ended by itself, and is forgotten then', async () => {
    const client = await ofSecret();
    const token = await tokenOf(client);
    await tokens.revoke({ token, serviceKeyId: client.id });
    await tokens.revoke({ token, serviceKeyId: client.id });
    const record = await until(() => recordOfKey(client), { what: 'the record' });
    expect(record).toMatchObject({
      serviceKeyId: client.id,
      tokens: [{ id: idOf(token), expiresAtMs: started + hour }],
    });
    expect(await recordOf(fixture.dataSource, record?.key ?? '')).toEqual(record);
    const forget = fixture.get(ForgetRevokedTokens);
    await forget.execute(started + hour);
    expect(await recordOfKey(client)).toBeDefined();
    await Promise.all([forget.execute(started + 2 * hour), forget.execute(started + 2 * hour)]);
    await until(async () => (await recordOfKey(client)) === undefined, { what: 'the end of the record' });
    expect(await recordOf(fixture.dataSource, record?.key ?? '')).toBeUndefined();
  });

  it('leaves one record behind, however many its client revokes in its life', async () => {
    const client = await ofSecret();
    const forget = fixture.get(ForgetRevokedTokens);
    const early = await tokenOf(client);
    await tokens.revoke({ token: early, serviceKeyId: client.id });
    clock = started + hour / 2;
    const late = await tokenOf(client);
    await tokens.revoke({ token: late, serviceKeyId: client.id });
    await until(async () => (await recordOfKey(client))?.tokens.length === 2, { what: 'both' });
    await forget.execute(started + hour + hour / 4);
    await until(async () => (await recordOfKey(client))?.tokens.length === 1, { what: 'the end of the first' });
    expect((await recordOfKey(client))?.tokens).toEqual([{ id: idOf(late), expiresAtMs: started + hour + hour / 2 }]);
  });

  it('attack 46: is left as it is when it is somebody else’s, forged, over, or no token at all', async () => {
    const client = await ofSecret();
    const other = await ofSecret();
    const token = await tokenOf(client);
    const [header = '', payload = '', signature = ''] = token.split('.');
    const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const forged = [
      `${header}.${encode({ ...part(token, 1), jti: 'another' })}.${signature}`,
      `${encode({ typ: 'at+jwt', alg: 'none' })}.${payload}.`,
      `${encode({ ...part(token, 0), alg: 'HS256' })}.${payload}.${signature}`,
      `${encode({ ...part(token, 0), kid: "' OR 1=1 --" })}.${payload}.${signature}`,
      `${encode({ ...part(token, 0), kid: '../../etc' })}.${payload}.${signature}`,
      `${header}.${payload}`,
      `${token}.${signature}`,
      '..',
      '',
      'x'.repeat(maxTokenLength),
    ];
    for (const bad of forged) await tokens.revoke({ token: bad, serviceKeyId: client.id });
    await tokens.revoke({ token, serviceKeyId: other.id });
    clock = started + hour;
    await tokens.revoke({ token, serviceKeyId: client.id });
    const rows = await fixture.dataSource.query<unknown[]>(
      'SELECT FROM revoked_tokens WHERE service_key_id = ANY($1::uuid[])',
      [[client.id, other.id]],
    );
    expect(rows).toEqual([]);
  });

  it('is one of at most so many of its key at a time, and goes with its key', async () => {
    const client = await ofSecret();
    await fixture.dataSource.query(
      `INSERT INTO revoked_tokens (service_key_id, tokens, first_ends_at, version)
       SELECT $1, jsonb_agg(jsonb_build_object('id', 'many-' || n, 'expiresAtMs', $2::bigint)), $3, 1
       FROM generate_series(1, $4) AS n`,
      [client.id, started + hour, new Date(started + hour), maximumRevoked - 1],
    );
    const [one, two] = [await tokenOf(client), await tokenOf(client)];
    await tokens.revoke({ token: one, serviceKeyId: client.id });
    await expect(tokens.revoke({ token: two, serviceKeyId: client.id })).rejects.toMatchObject({ code: 'overloaded' });
    const record = await until(() => recordOfKey(client), { what: 'the record' });
    expect(record?.tokens).toHaveLength(maximumRevoked);
    await keys.delete({ id: client.id, actor: anna });
    await until(async () => (await recordOfKey(client)) === undefined, { what: 'the end of the record' });
  });
});
