import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { prepareIssuingCa, revokeIssuingCa, revokeServiceKey } from '@sluice/contracts';
import { RecordReader, StateBucket, StateFollower } from '@sluice/messaging';
import { decodePem, encodePem, parseCertificate, parseCertificateList } from '@sluice/pki';
import { TemporaryFolder, TestNats, TestPostgres, until } from '@sluice/testing';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { FourEyes } from '../proposals/four-eyes.js';
import { ActivateIssuingCa } from './activate-issuing-ca.js';
import { IssuedCertificateList } from './issued-certificate-list.js';
import { DeleteServiceKey } from '../service-keys/delete-service-key.js';
import { RetireIssuingCa } from './retire-issuing-ca.js';
import { RevokeIssuingCa } from './revoke-issuing-ca.js';
import { RevokeServiceKey } from '../service-keys/revoke-service-key.js';
import { RotateServiceKey } from '../service-keys/rotate-service-key.js';
import {
  actor,
  busConfiguration,
  addresses,
  startKeyManagement,
  type KeyManagementFixture,
} from '../testing/key-management-fixture.js';
import { PrepareIssuingCa } from './prepare-issuing-ca.js';
import { called } from '../testing/called.js';
import { CertificateAuthorityRow } from './certificate-authority.entity.js';

const hour = 3_600_000;
let clock = Date.now();
const now = () => clock;
let postgres: TestPostgres;
let nats: TestNats;
let connection: NatsConnection;
let fixture: KeyManagementFixture;
let prepare: ReturnType<
  typeof called<
    typeof prepareIssuingCa,
    Parameters<PrepareIssuingCa['execute']>[0],
    Awaited<ReturnType<PrepareIssuingCa['execute']>>
  >
>;
let activate: ActivateIssuingCa;
let retire: RetireIssuingCa;
let revokeCa: ReturnType<
  typeof called<
    typeof revokeIssuingCa,
    Parameters<RevokeIssuingCa['execute']>[0],
    Awaited<ReturnType<RevokeIssuingCa['execute']>>
  >
>;
let lists: IssuedCertificateList;
/** Sees the CAs as those do who decide. */
let decider: StateFollower;

beforeAll(async () => {
  [postgres, nats] = await Promise.all([
    TestPostgres.start(),
    TestNats.start({
      configuration: ({ listen, folder }) => busConfiguration(listen, join(folder, 'jetstream')),
    }),
  ]);
  connection = await connect({ servers: nats.url });
  fixture = await startKeyManagement({
    databaseUrl: await postgres.createDatabase(),
    connection,
    now,
    crlBaseUrl: 'http://crl.example',
  });
  decider = new StateFollower({
    connection,
    bucket: await StateBucket.open(connection),
    reader: new RecordReader([fixture.recordKey]),
    holds: ['ca'],
    onFault: () => undefined,
  });
  decider.start();
  prepare = called(prepareIssuingCa, new PrepareIssuingCa(fixture.changes, fixture.authority));
  activate = new ActivateIssuingCa(fixture.changes);
  retire = new RetireIssuingCa(fixture.get(FourEyes), now);
  revokeCa = called(revokeIssuingCa, new RevokeIssuingCa(fixture.get(FourEyes), fixture.authority, now));
  lists = new IssuedCertificateList(fixture.dataSource, fixture.authority, now);
}, 90_000);

afterAll(async () => {
  decider.stop();
  await fixture.stop();
  await connection.close();
  await Promise.all([nats.stop(), postgres.stop()]);
});

const newKey = async () =>
  (await fixture.createKey(await fixture.createInstance(), { 'key-type': 'certificate', 'key-algorithm': 'P-256' }))
    .value;
const chainOf = (key: Awaited<ReturnType<typeof newKey>>) =>
  decodePem(key.credentials.certificate ?? '').map((der) => parseCertificate(der));
const row = (id: string) => fixture.dataSource.manager.findOneByOrFail(CertificateAuthorityRow, { id });
const active = () =>
  fixture.dataSource.manager.findOneByOrFail(CertificateAuthorityRow, { kind: 'issuing', status: 'active' });
const published = (id: string, status: string) =>
  until(() => decider.held<'ca'>(`ca.${id}`).record?.status === status, { what: `ca.${id} as ${status}` });

describe('the issuing CA', () => {
  it('is replaced by a prepared one, and what both issued stays valid', async () => {
    const before = await active();
    const old = await newKey();
    const { value: prepared } = await prepare.execute({ actor });
    await published(prepared.id, 'prepared');
    expect((await newKey()).held[0]?.issuedBy).toBe(before.id);
    await activate.execute({ id: prepared.id, actor });
    await published(prepared.id, 'active');
    await published(before.id, 'retiring');
    const young = await newKey();
    const [leaf, issuing, root] = chainOf(young);
    expect(young.held[0]?.issuedBy).toBe(prepared.id);
    expect(issuing?.sha256).toBe(prepared.sha256);
    expect(leaf?.issuerKey).toBe(issuing?.subjectKey);
    expect(issuing?.subjectKey).not.toBe(parseCertificate(before.certificate).subjectKey);
    expect(root?.sha256).toBe(chainOf(old)[2]?.sha256);
    expect((await row(before.parentId as string)).status).toBe('active');
    expect(fixture.events('issuing-ca.activated').at(-1)?.data).toMatchObject({ predecessor: { id: before.id } });
    expect(fixture.events('issuing-ca.prepared').at(-1)?.subject).toBe(prepared.id);
  });

  it('is prepared one at a time, and activated once', async () => {
    const results = await Promise.allSettled([prepare.execute({ actor }), prepare.execute({ actor })]);
    const made = results.find((result) => result.status === 'fulfilled');
    const refused = results.find((result) => result.status === 'rejected');
    expect((refused?.reason as { code: string }).code).toBe('issuing-ca-state');
    const id = made?.value.value.id ?? '';
    const twice = await Promise.allSettled([activate.execute({ id, actor }), activate.execute({ id, actor })]);
    expect(twice.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    await expect(prepare.execute({ root: 'other', actor })).rejects.toMatchObject({ code: 'invalid-argument' });
    await expect(activate.execute({ id: 'no-id', actor })).rejects.toMatchObject({ code: 'not-found' });
  });

  it('changes while keys are made: each key has a certificate of a CA that was active', async () => {
    const { value: prepared } = await prepare.execute({ actor });
    const before = await active();
    const instance = await fixture.createInstance();
    const making = Array.from({ length: 12 }, (_, index) =>
      fixture.createKey(instance, { 'key-type': 'certificate', 'key-algorithm': 'P-256' }, `k${index}`),
    );
    const [, ...made] = await Promise.all([activate.execute({ id: prepared.id, actor }), ...making]);
    for (const { value } of made) expect([before.id, prepared.id]).toContain(value.held[0]?.issuedBy);
    expect((await newKey()).held[0]?.issuedBy).toBe(prepared.id);
  });

  it('is retired only when nothing lives by it any more, and then nothing below it is trusted', async () => {
    const key = await newKey();
    const old = await active();
    const { value: prepared } = await prepare.execute({ actor });
    await expect(retire.execute({ id: old.id, force: true, actor })).rejects.toMatchObject({
      code: 'issuing-ca-state',
    });
    await activate.execute({ id: prepared.id, actor });
    await expect(retire.execute({ id: old.id, force: false, actor })).rejects.toMatchObject({
      code: 'issuing-ca-state',
      details: { usableCertificates: expect.any(Number) as unknown },
    });
    await retire.execute({ id: old.id, force: true, actor });
    await published(old.id, 'retired');
    const { record } = await fixture.follower.fetch<'credential'>(`credential.${key.held[0]?.sha256 ?? ''}`);
    expect(record?.status).toBe('revoked');
    expect(fixture.events('issuing-ca.retired').at(-1)?.subject).toBe(old.id);
  });

  it('comes with a new root when asked, and the old root goes with the last CA below it', async () => {
    const key = await newKey();
    const old = await active();
    const { value: prepared } = await prepare.execute({ root: 'new', actor });
    const newRoot = prepared.parentId as string;
    await published(newRoot, 'prepared');
    expect(fixture.events('issuing-ca.prepared').at(-1)?.data).toMatchObject({
      root: { sha256: (await row(newRoot)).sha256 },
    });
    await activate.execute({ id: prepared.id, actor });
    await published(newRoot, 'active');
    await published(old.parentId as string, 'retiring');
    expect(chainOf(await newKey())[2]?.sha256).toBe((await row(newRoot)).sha256);
    const rotate = new RotateServiceKey(fixture.dataSource, fixture.changes, fixture.authority, addresses, now);
    const rotated = await rotate.execute({ id: key.key.id, overlapSeconds: 3_600, actor });
    expect(rotated.value.held.map(({ status }) => status)).toEqual(['active', 'retiring']);
    const below = await fixture.dataSource.manager.findBy(CertificateAuthorityRow, {
      parentId: old.parentId as string,
      status: 'retiring',
    });
    for (const { id } of below) await retire.execute({ id, force: true, actor });
    await published(old.parentId as string, 'retired');
    const { record } = await fixture.follower.fetch<'credential'>(`credential.${rotated.value.held[0]?.sha256 ?? ''}`);
    expect(record?.status).toBe('active');
  });

  it('gets a successor in the moment the active one is revoked, and every key below hears of it', async () => {
    const key = await newKey();
    const old = await active();
    await revokeCa.execute({ id: old.id, reason: 'keyCompromise', actor });
    await published(old.id, 'revoked');
    const successor = await active();
    expect(successor.id).not.toBe(old.id);
    const told = await until(
      () => fixture.events('service-key.revoked').find(({ subject }) => subject === key.key.id),
      { what: 'the event' },
    );
    expect(told.data).toMatchObject({ reason: 'cACompromise', keyRevoked: false });
    const { record } = await fixture.follower.fetch<'credential'>(`credential.${key.held[0]?.sha256 ?? ''}`);
    expect(record?.status).toBe('revoked');
    expect((await newKey()).held[0]?.issuedBy).toBe(successor.id);
    const list = parseCertificateList((await lists.current(old.parentId as string)).der);
    expect(list.revoked.size).toBeGreaterThan(0);
    await expect(revokeCa.execute({ id: old.id, actor })).rejects.toMatchObject({ code: 'issuing-ca-state' });
  });
});

describe('the CRL of an issuing CA', () => {
  const openssl = (...args: string[]) => spawnSync('openssl', args, { encoding: 'utf8' });
  const withOpenssl = openssl('version').status === 0 || process.env['CI'] === 'true' ? it : it.skip;
  if (withOpenssl !== it) process.stderr.write('openssl is not installed: the tests that ask it are skipped\n');
  const revokeKey = (id: string, reason = 'keyCompromise') =>
    called(revokeServiceKey, new RevokeServiceKey(fixture.changes, now)).execute({ id, reason, actor });

  it('is made anew by a revocation and by age, with a number that grows, and else stays as it is', async () => {
    const { id } = await active();
    const [first, same] = [await lists.current(id), await lists.current(id)];
    expect(same.number).toBe(first.number);
    const key = await newKey();
    await revokeKey(key.key.id);
    const [second, alike] = await Promise.all([lists.current(id), lists.current(id)]);
    expect([second.number, alike.number]).toEqual([first.number + 1, first.number + 1]);
    expect(parseCertificateList(second.der).revoked.size).toBe(parseCertificateList(first.der).revoked.size + 1);
    clock += 13 * hour;
    const third = await lists.current(id);
    expect(third.number).toBe(second.number + 1);
    expect(third.nextUpdate.getTime()).toBeGreaterThan(second.nextUpdate.getTime());
    await expect(lists.current('00000000-0000-4000-8000-000000000000')).rejects.toMatchObject({ code: 'not-found' });
  });

  it('is never the one before, though another process makes the next while it is being looked at', async () => {
    const { id } = await active();
    const first = await lists.current(id);
    await revokeKey((await newKey()).key.id);
    const { manager } = fixture.dataSource;
    let made: { number: number } | undefined;
    const hesitant = Object.create(fixture.dataSource) as typeof fixture.dataSource;
    Object.defineProperty(hesitant, 'manager', {
      value: Object.assign(Object.create(manager) as typeof manager, {
        query: async (sql: string, parameters?: unknown[]) => {
          const rows: unknown = await manager.query(sql, parameters);
          if (sql.includes('FROM certificate_list')) made ??= await lists.current(id);
          return rows;
        },
      }),
    });
    const list = await new IssuedCertificateList(hesitant, fixture.authority, now).current(id);
    expect([made?.number, list.number]).toEqual([first.number + 1, first.number + 1]);
  });

  it('goes on listing a certificate whose key was deleted', async () => {
    const { id } = await active();
    const before = parseCertificateList((await lists.current(id)).der).revoked.size;
    const [deleted, revokedFirst] = [await newKey(), await newKey()];
    await revokeKey(revokedFirst.key.id);
    const remove = new DeleteServiceKey(fixture.changes, now);
    for (const { key } of [deleted, revokedFirst]) await remove.execute({ id: key.id, actor });
    expect(parseCertificateList((await lists.current(id)).der).revoked.size).toBe(before + 2);
  });

  it('misses nothing that commits while it is made', async () => {
    const { id } = await active();
    const before = parseCertificateList((await lists.current(id)).der).revoked.size;
    const keys = await Promise.all(Array.from({ length: 8 }, () => newKey()));
    await Promise.all(keys.flatMap(({ key }) => [revokeKey(key.id), lists.current(id)]));
    expect(parseCertificateList((await lists.current(id)).der).revoked.size).toBe(before + 8);
  });

  withOpenssl('lets openssl verify refuse what is revoked, and nothing else', async () => {
    const [good, bad] = [await newKey(), await newKey()];
    await revokeKey(bad.key.id);
    const { id, parentId } = await active();
    const folder = new TemporaryFolder('sluice-crl-');
    try {
      const file = (name: string, content: string | Uint8Array) => {
        writeFileSync(join(folder.path, name), content);
        return join(folder.path, name);
      };
      const { der } = await lists.current(id);
      const { der: rootList } = await lists.current(parentId as string);
      const shown = openssl('crl', '-inform', 'DER', '-in', file('issuing.crl', der), '-noout', '-text');
      expect(shown.stdout).toContain('Version 2');
      expect(shown.stdout).toMatch(/CRL Number/);
      expect(shown.stdout).toContain('Authority Key Identifier');
      expect(shown.stdout).toContain('Key Compromise');
      expect(shown.stdout).toContain('Next Update');
      const crls = file('crls.pem', encodePem(der, 'X509 CRL') + encodePem(rootList, 'X509 CRL'));
      const verify = (key: Awaited<ReturnType<typeof newKey>>, clockBehindMs = 0) => {
        const [leaf, issuing, root] = chainOf(key).map((certificate) => encodePem(certificate.der));
        return openssl(
          ...[
            'verify',
            '-x509_strict',
            '-purpose',
            'sslclient',
            '-crl_check_all',
            '-attime',
            String(((now() - clockBehindMs) / 1_000) | 0),
          ],
          ...['-CAfile', file('root.pem', root ?? ''), '-untrusted', file('issuing.pem', issuing ?? '')],
          ...['-CRLfile', crls, file('leaf.pem', leaf ?? '')],
        );
      };
      expect(verify(good).stdout).toContain('leaf.pem: OK');
      expect(verify(bad).stderr).toContain('certificate revoked');
      // Certificates and CRLs alike are dated back, for receivers whose clock is behind.
      expect(verify(good, 50_000).stdout).toContain('leaf.pem: OK');
      expect(verify(bad, 50_000).stderr).toContain('certificate revoked');
      const list = parseCertificateList(der);
      const entry = list.revoked.find(list.issuerKey, chainOf(bad)[0]?.serialNumberBytes ?? Buffer.of());
      expect(entry?.revocationDate).toBeLessThanOrEqual(list.thisUpdate);
      expect(chainOf(good)[0]?.crlDistributionPoints?.[0]?.name).toMatchObject({
        names: [{ value: `http://crl.example/crl/${id}.crl` }],
      });
    } finally {
      folder.remove();
    }
  });
});
