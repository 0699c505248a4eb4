import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createServiceInstance, createServiceKey, rotateServiceKey } from '@sluice/contracts';
import { type StateFollower } from '@sluice/messaging';
import { decodePem, parseCertificate } from '@sluice/pki';
import { type PublishedChanges } from '@sluice/service-shell';
import { TestAuthority, TestNats, TestPostgres, until } from '@sluice/testing';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { createPrivateKey, randomBytes, X509Certificate } from 'node:crypto';
import { join } from 'node:path';
import type { DataSource } from 'typeorm';
import { CreateServiceInstance } from '../service-instances/create-service-instance.js';
import { DeleteServiceKey } from './delete-service-key.js';
import { RotateServiceKey } from './rotate-service-key.js';
import { CreateServiceKey } from './create-service-key.js';
import { called } from '../testing/called.js';
import { busConfiguration, startKeyManagement, type KeyManagementFixture } from '../testing/key-management-fixture.js';
import { CertificateAuthorityRow } from '../issuing-cas/certificate-authority.entity.js';

const now = () => Date.now();
const actor = 'test';
let postgres: TestPostgres;
let nats: TestNats;
let connection: NatsConnection;
let dataSource: DataSource;
let follower: StateFollower;
let changes: PublishedChanges;
let createInstance: ReturnType<
  typeof called<
    typeof createServiceInstance,
    Parameters<CreateServiceInstance['execute']>[0],
    Awaited<ReturnType<CreateServiceInstance['execute']>>
  >
>;
let createKey: ReturnType<
  typeof called<
    typeof createServiceKey,
    Parameters<CreateServiceKey['execute']>[0],
    Awaited<ReturnType<CreateServiceKey['execute']>>
  >
>;
let rotateKey: ReturnType<
  typeof called<
    typeof rotateServiceKey,
    Parameters<RotateServiceKey['execute']>[0],
    Awaited<ReturnType<RotateServiceKey['execute']>>
  >
>;
let deleteKey: DeleteServiceKey;
let fixture: KeyManagementFixture;

beforeAll(async () => {
  [postgres, nats] = await Promise.all([
    TestPostgres.start(),
    TestNats.start({ configuration: ({ listen, folder }) => busConfiguration(listen, join(folder, 'jetstream')) }),
  ]);
  connection = await connect({ servers: nats.url });
  fixture = await startKeyManagement({ databaseUrl: await postgres.createDatabase(), connection, now });
  ({ dataSource, changes, follower } = fixture);
  await until(() => !follower.missingWriters.includes('key-management') && follower.position, {
    what: 'the state bucket',
  });
  createInstance = called(createServiceInstance, fixture.get(CreateServiceInstance));
  createKey = called(createServiceKey, fixture.get(CreateServiceKey));
  rotateKey = called(rotateServiceKey, fixture.get(RotateServiceKey));
  deleteKey = fixture.get(DeleteServiceKey);
}, 90_000);

afterAll(async () => {
  await fixture.stop();
  await connection.close();
  await Promise.all([nats.stop(), postgres.stop()]);
});

async function instance(parameters: unknown = {}): Promise<string> {
  const { value } = await createInstance.execute({ name: `i-${randomBytes(4).toString('hex')}`, parameters, actor });
  return value.id;
}

const generated = (serviceInstanceId: string, parameters: Record<string, unknown>, name = 'key') =>
  createKey.execute({ serviceInstanceId, name, parameters: { 'key-type': 'certificate', ...parameters }, actor });

describe('a key whose certificate we issue', () => {
  it.each([
    ['RSA', 2048, 'rsa'],
    ['P-256', undefined, 'ec'],
    ['P-384', undefined, 'ec'],
  ])(
    'has a %s key pair that fits its certificate, a chain up to the root, and the client-authentication usage',
    async (algorithm, length, type) => {
      const { value, propagation } = await generated(await instance(), {
        'key-algorithm': algorithm,
        ...(length ? { 'key-length': length } : {}),
        validity: 30,
      });
      expect(propagation).toBe('published');
      const chain = decodePem(value.credentials.certificate ?? '').map((der) => new X509Certificate(der));
      const [leaf, issuing, root] = chain as [X509Certificate, X509Certificate, X509Certificate];
      expect(chain).toHaveLength(3);
      expect(leaf.checkPrivateKey(createPrivateKey(value.credentials.key ?? ''))).toBe(true);
      expect(leaf.publicKey.asymmetricKeyType).toBe(type);
      expect(leaf.verify(issuing.publicKey) && issuing.verify(root.publicKey) && root.verify(root.publicKey)).toBe(
        true,
      );
      expect(leaf.keyUsage).toEqual(['1.3.6.1.5.5.7.3.2']);
      expect(leaf.ca).toBe(false);
      expect(leaf.serialNumber).toMatch(/^[4-7][0-9A-F]{31}$/);
      const days = (leaf.validToDate.getTime() - now()) / 86_400_000;
      expect(Math.round(days)).toBe(30);
    },
  );

  it('is in the state stream, signed, when the answer says published', async () => {
    const { value } = await generated(await instance(), { 'key-algorithm': 'P-256' });
    const sha256 = value.held[0]?.sha256 ?? '';
    const { record } = await follower.fetch<'credential'>(`credential.${sha256}`);
    expect(record).toMatchObject({ serviceKeyId: value.key.id, status: 'active' });
  });

  it('leaves the private key nowhere in the database', async () => {
    const { value } = await generated(await instance(), { 'key-algorithm': 'P-256' });
    const body = (value.credentials.key ?? '').split('\n')[2] ?? 'missing';
    for (const table of ['service_key', 'credential', 'certificate_authority', 'outbox']) {
      const rows = await dataSource.query<unknown[]>(`SELECT * FROM ${table}`);
      expect(JSON.stringify(rows)).not.toContain(body);
    }
    const authorities = await dataSource.manager.find(CertificateAuthorityRow);
    for (const { sealedKey } of authorities)
      expect(() => createPrivateKey({ key: sealedKey, format: 'der', type: 'pkcs8' })).toThrow();
  });

  it('needs the grant type client_credentials on its instance', async () => {
    const id = await instance({ 'grant-types': ['authorization_code'] });
    await expect(generated(id, {})).rejects.toMatchObject({ code: 'invalid-argument' });
  });

  it('has a name of its own within the instance', async () => {
    const id = await instance();
    await generated(id, { 'key-algorithm': 'P-256' });
    await expect(generated(id, { 'key-algorithm': 'P-256' })).rejects.toMatchObject({ code: 'name-in-use' });
    await expect(generated(await instance(), { 'key-algorithm': 'P-256' })).resolves.toBeDefined();
  });

  it('is not made for an instance that does not exist', async () => {
    await expect(generated('00000000-0000-4000-8000-000000000000', {})).rejects.toMatchObject({ code: 'not-found' });
    await expect(generated('no uuid', {})).rejects.toMatchObject({ code: 'not-found' });
  });
});

describe('a key with a certificate of another CA', () => {
  const external = (serviceInstanceId: string, pem: string, name = 'external') =>
    createKey.execute({
      serviceInstanceId,
      name,
      parameters: { 'key-type': 'certificate_external', 'X.509': pem },
      actor,
    });

  it('takes PEM with line breaks, with \\n escapes, and with the breaks lost', async () => {
    const authority = await TestAuthority.root({ subject: 'CN=Partner Root' });
    for (const [index, form] of [
      (pem: string) => pem,
      (pem: string) => pem.replaceAll('\n', '\\n'),
      (pem: string) => pem.replaceAll('\n', ' '),
    ].entries()) {
      const leaf = await authority.leaf({ subject: `CN=sender ${index}` });
      const { value } = await external(await instance(), form(leaf.pem));
      expect(value.held[0]?.sha256).toBe(leaf.sha256);
    }
  });

  it('is in one key only: of fifty who bring it at once one wins', async () => {
    const leaf = await (await TestAuthority.root({ subject: 'CN=Partner Root' })).leaf({ subject: 'CN=raced' });
    const ids = await Promise.all(Array.from({ length: 10 }, () => instance()));
    const attempts = Array.from({ length: 50 }, (_, index) =>
      external(ids[index % 10] as string, leaf.pem, `k${index}`),
    );
    const results = await Promise.allSettled(attempts);
    const refusals = results
      .filter((result) => result.status === 'rejected')
      .map(({ reason }) => (reason as { code: string }).code);
    expect(refusals).toEqual(Array.from({ length: 49 }, () => 'certificate-in-use'));
    expect(
      await dataSource.query('SELECT count(*)::int AS n FROM credential WHERE sha256 = $1', [leaf.sha256]),
    ).toEqual([{ n: 1 }]);
  }, 60_000);

  it('may be added again after its key was deleted, and then counts as the newer record', async () => {
    const leaf = await (await TestAuthority.root({ subject: 'CN=Partner Root' })).leaf({ subject: 'CN=returning' });
    const { value } = await external(await instance(), leaf.pem);
    await deleteKey.execute({ id: value.key.id, actor });
    expect((await follower.fetch(`credential.${leaf.sha256}`)).record).toBeUndefined();
    const again = await external(await instance(), leaf.pem);
    const record = await until(async () => (await follower.fetch<'credential'>(`credential.${leaf.sha256}`)).record, {
      what: 'the new record',
    });
    expect(record.serviceKeyId).toBe(again.value.key.id);
  });

  it('is refused without the client-authentication usage, with a sentence that says why', async () => {
    const authority = await TestAuthority.root({ subject: 'CN=Partner Root' });
    for (const extendedKeyUsage of [['serverAuth'], []] as const) {
      const leaf = await authority.leaf({ subject: 'CN=web server', extendedKeyUsage: [...extendedKeyUsage] });
      await expect(external(await instance(), leaf.pem)).rejects.toMatchObject({
        code: 'certificate-refused',
        message: expect.stringContaining('client authentication') as unknown,
      });
    }
  });

  it('is judged as the verifier will judge it: refused for what no call can succeed with, warned of what may become right', async () => {
    const { AddTrustedRoot } = await import('../trusted-roots/add-trusted-root.js');
    const authority = await TestAuthority.root({ subject: 'CN=Judged Root' });
    const unusable = await authority.leaf({ subject: 'CN=a', keyUsage: ['keyEncipherment'] });
    const refusal = { code: 'certificate-refused', details: { reason: 'key-usage-insufficient' } };
    await expect(external(await instance(), unusable.pem)).rejects.toMatchObject(refusal);

    const first = await authority.leaf({ subject: 'CN=b' });
    const { value } = await external(await instance(), first.pem);
    expect(value.warnings?.map(({ code }) => code)).toEqual(['unknown-issuer']);
    await expect(rotateKey.execute({ id: value.key.id, 'X.509': unusable.pem, actor })).rejects.toMatchObject(refusal);

    const added = await new AddTrustedRoot(changes, now).execute({ pem: authority.pem, actor });
    expect(added.value.warnings).toEqual([]);
    const inADay = { notBefore: new Date(Date.now() + 86_400_000), notAfter: new Date(Date.now() + 2 * 86_400_000) };
    const next = await authority.leaf({ subject: 'CN=b', ...inADay });
    const rotated = await rotateKey.execute({ id: value.key.id, 'X.509': next.pem, actor });
    expect(rotated.value.warnings?.map(({ code }) => code)).toEqual(['not-yet-valid']);
    const good = await authority.leaf({ subject: 'CN=b' });
    expect((await rotateKey.execute({ id: value.key.id, 'X.509': good.pem, actor })).value.warnings).toEqual([]);

    const useless = await TestAuthority.root({ subject: 'CN=Useless Root', keyUsage: ['cRLSign'] });
    await expect(new AddTrustedRoot(changes, now).execute({ pem: useless.pem, actor })).rejects.toMatchObject({
      code: 'certificate-refused',
      details: { reason: 'no-cert-sign' },
    });
  });

  it('is refused when it is expired, a CA’s, a whole chain, or no certificate', async () => {
    const authority = await TestAuthority.root({ subject: 'CN=Partner Root' });
    const expired = await authority.leaf({ subject: 'CN=old', notBefore: new Date(0), notAfter: new Date(86_400_000) });
    const leaf = await authority.leaf({ subject: 'CN=a' });
    await expect(external(await instance(), expired.pem)).rejects.toMatchObject({ details: { reason: 'expired' } });
    await expect(external(await instance(), authority.certificate.pem)).rejects.toMatchObject({
      details: { reason: 'leaf-is-ca' },
    });
    await expect(external(await instance(), leaf.chainPem)).rejects.toMatchObject({ code: 'invalid-argument' });
    await expect(external(await instance(), 'no PEM')).rejects.toMatchObject({ code: 'invalid-argument' });
  });
});

describe('a key that is not pinned', () => {
  const register = async (pem: string, pinned: boolean) =>
    createKey.execute({
      serviceInstanceId: await instance(),
      name: 'external',
      parameters: { 'key-type': 'certificate_external', 'X.509': pem, 'pin-certificate': pinned },
      actor,
    });

  it('is found by its names in the state stream, not by its certificate', async () => {
    const leaf = await (await TestAuthority.root({ subject: 'CN=Names Root 1' })).leaf({ subject: 'CN=by names 1' });
    const { value } = await register(leaf.pem, false);
    expect((await follower.fetch(`credential.${leaf.sha256}`)).record).toBeUndefined();
    const digest = value.held[0]?.namesDigest ?? '';
    expect((await follower.fetch<'unpinned'>(`unpinned.${digest}`)).record).toMatchObject({
      serviceKeyId: value.key.id,
      accepted: { sha256: leaf.sha256 },
    });
  });

  it.each([
    [false, false],
    [true, false],
    [false, true],
  ])('is refused beside another key with its names (first pinned: %p, second pinned: %p)', async (first, second) => {
    const authority = await TestAuthority.root({ subject: `CN=Names Root ${String(first)}${String(second)}` });
    await register((await authority.leaf({ subject: 'CN=same' })).pem, first);
    await expect(register((await authority.leaf({ subject: 'CN=SAME' })).pem, second)).rejects.toMatchObject({
      code: 'distinguished-name-conflict',
    });
  });

  it('is one of many that race for the same names', async () => {
    const authority = await TestAuthority.root({ subject: 'CN=Names Race' });
    const leaves = await Promise.all(Array.from({ length: 8 }, () => authority.leaf({ subject: 'CN=raced names' })));
    const results = await Promise.allSettled(leaves.map((leaf, index) => register(leaf.pem, index % 2 === 0)));
    const codes = results.map((result) =>
      result.status === 'fulfilled' ? 'made' : (result.reason as { code: string }).code,
    );
    const pinned = codes.filter((code, index) => code === 'made' && index % 2 === 0).length;
    const unpinned = codes.filter((code, index) => code === 'made' && index % 2 === 1).length;
    expect(unpinned === 0 || (unpinned === 1 && pinned === 0)).toBe(true);
    expect(pinned + unpinned).toBeGreaterThan(0);
  });

  it('knows the key of its issuer at once when that is a trusted root', async () => {
    const { AddTrustedRoot } = await import('../trusted-roots/add-trusted-root.js');
    const authority = await TestAuthority.root({ subject: 'CN=Names Root 2' });
    await new AddTrustedRoot(changes, now).execute({ pem: authority.pem, actor });
    const { value } = await register((await authority.leaf({ subject: 'CN=by names 2' })).pem, false);
    const { record } = await follower.fetch<'unpinned'>(`unpinned.${value.held[0]?.namesDigest ?? ''}`);
    const [root] = decodePem(authority.pem).map((der) => parseCertificate(der));
    expect(record?.issuerKeySha256).toBe(root?.spkiSha256);
  });

  it('ends with its record when it is deleted', async () => {
    const leaf = await (await TestAuthority.root({ subject: 'CN=Names Root 3' })).leaf({ subject: 'CN=by names 3' });
    const { value } = await register(leaf.pem, false);
    await deleteKey.execute({ id: value.key.id, actor });
    expect((await follower.fetch(`unpinned.${value.held[0]?.namesDigest ?? ''}`)).record).toBeUndefined();
  });
});

describe('rotation', () => {
  it('keeps the old certificate for the overlap, and says in its record when it ends', async () => {
    const { value } = await generated(await instance(), { 'key-algorithm': 'P-256' });
    const before = now();
    const rotated = await rotateKey.execute({ id: value.key.id, overlapSeconds: 60, actor });
    const old = value.held[0]?.sha256 ?? '';
    const record = await until(
      async () => {
        const entry = await follower.fetch<'credential'>(`credential.${old}`);
        return entry.record?.status === 'retiring' ? entry.record : undefined;
      },
      { what: 'the retiring record' },
    );
    expect(record.retiresAtMs).toBeGreaterThanOrEqual(before + 60_000);
    expect(record.retiresAtMs).toBeLessThan(now() + 61_000);
    const [leaf] = decodePem(rotated.value.credentials.certificate ?? '').map((der) => parseCertificate(der));
    expect(leaf?.sha256).not.toBe(old);
    expect(rotated.value.held.map(({ status }) => status).sort()).toEqual(['active', 'retiring']);
  });

  it('never makes the end of an older certificate later than it was', async () => {
    const { value } = await generated(await instance(), { 'key-algorithm': 'P-256' });
    await rotateKey.execute({ id: value.key.id, overlapSeconds: 60, actor });
    const again = await rotateKey.execute({ id: value.key.id, overlapSeconds: 3_600, actor });
    const first = again.value.held.find(({ sha256 }) => sha256 === value.held[0]?.sha256);
    expect((first?.retiresAt?.getTime() ?? 0) - now()).toBeLessThan(61_000);
  });

  it.each([-1, 1.5, '60', 400 * 86_400])('refuses an overlap of %p seconds', async (overlapSeconds) => {
    await expect(rotateKey.execute({ id: 'any', overlapSeconds, actor })).rejects.toMatchObject({
      code: 'invalid-argument',
    });
  });
});
