import { beforeEach, describe, expect, it } from '@jest/globals';
import {
  maxTokenLength,
  tokenAudiences,
  type CredentialRecord,
  type InstanceRecord,
  type SecretRecord,
  type TokenKeyRecord,
  type Verdict,
} from '@sluice/contracts';
import type { Position } from '@sluice/domain';
import { createHmac, generateKeyPairSync, hash, sign } from 'node:crypto';
import type { VerifyRequest } from '../verify-certificate/verify-certificate.js';
import { VerifyAccess, type AccessRequest } from './verify-access.js';

const position: Position = { epoch: 'e', sequence: 9 };
const at = Date.parse('2026-11-24T12:00:00Z');
const seconds = at / 1_000;
const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const stranger = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
const spki = publicKey.export({ type: 'spki', format: 'der' });

const certificate = { leaf: Buffer.from('the leaf').toString('base64'), chain: [] };
const leafSha256 = hash('sha256', 'the leaf', 'buffer');
const cnf = { 'x5t#S256': leafSha256.toString('base64url') };

const good = {
  iss: 'https://flows.example',
  sub: 'k',
  aud: tokenAudiences.flows as string,
  client_id: 'client',
  iat: seconds,
  exp: seconds + 600,
  jti: 'token-1',
  scope: 'A B',
  service_key: 'k',
  service_instance: 'i',
  secret: 's' as string | undefined,
};
const header = { alg: 'ES256', typ: 'at+jwt', kid: 'one' };

const encode = (value: unknown) =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');
/** What the token rests on is one claim. */
function written(claims: unknown): unknown {
  if (typeof claims !== 'object' || claims === null || !('service_instance' in claims)) return claims;
  const { service_key, service_instance, secret, ...registered } = claims as Partial<typeof good>;
  return { ...registered, sluice: { service_key, service_instance, secret } };
}
function token(claims: unknown = good, head: unknown = header, key = privateKey): string {
  const signed = `${encode(head)}.${encode(written(claims))}`;
  return `${signed}.${sign('sha256', Buffer.from(signed), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`;
}

const tokenKey: TokenKeyRecord = {
  key: 'token-key.one',
  version: 1,
  deleted: false,
  kid: 'one',
  publicKey: spki.toString('base64'),
  issuer: good.iss,
  status: 'active',
};
const secret: SecretRecord = {
  key: 'secret.s',
  version: 1,
  deleted: false,
  id: 's',
  serviceKeyId: 'k',
  serviceKeyName: 'shop',
  serviceInstanceId: 'i',
  status: 'active',
};

let records: Map<string, object>;
let judged: VerifyRequest[];
let verdict: Partial<Verdict>;
let access: VerifyAccess;
let now = at;

beforeEach(() => {
  now = at;
  judged = [];
  verdict = {
    outcome: 'accepted',
    serviceKeyId: 'k',
    serviceKeyName: 'shop',
    serviceInstanceId: 'i',
    subjectdn: 'CN=shop',
    checks: [],
    dependencies: [{ key: 'credential.c', sequence: 5 }],
    validUntilMs: at + 60_000,
  };
  records = new Map<string, object>([
    ['token-key.one', tokenKey],
    ['secret.s', secret],
  ]);
  access = new VerifyAccess(
    {
      position,
      reach: () => Promise.resolve(true),
      fetch: (key) => {
        const record = records.get(key);
        return { key, sequence: record ? 7 : 0, record: record as never };
      },
    },
    {
      execute: (request) => {
        judged.push(request);
        return Promise.resolve(verdict as Verdict);
      },
    },
    'verifier-1',
    () => now,
  );
});

const ask = (shown: string, more: Partial<AccessRequest> = {}) =>
  access.execute({
    shown: { kind: 'token', token: shown, audience: tokenAudiences.flows },
    minimum: position,
    ...more,
  });
const refusalOf = async (shown: string, more: Partial<AccessRequest> = {}) => (await ask(shown, more)).refusal;

describe('an access token that rests on a secret', () => {
  it('is accepted, with every record it rests on, and ends with the first of them', async () => {
    records.set('secret.s', { ...secret, status: 'retiring', retiresAtMs: at + 5_000 });
    expect(await ask(token())).toMatchObject({
      outcome: 'accepted',
      serviceKeyId: 'k',
      serviceKeyName: 'shop',
      serviceInstanceId: 'i',
      scope: ['A', 'B'],
      token: { id: 'token-1', issuedAt: seconds, expiresAt: seconds + 600 },
      dependencies: [
        { key: 'token-key.one', sequence: 7 },
        { key: 'revoked-tokens.k', sequence: 0 },
        { key: 'secret.s', sequence: 7 },
      ],
      validUntilMs: at + 5_000,
      asOf: position,
      verifier: 'verifier-1',
    });
    expect(judged).toEqual([]);
  });

  it('ends with the clock: at its own end, that of its key, and that of its secret', async () => {
    expect((await ask(token())).validUntilMs).toBe((seconds + 600) * 1_000);
    records.set('token-key.one', { ...tokenKey, status: 'retiring', endsAtMs: at + 100_000 });
    records.set('secret.s', { ...secret, notAfterMs: at + 50_000 });
    expect((await ask(token())).validUntilMs).toBe(at + 50_000);
    now = at + 50_000;
    expect(await refusalOf(token())).toBe('secret-expired');
    records.set('secret.s', { ...secret, status: 'retiring', retiresAtMs: now });
    expect(await refusalOf(token())).toBe('secret-retired');
    now = at + 100_000;
    expect(await refusalOf(token())).toBe('token-key-ended');
    records.set('token-key.one', tokenKey);
    now = (seconds + 600) * 1_000;
    expect(await refusalOf(token())).toBe('token-expired');
  });

  it('is refused once its key is revoked or deleted, its secret is another key’s, or it was revoked itself', async () => {
    records.set('secret.s', { ...secret, status: 'revoked' });
    expect(await refusalOf(token())).toBe('secret-revoked');
    records.delete('secret.s');
    expect(await refusalOf(token())).toBe('secret-unknown');
    records.set('secret.s', { ...secret, serviceKeyId: 'other' });
    expect(await refusalOf(token())).toBe('token-other-key');
    records.set('secret.s', { ...secret, serviceInstanceId: 'other' });
    expect(await refusalOf(token())).toBe('token-other-key');
    records.set('secret.s', secret);
    records.set('revoked-tokens.k', {
      serviceKeyId: 'k',
      tokens: [
        { id: 'another', expiresAtMs: at },
        { id: 'token-1', expiresAtMs: at },
      ],
    });
    expect(await refusalOf(token())).toBe('token-revoked');
  });

  it('a refusal names the records that were looked at, absent ones too', async () => {
    records.delete('token-key.one');
    const { refusal, dependencies, validUntilMs } = await ask(token());
    expect([refusal, dependencies, validUntilMs]).toEqual([
      'token-key-unknown',
      [{ key: 'token-key.one', sequence: 0 }],
      at,
    ]);
  });

  it('is good under a key that was only just prepared here', async () => {
    records.set('token-key.one', { ...tokenKey, status: 'prepared' });
    expect((await ask(token())).outcome).toBe('accepted');
  });

  it('waits for what the question is to rest on, and does not answer from less', async () => {
    const waits = new VerifyAccess(
      {
        position: { epoch: 'e', sequence: 8 },
        reach: () => Promise.resolve(true),
        fetch: () => {
          throw new Error();
        },
      },
      { execute: () => Promise.reject(new Error()) },
      'v',
      () => at,
    );
    await expect(
      waits.execute({ shown: { kind: 'token', token: token(), audience: tokenAudiences.flows }, minimum: position }),
    ).rejects.toMatchObject({ code: 'behind' });
  });

  it('is not judged while a record cannot be fetched', async () => {
    const broken = new VerifyAccess(
      { position, reach: () => Promise.resolve(true), fetch: () => Promise.reject(new Error('the leader is away')) },
      { execute: () => Promise.reject(new Error()) },
      'v',
      () => at,
    );
    await expect(
      broken.execute({ shown: { kind: 'token', token: token(), audience: tokenAudiences.flows }, minimum: position }),
    ).rejects.toMatchObject({ code: 'unavailable' });
  });
});

describe('attack 29: an access token that is bound to a certificate', () => {
  const bound = { ...good, cnf };
  const byCertificate = { ...bound, secret: undefined };
  const other = { leaf: Buffer.from('another leaf').toString('base64'), chain: [] };

  it('is good with that certificate alone, whatever it rests on', async () => {
    for (const claims of [bound, byCertificate]) {
      expect(await refusalOf(token(claims))).toBe('token-without-certificate');
      expect(await refusalOf(token(claims), { certificate: other })).toBe('token-other-certificate');
      expect(await ask(token(claims), { certificate })).toMatchObject({
        outcome: 'accepted',
        token: { boundTo: leafSha256.toString('hex') },
      });
    }
  });

  it('that rests on a secret asks only for the same certificate', async () => {
    await ask(token(bound), { certificate });
    expect(judged).toEqual([]);
  });

  it('that rests on the certificate is judged as the certificate is, and by its records', async () => {
    const accepted = await ask(token(byCertificate), { certificate });
    expect(judged).toEqual([{ ...certificate, lookUp: 'service-key', minimum: position }]);
    expect(accepted).toMatchObject({
      subjectdn: 'CN=shop',
      serviceKeyName: 'shop',
      validUntilMs: at + 60_000,
      dependencies: [{ key: 'token-key.one' }, { key: 'revoked-tokens.k' }, { key: 'credential.c', sequence: 5 }],
    });
    verdict = { ...verdict, outcome: 'refused', refusal: 'older-certificate' };
    expect(await refusalOf(token(byCertificate), { certificate })).toBe('older-certificate');
    verdict = { ...verdict, outcome: 'accepted', serviceKeyId: 'another' };
    expect(await refusalOf(token(byCertificate), { certificate })).toBe('token-other-key');
    verdict = { ...verdict, serviceKeyId: 'k', serviceInstanceId: 'another' };
    expect(await refusalOf(token(byCertificate), { certificate })).toBe('token-other-key');
  });

  it('that rests on nothing is refused, and one that is bound in another way', async () => {
    expect(await refusalOf(token({ ...good, secret: undefined }), { certificate })).toBe('token-malformed');
    expect(await refusalOf(token({ ...good, cnf: { jkt: 'x' } }), { certificate })).toBe('token-malformed');
    expect(await refusalOf(token({ ...good, cnf: { ...cnf, jkt: 'x' } }), { certificate })).toBe('token-malformed');
  });
});

describe('attack 46: a token that is not one of ours', () => {
  const { alg: _alg, ...withoutAlg } = header;

  it.each<[string, unknown]>([
    ['alg none', { ...header, alg: 'none' }],
    ['HS256', { ...header, alg: 'HS256' }],
    ['RS256', { ...header, alg: 'RS256' }],
    ['no alg', withoutAlg],
    ['another type', { ...header, typ: 'JWT' }],
    ['its own key', { ...header, jwk: { kty: 'EC' } }],
    ['the address of a key', { ...header, jku: 'https://evil.example/jwks' }],
    ['a certificate', { ...header, x5c: ['MII='] }],
    ['the address of a certificate', { ...header, x5u: 'https://evil.example/' }],
    ['a critical extension', { ...header, crit: ['b64'], b64: false }],
    ['a path as kid', { ...header, kid: '../../dev/null' }],
    ['a wildcard as kid', { ...header, kid: '*' }],
    ['a key of other records as kid', { ...header, kid: 'one.two' }],
    ['SQL as kid', { ...header, kid: "x' UNION SELECT" }],
    ['no kid', { alg: 'ES256', typ: 'at+jwt' }],
    ['a header that is no object', [header]],
  ])('is refused by its header: %s', async (_what, head) => {
    expect(await refusalOf(token(good, head))).toBe('token-header');
  });

  it('is refused when its alg is confused: an HMAC with the public key', async () => {
    const signed = `${encode({ ...header, alg: 'HS256' })}.${encode(good)}`;
    const mac = createHmac('sha256', spki).update(signed).digest('base64url');
    expect(await refusalOf(`${signed}.${mac}`)).toBe('token-header');
  });

  it('is refused with another signature, none, one in DER, and one of zeros (CVE-2022-21449)', async () => {
    const [head, body, signature] = token().split('.') as [string, string, string];
    expect(await refusalOf(token(good, header, stranger))).toBe('token-signature');
    expect(await refusalOf(`${head}.${encode(written({ ...good, scope: 'admin' }))}.${signature}`)).toBe(
      'token-signature',
    );
    expect(await refusalOf(`${head}.${body}.${Buffer.alloc(64).toString('base64url')}`)).toBe('token-signature');
    expect(await refusalOf(`${head}.${body}.`)).toBe('token-malformed');
    const der = sign('sha256', Buffer.from(`${head}.${body}`), privateKey).toString('base64url');
    expect(await refusalOf(`${head}.${body}.${der}`)).toBe('token-malformed');
  });

  it('is refused when it is written in any other way', async () => {
    const [head, body, signature] = token().split('.') as [string, string, string];
    for (const shown of [
      '',
      '..',
      `${head}.${body}`,
      `${token()}.x`,
      `${head}=.${body}.${signature}`,
      `${head}.${body}.${signature}\n`,
      ` ${token()}`,
      token(good, '{"alg":"ES256","typ":"at+jwt","kid":"two","kid":"one"}'),
      token(`{"scope":"admin",${JSON.stringify(written(good)).slice(1)}`),
      token('[]'),
      token('{'),
      token({ ...good, exp: 'never' }),
      token({ ...good, exp: undefined }),
      token({ ...good, jti: 'x.y' }),
      token({ ...good, secret: '../x' }),
      token({ ...good, service_key: undefined }),
    ])
      expect(await refusalOf(shown)).toBe('token-malformed');
  });

  it('is not even read when it is too long', async () => {
    expect(await refusalOf(`${token()}${'A'.repeat(maxTokenLength)}`)).toBe('token-too-large');
  });

  it('is refused for another audience or issuer, before its time, and from an expired key', async () => {
    expect(await refusalOf(token({ ...good, aud: tokenAudiences.adminApi }))).toBe('token-audience');
    expect(await refusalOf(token({ ...good, iss: 'https://other.example' }))).toBe('token-issuer');
    // 30 s: as far as two clocks may be apart.
    expect((await ask(token({ ...good, iat: seconds + 30 }))).outcome).toBe('accepted');
    expect(await refusalOf(token({ ...good, iat: seconds + 31 }))).toBe('token-not-yet-valid');
    expect(await refusalOf(token({ ...good, nbf: seconds + 31 }))).toBe('token-not-yet-valid');
    records.set('token-key.one', { ...tokenKey, status: 'retiring', endsAtMs: at });
    expect(await refusalOf(token())).toBe('token-key-ended');
  });

  it('is refused when the record of its key holds a key of another kind, or none', async () => {
    for (const wrong of [
      generateKeyPairSync('ec', { namedCurve: 'P-384' }).publicKey.export({ type: 'spki', format: 'der' }),
      generateKeyPairSync('ed25519').publicKey.export({ type: 'spki', format: 'der' }),
      Buffer.from('no key'),
    ]) {
      records.set('token-key.one', { ...tokenKey, publicKey: wrong.toString('base64') });
      expect(await refusalOf(token())).toBe('token-signature');
    }
    // Its signatures are as long as those of ES256.
    const koblitz = generateKeyPairSync('ec', { namedCurve: 'secp256k1' });
    const publicKey = koblitz.publicKey.export({ type: 'spki', format: 'der' }).toString('base64');
    records.set('token-key.one', { ...tokenKey, publicKey });
    expect(await refusalOf(token(good, header, koblitz.privateKey))).toBe('token-signature');
  });
});

describe('a secret by itself', () => {
  const askSecret = (secretId: string) => access.execute({ shown: { kind: 'secret', secretId }, minimum: position });

  it('is judged by its record', async () => {
    expect(await askSecret('s')).toMatchObject({
      outcome: 'accepted',
      serviceKeyId: 'k',
      serviceInstanceId: 'i',
      dependencies: [{ key: 'secret.s', sequence: 7 }],
      validUntilMs: Number.MAX_SAFE_INTEGER,
    });
    records.set('secret.s', { ...secret, status: 'revoked' });
    expect(await askSecret('s')).toMatchObject({ outcome: 'refused', refusal: 'secret-revoked' });
  });

  it('attack 46: is not looked for under the key of another record', async () => {
    records.set('secret.s.x', secret);
    expect(await askSecret('s.x')).toMatchObject({ refusal: 'secret-unknown', dependencies: [] });
  });
});

describe('a token that a resource server asks about', () => {
  const introspect = (claims: unknown) =>
    access.execute({
      shown: { kind: 'token', token: token(claims), audience: tokenAudiences.flows, introspection: true },
      minimum: position,
    });
  const instance: InstanceRecord = {
    key: 'instance.i',
    version: 1,
    deleted: false,
    id: 'i',
    name: 'i',
    plan: 'integration-flow',
    roles: ['B', 'C'],
  };
  const credential: CredentialRecord = {
    key: `credential.${leafSha256.toString('hex')}`,
    version: 1,
    deleted: false,
    sha256: leafSha256.toString('hex'),
    serviceKeyId: 'k',
    serviceKeyName: 'shop',
    serviceInstanceId: 'i',
    status: 'active',
    notAfterMs: at + 1_000,
  };

  it('is told with its binding and what is left of its scope', async () => {
    records.set('instance.i', instance);
    expect(await introspect({ ...good, cnf })).toMatchObject({
      outcome: 'accepted',
      scope: ['B'],
      token: { boundTo: leafSha256.toString('hex') },
    });
  });

  it('is not good when its instance is gone, or what it rests on cannot be told without the certificate', async () => {
    const byCertificate = { ...good, cnf, secret: undefined };
    expect((await introspect(good)).outcome).toBe('refused');
    records.set('instance.i', instance);
    expect((await introspect(byCertificate)).outcome).toBe('refused');
    records.set(credential.key, credential);
    expect((await introspect(byCertificate)).outcome).toBe('accepted');
    records.set(credential.key, { ...credential, status: 'revoked' });
    expect((await introspect(byCertificate)).refusal).toBe('key-revoked');
    records.set(credential.key, { ...credential, serviceKeyId: 'other' });
    expect((await introspect(byCertificate)).refusal).toBe('token-other-key');
    records.set(credential.key, { ...credential, status: 'retiring', retiresAtMs: at });
    expect((await introspect(byCertificate)).refusal).toBe('certificate-retired');
    records.set('revoked-tokens.k', {
      serviceKeyId: 'k',
      tokens: [
        { id: 'another', expiresAtMs: at },
        { id: 'token-1', expiresAtMs: at },
      ],
    });
    records.set(credential.key, credential);
    expect((await introspect(byCertificate)).refusal).toBe('token-revoked');
  });
});
