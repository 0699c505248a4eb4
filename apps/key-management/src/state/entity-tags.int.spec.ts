import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { configureRevocation } from '@sluice/contracts';
import { TestAuthority, TestNats, TestPostgres } from '@sluice/testing';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { join } from 'node:path';
import { IssuingCasController } from '../issuing-cas/issuing-cas.controller.js';
import { ServiceInstancesController } from '../service-instances/service-instances.controller.js';
import { ServiceKeysController } from '../service-keys/service-keys.controller.js';
import { busConfiguration, startKeyManagement, type KeyManagementFixture } from '../testing/key-management-fixture.js';
import { TrustedRootsController } from '../trusted-roots/trusted-roots.controller.js';

let postgres: TestPostgres;
let nats: TestNats;
let connection: NatsConnection;
let fixture: KeyManagementFixture;
let instances: ServiceInstancesController;
let keys: ServiceKeysController;
let roots: TrustedRootsController;
let cas: IssuingCasController;
const actor = { name: 'anna' };

beforeAll(async () => {
  [postgres, nats] = await Promise.all([
    TestPostgres.start(),
    TestNats.start({ configuration: ({ listen, folder }) => busConfiguration(listen, join(folder, 'jetstream')) }),
  ]);
  connection = await connect({ servers: nats.url });
  fixture = await startKeyManagement({ databaseUrl: await postgres.createDatabase(), connection, now: Date.now });
  instances = fixture.get(ServiceInstancesController);
  keys = fixture.get(ServiceKeysController);
  roots = fixture.get(TrustedRootsController);
  cas = fixture.get(IssuingCasController);
}, 90_000);

afterAll(async () => {
  await fixture?.stop();
  await connection?.close();
  await Promise.all([nats?.stop(), postgres?.stop()]);
});

const outcomes = async (work: readonly Promise<unknown>[]) =>
  (await Promise.allSettled(work)).map((each) =>
    each.status === 'fulfilled' ? 'made' : ((each.reason as { code?: string }).code ?? String(each.reason)),
  );
const failed = 'precondition-failed';
const tagOf = async (thing: Promise<{ etag?: string | undefined }>) => (await thing).etag ?? 'none';

describe('the entity tag of a service instance', () => {
  it('is the same in every answer until it is changed, and keeps who has read it before from changing it', async () => {
    const id = await fixture.createInstance();
    const first = await tagOf(instances.get({ id }));
    const change = { id, parameters: { 'token-validity': 7_200 }, actor };
    const { etag } = await instances.update({ ...change, ifMatch: ['something else', first] });
    expect([etag === first, await tagOf(instances.get({ id }))]).toEqual([false, etag]);
    expect(
      await outcomes([
        instances.update({ ...change, ifMatch: [first] }),
        instances.delete({ id, force: false, ifMatch: [first], actor }),
        instances.update({ ...change, ifMatch: '*' }),
      ]),
    ).toEqual([failed, failed, 'made']);
  });

  it('lets one of two changes at once through', async () => {
    for (let turn = 0; turn < 10; turn++) {
      const id = await fixture.createInstance();
      const ifMatch = [await tagOf(instances.get({ id }))];
      const ended = await outcomes([
        instances.update({ id, name: `one-${turn}`, ifMatch, actor }),
        turn % 2 === 0
          ? instances.update({ id, name: `two-${turn}`, ifMatch, actor })
          : instances.delete({ id, force: false, ifMatch, actor }),
      ]);
      expect(ended.filter((each) => each === 'made')).toHaveLength(1);
    }
  });
});

describe('the entity tag of a service key', () => {
  it('changes with its certificates, not with their use, and keeps a key from being deleted that was rotated meanwhile', async () => {
    const { value } = await fixture.createKey(await fixture.createInstance(), {
      'key-type': 'certificate',
      'key-algorithm': 'P-256',
    });
    const { id } = value.key;
    const first = await tagOf(keys.get({ id }));
    const sha256 = value.held[0]?.sha256 ?? '';
    await keys.takeUsage({ used: [{ sha256, serviceKeyId: id, atMs: Date.now() }], secrets: [] });
    expect((await keys.get({ id })).certificates[0]?.lastUsedAt).toBeDefined();
    expect(await tagOf(keys.get({ id }))).toBe(first);
    const second = await tagOf(keys.rotate({ id, overlapSeconds: 60, actor }));
    expect(await tagOf(keys.get({ id }))).toBe(second);
    expect(await outcomes([keys.delete({ id, ifMatch: [first], actor })])).toEqual([failed]);
    const third = await tagOf(keys.revokeOneCertificate({ id, sha256, reason: 'superseded', actor }));
    expect(await tagOf(keys.get({ id }))).toBe(third);
    expect(await outcomes([keys.delete({ id, ifMatch: [second], actor })])).toEqual([failed]);
    expect(await outcomes([keys.delete({ id, ifMatch: [third], actor })])).toEqual(['made']);
  });
});

describe('the entity tag, at what is done with a thing by POST', () => {
  const key = async () =>
    fixture.createKey(await fixture.createInstance(), { 'key-type': 'certificate', 'key-algorithm': 'P-256' });

  it('keeps a key from being rotated or revoked by who has not seen its last change', async () => {
    const { value } = await key();
    const { id } = value.key;
    const sha256 = value.held[0]?.sha256 ?? '';
    const first = await tagOf(keys.get({ id }));
    const second = await tagOf(keys.rotate({ id, overlapSeconds: 60, ifMatch: [first], actor }));
    const certificates = async () => (await keys.get({ id })).certificates.length;
    expect([first === second, await certificates()]).toEqual([false, 2]);
    expect(
      await outcomes([
        keys.rotate({ id, overlapSeconds: 60, ifMatch: [first], actor }),
        keys.revoke({ id, reason: 'superseded', ifMatch: [first], actor }),
        keys.revokeOneCertificate({ id, sha256, reason: 'superseded', ifMatch: [first], actor }),
      ]),
    ).toEqual([failed, failed, failed]);
    expect([await tagOf(keys.get({ id })), await certificates()]).toEqual([second, 2]);
    const third = await tagOf(
      keys.revokeOneCertificate({ id, sha256, reason: 'superseded', ifMatch: [second], actor }),
    );
    expect(await outcomes([keys.revoke({ id, reason: 'superseded', ifMatch: [third], actor })])).toEqual(['made']);
    expect(await outcomes([keys.revoke({ id, reason: 'superseded', ifMatch: '*', actor })])).toEqual([
      'service-key-state',
    ]);
  });

  it('lets one of two rotations at once through', async () => {
    for (let turn = 0; turn < 5; turn++) {
      const { id } = (await key()).value.key;
      const ifMatch = [await tagOf(keys.get({ id }))];
      const rotation = () => keys.rotate({ id, overlapSeconds: 60, ifMatch, actor });
      const ended = await outcomes([rotation(), rotation()]);
      expect([ended.sort(), (await keys.get({ id })).certificates.length]).toEqual([['made', failed], 2]);
    }
  });

  it('keeps all keys of an instance from being revoked when the instance was changed', async () => {
    const { value } = await key();
    const { serviceInstanceId } = value.key;
    const id = serviceInstanceId;
    const first = await tagOf(instances.get({ id }));
    const second = await tagOf(instances.update({ id, parameters: { 'token-validity': 7_200 }, actor }));
    const revoke = (ifMatch: string) => instances.revoke({ id, reason: 'superseded', ifMatch: [ifMatch], actor });
    expect(await outcomes([revoke(first)])).toEqual([failed]);
    expect((await keys.get({ id: value.key.id })).status).toBe('active');
    expect(await outcomes([revoke(second)])).toEqual(['made']);
    expect((await keys.get({ id: value.key.id })).status).toBe('revoked');
  });

  it('keeps an issuing CA from being activated, retired or revoked by who has not seen what it is now', async () => {
    const prepared = await cas.prepare({ root: 'present', actor });
    const { id } = prepared.issuingCa;
    const first = await tagOf(cas.get({ id }));
    expect(first).toBe(prepared.etag);
    const [before] = (await cas.list({ limit: 100 })).items.filter(({ status }) => status === 'active');
    const beforeTag = await tagOf(cas.get({ id: before?.id ?? '' }));
    expect(await outcomes([cas.activate({ id, ifMatch: [beforeTag], actor })])).toEqual([failed]);
    const active = await tagOf(cas.activate({ id, ifMatch: [first], actor }));
    expect([active === first, await tagOf(cas.get({ id }))]).toEqual([false, active]);
    // The one before retires by that: its tag is another.
    const old = before?.id ?? '';
    expect(await outcomes([cas.retire({ id: old, force: true, ifMatch: [beforeTag], actor })])).toEqual([failed]);
    const retiring = await tagOf(cas.get({ id: old }));
    const retired = await tagOf(cas.retire({ id: old, force: true, ifMatch: [retiring], actor }));
    expect(await outcomes([cas.revoke({ id: old, reason: 'superseded', ifMatch: [retiring], actor })])).toEqual([
      failed,
    ]);
    expect(await outcomes([cas.revoke({ id: old, reason: 'superseded', ifMatch: [retired], actor })])).toEqual([
      'made',
    ]);
  });

  it('of an issuing CA is the same however many certificates live by it', async () => {
    const id = (await cas.list({ limit: 100 })).items.find(({ status }) => status === 'active')?.id ?? '';
    const before = await cas.get({ id });
    await key();
    const after = await cas.get({ id });
    expect([after.usableCertificates, after.etag]).toEqual([before.usableCertificates + 1, before.etag]);
  });
});

describe('the entity tag of a trusted root', () => {
  const policy = (more: object) =>
    configureRevocation.request.shape.policy.parse({ failure: 'soft', scope: 'leaf', ...more });

  it('is of what administrators set: a CRL that comes into force leaves it as it is', async () => {
    const root = await TestAuthority.root({ subject: 'CN=Tagged Root' });
    const { trustedRoot, etag: added } = await roots.add({ pem: root.pem, actor });
    const { sha256 } = trustedRoot;
    expect(await tagOf(roots.get({ sha256 }))).toBe(added);
    const set = await tagOf(roots.configure({ sha256, policy: policy({}), ifMatch: [added ?? ''], actor }));
    expect([set === added, await tagOf(roots.get({ sha256 }))]).toEqual([false, set]);
    const versionOf = async () =>
      (
        await fixture.dataSource.query<{ version: string }[]>('SELECT version FROM trusted_root WHERE sha256 = $1', [
          sha256,
        ])
      )[0]?.version;
    const version = await versionOf();
    await roots.addList({ sha256, content: Buffer.from(await root.certificateList({})).toString('base64'), actor });
    expect(await versionOf()).not.toBe(version);
    expect(await tagOf(roots.get({ sha256 }))).toBe(set);
    const change = { sha256, policy: policy({ clockSkewSeconds: 1 }), actor };
    expect(
      await outcomes([
        roots.configure({ ...change, ifMatch: [added ?? ''] }),
        roots.remove({ sha256, ifMatch: [added ?? ''], actor }),
        roots.configure({ sha256, ifMatch: [added ?? ''], actor }),
      ]),
    ).toEqual([failed, failed, failed]);
    expect(await outcomes([roots.remove({ sha256, ifMatch: [set], actor })])).toEqual(['made']);
  });

  it('lets one of two changes at once through', async () => {
    for (let turn = 0; turn < 6; turn++) {
      const root = await TestAuthority.root({ subject: `CN=Raced Root ${turn}` });
      const { trustedRoot, etag } = await roots.add({ pem: root.pem, actor });
      const { sha256 } = trustedRoot;
      const ifMatch = [etag ?? ''];
      const ended = await outcomes([
        roots.configure({ sha256, policy: policy({}), ifMatch, actor }),
        turn % 2 === 0
          ? roots.configure({ sha256, policy: policy({ clockSkewSeconds: 2 }), ifMatch, actor })
          : roots.remove({ sha256, ifMatch, actor }),
      ]);
      expect(ended.filter((each) => each === 'made')).toHaveLength(1);
    }
  });
});
