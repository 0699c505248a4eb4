import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  revokeCertificate as revokeOne,
  revokeServiceInstance,
  revokeServiceKey,
  rotateServiceKey,
} from '@sluice/contracts';
import { parseCertificate, decodePem } from '@sluice/pki';
import { TestAuthority, TestNats, TestPostgres, testKey, testRequest, until } from '@sluice/testing';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { join } from 'node:path';
import { DeleteServiceKey } from './delete-service-key.js';
import { RevokeCertificate } from './revoke-certificate.js';
import { RevokeServiceInstance } from '../service-instances/revoke-service-instance.js';
import { RevokeServiceKey } from './revoke-service-key.js';
import {
  actor,
  busConfiguration,
  addresses,
  startKeyManagement,
  type KeyManagementFixture,
} from '../testing/key-management-fixture.js';
import { RotateServiceKey } from './rotate-service-key.js';
import { called } from '../testing/called.js';
import type { CredentialRow } from './credential.entity.js';

const day = 86_400_000;
let clock = Date.now();
const now = () => clock;
let postgres: TestPostgres;
let nats: TestNats;
let connection: NatsConnection;
let fixture: KeyManagementFixture;
let rotateKey: ReturnType<
  typeof called<
    typeof rotateServiceKey,
    Parameters<RotateServiceKey['execute']>[0],
    Awaited<ReturnType<RotateServiceKey['execute']>>
  >
>;
let revokeCertificate: ReturnType<
  typeof called<
    typeof revokeOne,
    Parameters<RevokeCertificate['execute']>[0],
    Awaited<ReturnType<RevokeCertificate['execute']>>
  >
>;
let revokeKey: ReturnType<
  typeof called<
    typeof revokeServiceKey,
    Parameters<RevokeServiceKey['execute']>[0],
    Awaited<ReturnType<RevokeServiceKey['execute']>>
  >
>;

beforeAll(async () => {
  [postgres, nats] = await Promise.all([
    TestPostgres.start(),
    TestNats.start({
      configuration: ({ listen, folder }) => busConfiguration(listen, join(folder, 'jetstream')),
    }),
  ]);
  connection = await connect({ servers: nats.url });
  fixture = await startKeyManagement({ databaseUrl: await postgres.createDatabase(), connection, now });
  rotateKey = called(
    rotateServiceKey,
    new RotateServiceKey(fixture.dataSource, fixture.changes, fixture.authority, addresses, now),
  );
  revokeCertificate = called(revokeOne, new RevokeCertificate(fixture.changes, now));
  revokeKey = called(revokeServiceKey, new RevokeServiceKey(fixture.changes, now));
}, 90_000);

afterAll(async () => {
  await fixture.stop();
  await connection.close();
  await Promise.all([nats.stop(), postgres.stop()]);
});

const requested = async (pem: string, instance?: string) =>
  fixture.createKey(instance ?? (await fixture.createInstance()), {
    'key-type': 'certificate_request',
    'certificate-request': pem,
    validity: 30,
  });
const generated = async (parameters: Record<string, unknown> = {}) =>
  fixture.createKey(await fixture.createInstance(), {
    'key-type': 'certificate',
    'key-algorithm': 'P-256',
    ...parameters,
  });
const record = (row: CredentialRow | undefined, version: (row: { version: number }) => boolean) =>
  until(
    async () => {
      const entry = await fixture.follower.fetch<'credential'>(`credential.${row?.sha256 ?? ''}`);
      return entry.record && version(entry.record) ? entry.record : undefined;
    },
    { what: 'the record' },
  );
const recordOf = (row: CredentialRow | undefined) => record(row, ({ version }) => version >= Number(row?.version ?? 0));
const rowOf = (held: readonly CredentialRow[], sha256: string | undefined) =>
  held.find((row) => row.sha256 === sha256) as CredentialRow;

describe('a key made from a certification request', () => {
  it('has a certificate of the sender’s own key, for client authentication, and shows no private key', async () => {
    const { pem, key } = await testRequest({ subject: 'CN=shop 1,O=Some Company,C=DE' });
    const { value } = await requested(pem.replaceAll('\n', '\\n'));
    const chain = decodePem(value.credentials.certificate ?? '').map((der) => parseCertificate(der));
    const [leaf] = chain;
    expect(chain).toHaveLength(3);
    expect(leaf?.publicKey().equals(key.publicKey)).toBe(true);
    expect(leaf?.extendedKeyUsage).toEqual(['1.3.6.1.5.5.7.3.2']);
    expect(leaf?.basicConstraints?.ca).toBe(false);
    expect(Math.round(((leaf?.notAfter ?? 0) - now()) / day)).toBe(30);
    expect(value.credentials).not.toHaveProperty('key');
    expect(value.credentials.certificatedetails?.subjectdn).toMatch(
      /^CN=shop 1,OU=i-[0-9a-f]+,UID=[0-9a-f-]{36},O=Sluice$/,
    );
    expect(await recordOf(value.held[0])).toMatchObject({ serviceKeyId: value.key.id, status: 'active' });
  });

  it('is called by its own name when the request has none', async () => {
    const { pem } = await testRequest({ subject: 'O=Nameless' });
    const { value } = await requested(pem);
    expect(value.held[0]?.subjectDn).toMatch(/^CN=key,/);
  });

  it.each([
    ['asks for a CA', { subject: 'CN=a', ca: true }, 'certificate-refused'],
    ['has a name that cannot be seen', { subject: 'CN=a\u200bb' }, 'invalid-argument'],
    ['has a name that is too long', { subject: `CN=${'a'.repeat(65)}` }, 'invalid-argument'],
  ])('is not made when the request %s', async (_what, options, code) => {
    await expect(requested((await testRequest(options)).pem)).rejects.toMatchObject({ code });
  });

  it('is not made from a public key that is in another certificate, a CA’s least of all', async () => {
    const inUse = { code: 'public-key-in-use' };
    const key = testKey();
    await requested((await testRequest({ subject: 'CN=first', key })).pem);
    await expect(requested((await testRequest({ subject: 'CN=second', key })).pem)).rejects.toMatchObject(inUse);
    const root = await TestAuthority.root({ subject: 'CN=Partner Root' });
    const external = await root.leaf({ subject: 'CN=external' });
    await fixture.createKey(await fixture.createInstance(), {
      'key-type': 'certificate_external',
      'X.509': external.pem,
    });
    await expect(requested((await testRequest({ subject: 'CN=third', key: external.key })).pem)).rejects.toMatchObject(
      inUse,
    );
  });

  it('is one of fifty who bring one public key at once', async () => {
    const key = testKey();
    const instance = await fixture.createInstance();
    const pems = await Promise.all(Array.from({ length: 50 }, () => testRequest({ subject: 'CN=raced', key })));
    const results = await Promise.allSettled(
      pems.map(({ pem }, index) =>
        fixture.createKey(instance, { 'key-type': 'certificate_request', 'certificate-request': pem }, `k${index}`),
      ),
    );
    const codes = results.map((result) =>
      result.status === 'fulfilled' ? 'made' : (result.reason as { code: string }).code,
    );
    expect(codes.filter((code) => code === 'made')).toHaveLength(1);
    expect(codes.filter((code) => code === 'public-key-in-use')).toHaveLength(49);
  }, 60_000);

  it('never takes a compromised public key again, though its key was deleted', async () => {
    const key = testKey();
    const { value } = await requested((await testRequest({ subject: 'CN=lost', key })).pem);
    await revokeKey.execute({ id: value.key.id, reason: 'keyCompromise', actor });
    await new DeleteServiceKey(fixture.changes, now).execute({ id: value.key.id, actor });
    await expect(requested((await testRequest({ subject: 'CN=again', key })).pem)).rejects.toMatchObject({
      code: 'public-key-in-use',
    });
  });
});

describe('rotation', () => {
  it('takes a new request for a key of a request, and no other', async () => {
    const { value } = await requested((await testRequest({ subject: 'CN=shop' })).pem);
    const { pem, key } = await testRequest({ subject: 'CN=shop 2' });
    await expect(rotateKey.execute({ id: value.key.id, actor })).rejects.toMatchObject({ code: 'invalid-argument' });
    await expect(
      rotateKey.execute({ id: value.key.id, 'certificate-request': pem, 'X.509': pem, actor }),
    ).rejects.toMatchObject({ code: 'invalid-argument' });
    const rotated = await rotateKey.execute({ id: value.key.id, 'certificate-request': pem, actor });
    const [leaf] = decodePem(rotated.value.credentials.certificate ?? '').map((der) => parseCertificate(der));
    expect(leaf?.publicKey().equals(key.publicKey)).toBe(true);
    await expect(rotateKey.execute({ id: value.key.id, 'certificate-request': pem, actor })).rejects.toMatchObject({
      code: 'public-key-in-use',
    });
  });

  it('takes the new certificate of an external key', async () => {
    const root = await TestAuthority.root({ subject: 'CN=Partner Root' });
    const [old, renewed] = [await root.leaf({ subject: 'CN=x' }), await root.leaf({ subject: 'CN=x' })];
    const { value } = await fixture.createKey(await fixture.createInstance(), {
      'key-type': 'certificate_external',
      'X.509': old.pem,
    });
    const rotated = await rotateKey.execute({ id: value.key.id, 'X.509': renewed.pem, overlapSeconds: 60, actor });
    expect(rotated.value.held.map(({ sha256, status }) => [sha256, status])).toEqual([
      [renewed.sha256, 'active'],
      [old.sha256, 'retiring'],
    ]);
    expect(rotated.value.key.parameters).toMatchObject({ 'X.509': renewed.pem });
    await expect(rotateKey.execute({ id: value.key.id, 'X.509': old.pem, actor })).rejects.toMatchObject({
      code: 'certificate-in-use',
    });
  });

  it('has nothing to give a key that is not pinned', async () => {
    const leaf = await (await TestAuthority.root({ subject: 'CN=Unpinned Root' })).leaf({ subject: 'CN=y' });
    const unpinned = await fixture.createKey(await fixture.createInstance(), {
      'key-type': 'certificate_external',
      'X.509': leaf.pem,
      'pin-certificate': false,
    });
    await expect(rotateKey.execute({ id: unpinned.value.key.id, actor })).rejects.toMatchObject({
      code: 'service-key-state',
    });
  });

  it('ends the old certificate at once in an emergency', async () => {
    const { value } = await generated();
    const { value: rotated } = await rotateKey.execute({ id: value.key.id, overlapSeconds: 0, actor });
    const old = rowOf(rotated.held, value.held[0]?.sha256);
    expect((await recordOf(old)).retiresAtMs).toBe(now());
  });

  it('gives a certificate that is to end when unused no end in its record', async () => {
    const { value } = await generated();
    const { value: rotated } = await rotateKey.execute({
      id: value.key.id,
      overlapSeconds: 0,
      retireAfterUnusedDays: 14,
      actor,
    });
    const old = rowOf(rotated.held, value.held[0]?.sha256);
    expect(old).toMatchObject({ status: 'retiring', retireAfterUnusedDays: 14 });
    expect(await recordOf(old)).not.toHaveProperty('retiresAtMs');
  });

  it.each([0, 1.5, '3', 366])(
    'refuses to wait %p days for a certificate to be unused',
    async (retireAfterUnusedDays) => {
      await expect(rotateKey.execute({ id: 'any', retireAfterUnusedDays, actor })).rejects.toMatchObject({
        code: 'invalid-argument',
      });
    },
  );

  it('makes one successor after another when several ask at once', async () => {
    const { value } = await generated();
    const results = await Promise.all(
      Array.from({ length: 6 }, () => rotateKey.execute({ id: value.key.id, overlapSeconds: 3_600, actor })),
    );
    const rows: { status: string }[] = await fixture.dataSource.query(
      'SELECT status FROM credential WHERE service_key_id = $1',
      [value.key.id],
    );
    expect(results).toHaveLength(6);
    expect(rows.filter(({ status }) => status === 'active')).toHaveLength(1);
    expect(rows.filter(({ status }) => status === 'retiring')).toHaveLength(6);
  });

  it('of a key that is revoked at the same time leaves nothing usable', async () => {
    for (let round = 0; round < 5; round++) {
      const { value } = await generated();
      await Promise.allSettled([
        rotateKey.execute({ id: value.key.id, actor }),
        revokeKey.execute({ id: value.key.id, actor }),
      ]);
      const rows: { status: string }[] = await fixture.dataSource.query(
        'SELECT status FROM credential WHERE service_key_id = $1',
        [value.key.id],
      );
      expect(new Set(rows.map(({ status }) => status))).toEqual(new Set(['revoked']));
    }
  });
});

describe('the last usable certificate of a key', () => {
  it('outlives its scheduled end when its successor is revoked, and that is said once', async () => {
    const { value } = await generated();
    const { value: rotated } = await rotateKey.execute({ id: value.key.id, overlapSeconds: 60, actor });
    const [successor, old] = rotated.held;
    const { value: left } = await revokeCertificate.execute({
      id: value.key.id,
      sha256: (successor?.sha256 ?? '').toUpperCase(),
      reason: 'keyCompromise',
      actor,
    });
    const kept = rowOf(left.held, old?.sha256);
    expect(await recordOf(kept)).not.toHaveProperty('retiresAtMs');
    expect((await recordOf(rowOf(left.held, successor?.sha256))).status).toBe('revoked');
    const said = () =>
      fixture.events('service-key.retirement-postponed').filter(({ subject }) => subject === value.key.id);
    await until(() => said().length > 0, { what: 'the event' });
    clock += 61_000;
    // The next rotation gives it an end again.
    const { value: again } = await rotateKey.execute({ id: value.key.id, overlapSeconds: 60, actor });
    expect((await recordOf(rowOf(again.held, old?.sha256))).retiresAtMs).toBe(now() + 60_000);
    expect(said()).toHaveLength(1);
    expect(said()[0]?.data).toMatchObject({ certificate: { sha256: old?.sha256 } });
  });

  it('outlives it when the successor expires first', async () => {
    const { value } = await generated({ validity: 365 });
    await fixture.dataSource.query(
      `UPDATE service_key SET parameters = parameters || '{"validity": 1}' WHERE id = $1`,
      [value.key.id],
    );
    const { value: rotated } = await rotateKey.execute({ id: value.key.id, overlapSeconds: 2 * 86_400, actor });
    expect(await recordOf(rowOf(rotated.held, value.held[0]?.sha256))).not.toHaveProperty('retiresAtMs');
  });

  it('is ended by revocation all the same', async () => {
    const { value } = await generated();
    const sha256 = value.held[0]?.sha256 ?? '';
    const { value: left } = await revokeCertificate.execute({ id: value.key.id, sha256, actor });
    expect((await recordOf(left.held[0])).status).toBe('revoked');
    await expect(revokeCertificate.execute({ id: value.key.id, sha256, actor })).rejects.toMatchObject({
      code: 'service-key-state',
    });
  });

  it('that has ended is not brought back by what happens to its successor', async () => {
    const { value } = await generated();
    const { value: rotated } = await rotateKey.execute({ id: value.key.id, overlapSeconds: 1, actor });
    clock += 2_000;
    const { value: left } = await revokeCertificate.execute({
      id: value.key.id,
      sha256: rotated.held[0]?.sha256 ?? '',
      actor,
    });
    expect(rowOf(left.held, value.held[0]?.sha256).postponedAt).toBeNull();
  });
});

describe('revocation', () => {
  it('of an instance ends all its keys, and leaves those of others', async () => {
    const instance = await fixture.createInstance();
    const make = (id: string, name: string) =>
      fixture.createKey(id, { 'key-type': 'certificate', 'key-algorithm': 'P-256' }, name);
    const keys = [await make(instance, 'a'), await make(instance, 'b')];
    const other = await make(await fixture.createInstance(), 'c');
    const revoke = called(revokeServiceInstance, new RevokeServiceInstance(fixture.changes, now));
    const { value } = await revoke.execute({ id: instance, reason: 'cessationOfOperation', actor });
    expect(value.map(({ key }) => key.id).sort()).toEqual(keys.map(({ value: { key } }) => key.id).sort());
    for (const { held } of value) expect((await recordOf(held[0])).status).toBe('revoked');
    expect((await recordOf(other.value.held[0])).status).toBe('active');
    expect((await revoke.execute({ id: instance, actor })).value).toEqual([]);
  });

  it.each(['certificateHold', 'removeFromCRL', 'x', 7])('refuses the reason %p', async (reason) => {
    await expect(revokeKey.execute({ id: 'any', reason, actor })).rejects.toMatchObject({ code: 'invalid-argument' });
  });

  it('of a certificate that the key does not hold, or of an unpinned key, is refused', async () => {
    const { value } = await generated();
    await expect(revokeCertificate.execute({ id: value.key.id, sha256: '00'.repeat(32), actor })).rejects.toMatchObject(
      { code: 'not-found' },
    );
    const leaf = await (await TestAuthority.root({ subject: 'CN=Unpinned Root 2' })).leaf({ subject: 'CN=z' });
    const unpinned = await fixture.createKey(await fixture.createInstance(), {
      'key-type': 'certificate_external',
      'X.509': leaf.pem,
      'pin-certificate': false,
    });
    await expect(
      revokeCertificate.execute({ id: unpinned.value.key.id, sha256: leaf.sha256, actor }),
    ).rejects.toMatchObject({ code: 'service-key-state' });
  });
});
