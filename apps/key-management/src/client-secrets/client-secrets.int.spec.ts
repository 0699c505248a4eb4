import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  type findServiceKeys,
  type rotateServiceKey,
  stateKey,
  type DecodedRequestOf,
  type SecretRecord,
  type ServiceKeyView,
} from '@sluice/contracts';
import { readAudit } from '@sluice/persistence';
import { TestNats, TestPostgres, until } from '@sluice/testing';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { NotifyExpiringSecrets } from '../expiry/notify-expiring-secrets.js';
import { RetireUnused } from '../expiry/retire-unused.js';
import { ServiceInstancesController } from '../service-instances/service-instances.controller.js';
import { ServiceKeysController } from '../service-keys/service-keys.controller.js';
import { allRecords } from '../state/all-records.js';
import { recordOf } from '../state/record-of.js';
import {
  busConfiguration,
  flowUrl,
  startKeyManagement,
  type KeyManagementFixture,
} from '../testing/key-management-fixture.js';
import { hashSecret, matchSecret } from './hash-secret.js';

const minute = 60_000;
const day = 86_400_000;
const started = Date.now();
let clock = started;
let postgres: TestPostgres;
let nats: TestNats;
let connection: NatsConnection;
let fixture: KeyManagementFixture;
let keys: ServiceKeysController;
let instances: ServiceInstancesController;
const anna = { name: 'anna' };

beforeAll(async () => {
  [postgres, nats] = await Promise.all([
    TestPostgres.start(),
    TestNats.start({ configuration: ({ listen, folder }) => busConfiguration(listen, join(folder, 'jetstream')) }),
  ]);
  connection = await connect({ servers: nats.url });
  fixture = await startKeyManagement({ databaseUrl: await postgres.createDatabase(), connection, now: () => clock });
  keys = fixture.get(ServiceKeysController);
  instances = fixture.get(ServiceInstancesController);
}, 90_000);

afterAll(async () => {
  await fixture?.stop();
  await connection?.close();
  await Promise.all([nats?.stop(), postgres?.stop()]);
});

const newKey = async (more: { validity?: number } = {}, serviceInstanceId?: string) => {
  const { serviceKey } = await keys.create({
    serviceInstanceId: serviceInstanceId ?? (await fixture.createInstance()),
    name: `key-${randomUUID().slice(0, 8)}`,
    parameters: { 'key-type': 'client_secret', ...more },
    actor: anna,
  });
  return serviceKey;
};
const rotate = async (id: string, more: Partial<DecodedRequestOf<typeof rotateServiceKey>>) => {
  clock += 1;
  return (await keys.rotate({ id, overlapSeconds: 3_600, actor: anna, ...more })).serviceKey;
};
const idOf = (key: ServiceKeyView, index = 0) => key.secrets[index]?.id ?? '';
const hashesOf = (serviceKeyId: string) =>
  fixture.dataSource.query<{ id: string; hash: string }[]>(
    'SELECT id, hash FROM client_secret WHERE service_key_id = $1 ORDER BY id',
    [serviceKeyId],
  );
const versionOf = async (id: string) => {
  const [row] = await fixture.dataSource.query<{ version: string }[]>(
    'SELECT version FROM client_secret WHERE id = $1',
    [id],
  );
  return Number(row?.version ?? 0);
};
/** The record in the stream, once it is the one that Postgres has; a deleted one has none. */
const published = (id: string) =>
  until(
    async () => {
      const version = await versionOf(id);
      const { record } = await fixture.follower.fetch<'secret'>(stateKey.secret(id));
      return version > 0 && record?.version === version ? record : undefined;
    },
    { what: 'the record of the secret' },
  );
const ended = (id: string) =>
  until(async () => (await fixture.follower.fetch<'secret'>(stateKey.secret(id))).record === undefined, {
    what: 'the end of the record',
  });
const eventsOf = (name: Parameters<KeyManagementFixture['events']>[0], id: string) =>
  fixture.events(name).filter(({ subject }) => subject === id);

describe('the secrets of a key', () => {
  it('attack 34: are known to nobody once shown: what is stored, published, told and audited has neither secret nor hash', async () => {
    const key = await newKey();
    const secret = key.credentials.clientsecret ?? '';
    expect(Buffer.from(secret, 'base64url')).toHaveLength(32);
    const rotated = await rotate(key.id, {});
    await published(idOf(rotated));
    await until(() => eventsOf('service-key.rotated', key.id).length === 1, { what: 'the event' });
    const stored = await hashesOf(key.id);
    expect(stored).toHaveLength(2);
    const records: unknown[] = [];
    for await (const record of allRecords(fixture.dataSource)) records.push(record);
    const audit: unknown[] = [];
    audit.push(...(await readAudit(fixture.dataSource.manager, 0, 1_000)));
    const seen = JSON.stringify([
      await keys.get({ id: key.id }),
      await keys.list({ serviceInstanceId: key.serviceInstanceId, limit: 10 }),
      eventsOf('service-key.created', key.id),
      eventsOf('service-key.rotated', key.id),
      records,
      audit,
    ]);
    expect(seen).toContain(idOf(rotated));
    for (const { hash } of stored) expect(seen).not.toContain(hash.split('$').at(-1));
    for (const shown of [secret, rotated.credentials.clientsecret ?? '-']) expect(seen).not.toContain(shown);
    expect(JSON.stringify(stored)).not.toContain(secret);
  });

  it('are shown with where their tokens are got: at the flows, or at the admin API for the plan api', async () => {
    const { serviceInstance } = await instances.create({ name: 'automation', plan: 'api', actor: anna });
    const addressesOf = async (serviceInstanceId?: string) => {
      const made = await newKey({}, serviceInstanceId);
      const shown = [made, await rotate(made.id, {}), await keys.get({ id: made.id })];
      return [...new Set(shown.map(({ credentials: { url, tokenurl } }) => `${url} ${tokenurl}`))];
    };
    expect(await addressesOf(serviceInstance.id)).toEqual(['http://127.0.0.1:8080 http://127.0.0.1:8080/oauth/token']);
    expect(await addressesOf()).toEqual([`${flowUrl} ${flowUrl}/oauth/token`]);
  });

  it('are two side by side while the key is rotated, then one by the clock alone', async () => {
    const key = await newKey();
    expect(key.secrets).toMatchObject([{ status: 'active' }]);
    const rotated = await rotate(key.id, {});
    expect(rotated.credentials.clientsecret).not.toBe(key.credentials.clientsecret);
    expect(rotated.secrets).toMatchObject([
      { status: 'active' },
      { id: idOf(key), status: 'retiring', retiresAt: new Date(clock + 3_600_000).toISOString() },
    ]);
    expect(await published(idOf(key))).toMatchObject({ status: 'retiring', retiresAtMs: clock + 3_600_000 });
    expect(await published(idOf(rotated))).toMatchObject({ status: 'active', serviceKeyId: key.id });
    const [created] = eventsOf('service-key.rotated', key.id);
    expect(created?.data).toMatchObject({ secret: { id: idOf(rotated) }, predecessorSecret: { id: idOf(key) } });
    expect(created?.data).not.toHaveProperty('certificate');
  });

  it('take one derivation to be told apart, however many are valid', async () => {
    const key = await newKey();
    const rotated = await rotate(key.id, {});
    const hashes = (await hashesOf(key.id)).map(({ hash }) => hash);
    const salts = new Set(hashes.map((hash) => hash.split('$').slice(0, -1).join('$')));
    expect(salts.size).toBe(1);
    expect(await matchSecret(key.credentials.clientsecret ?? '', hashes)).not.toBe(
      await matchSecret(rotated.credentials.clientsecret ?? '', hashes),
    );
    expect(await matchSecret('wrong', hashes)).toBe(-1);
    expect(await matchSecret('wrong', [])).toBe(-1);
    expect(await hashSecret('wrong')).not.toBe(await hashSecret('wrong'));
  });

  it('are given again to who repeats the rotation with its Idempotency-Key', async () => {
    const key = await newKey();
    const request = { id: key.id, overlapSeconds: 60, actor: anna, idempotencyKey: 'rotate-secret' };
    const first = await keys.rotate({ ...request });
    const [kept]: { answer: Buffer }[] = await fixture.dataSource.query(
      `SELECT answer FROM idempotent_answer WHERE key = 'rotate-secret'`,
    );
    expect(kept?.answer.includes(first.serviceKey.credentials.clientsecret ?? '-')).toBe(false);
    expect(await keys.rotate({ ...request })).toEqual(first);
    expect(await hashesOf(key.id)).toHaveLength(2);
  });

  it('refuse what a rotation of certificates brings, and a stale If-Match', async () => {
    const key = await newKey();
    const tag = [(await keys.get({ id: key.id })).etag ?? ''];
    await expect(rotate(key.id, { 'X.509': 'x' })).rejects.toMatchObject({ code: 'invalid-argument' });
    await rotate(key.id, { ifMatch: tag });
    await expect(rotate(key.id, { ifMatch: tag })).rejects.toMatchObject({ code: 'precondition-failed' });
    await expect(
      keys.revokeOneSecret({ id: key.id, secretId: idOf(key), reason: 'superseded', ifMatch: tag, actor: anna }),
    ).rejects.toMatchObject({ code: 'precondition-failed' });
  });

  it('are revoked one by one, and a schedule never ends the last', async () => {
    const key = await newKey();
    const rotated = await rotate(key.id, {});
    const { serviceKey } = await keys.revokeOneSecret({
      id: key.id,
      secretId: idOf(rotated),
      reason: 'keyCompromise',
      actor: anna,
    });
    expect(serviceKey).toMatchObject({
      status: 'active',
      secrets: [
        { id: idOf(rotated), status: 'revoked', revocationReason: 'keyCompromise' },
        { id: idOf(key), status: 'retiring', retirementPostponedAt: new Date(clock).toISOString() },
      ],
    });
    expect((await published(idOf(rotated))).status).toBe('revoked');
    expect(await published(idOf(key))).not.toHaveProperty('retiresAtMs');
    await until(() => eventsOf('service-key.retirement-postponed', key.id).length === 1, { what: 'the event' });
    expect(eventsOf('service-key.revoked', key.id)[0]?.data).toMatchObject({
      secrets: [{ id: idOf(rotated) }],
      keyRevoked: false,
    });
    const again = { id: key.id, secretId: idOf(rotated), reason: 'superseded' as const, actor: anna };
    await expect(keys.revokeOneSecret(again)).rejects.toMatchObject({ code: 'service-key-state' });
    await expect(keys.revokeOneSecret({ ...again, secretId: randomUUID() })).rejects.toMatchObject({
      code: 'not-found',
    });
    const last = await keys.revokeOneSecret({ ...again, secretId: idOf(key) });
    expect(last.serviceKey.status).toBe('expired');
    expect((await rotate(key.id, {})).status).toBe('active');
  });

  it('end with their key, with all keys of the instance, and with what is deleted', async () => {
    const serviceInstanceId = await fixture.createInstance();
    const [one, two, gone] = [
      await newKey({}, serviceInstanceId),
      await newKey({}, serviceInstanceId),
      await newKey({}, serviceInstanceId),
    ];
    await keys.revoke({ id: one.id, reason: 'superseded', actor: anna });
    expect((await published(idOf(one))).status).toBe('revoked');
    await keys.delete({ id: gone.id, actor: anna });
    await ended(idOf(gone));
    expect(await recordOf(fixture.dataSource, stateKey.secret(idOf(gone)))).toBeUndefined();
    const { serviceKeys } = await instances.revoke({ id: serviceInstanceId, reason: 'superseded', actor: anna });
    expect(serviceKeys).toMatchObject([{ id: two.id, secrets: [{ status: 'revoked' }] }]);
    expect((await published(idOf(two))).status).toBe('revoked');
    await instances.delete({ id: serviceInstanceId, force: true, actor: anna });
    await ended(idOf(two));
  });

  it('stand in the stream as Postgres has them, so that comparing finds nothing', async () => {
    const key = await newKey({ validity: 10 });
    await rotate(key.id, {});
    const records = new Map<string, SecretRecord>();
    for await (const record of allRecords(fixture.dataSource))
      if (record.key.startsWith('secret.')) records.set(record.key, record as SecretRecord);
    for (const { id } of (await keys.get({ id: key.id })).secrets) {
      const record = await published(id);
      expect(records.get(record.key)).toEqual(record);
      expect(await recordOf(fixture.dataSource, record.key)).toEqual(record);
    }
  });

  it('expire where their key says so, are told of before and after, and are replaced with as long a life', async () => {
    clock = started;
    const notify = new NotifyExpiringSecrets(fixture.changes, [30, 14, 7, 3, 1]);
    const key = await newKey({ validity: 20 });
    const forever = await newKey();
    expect(key.secrets[0]?.validuntil).toBe(new Date(started + 20 * day).toISOString());
    expect(forever.secrets[0]).not.toHaveProperty('validuntil');
    expect((await published(idOf(key))).notAfterMs).toBe(started + 20 * day);
    const daysLeft = () => eventsOf('service-key.expiring', key.id).map(({ data }) => data['daysLeft']);
    for (const at of [0, 7, 7, 18]) {
      clock = started + at * day;
      await Promise.all([notify.execute(clock), notify.execute(clock)]);
    }
    await until(() => daysLeft().length === 2, { what: 'two events' });
    expect(daysLeft()).toEqual([14, 3]);
    clock = started + 20 * day + minute;
    await Promise.all([notify.execute(clock), notify.execute(clock)]);
    await until(() => eventsOf('service-key.expired', key.id).length === 1, { what: 'the event' });
    expect(eventsOf('service-key.expired', key.id)[0]?.data).toMatchObject({
      secret: { id: idOf(key) },
      usableSecrets: 0,
    });
    expect(eventsOf('service-key.expired', forever.id)).toEqual([]);
    const rotated = await rotate(key.id, {});
    expect(rotated.secrets[0]?.validuntil).toBe(new Date(clock + 20 * day).toISOString());
    clock = started;
  });

  it('show when they were used last, as runtimes report it, and end when they were not for so long', async () => {
    clock = started;
    const key = await newKey();
    const report = (secrets: { id: string; serviceKeyId: string; atMs: number }[]) =>
      keys.takeUsage({ used: [], secrets });
    await report([
      { id: idOf(key), serviceKeyId: key.id, atMs: clock + day },
      { id: idOf(key), serviceKeyId: randomUUID(), atMs: clock },
      { id: randomUUID(), serviceKeyId: key.id, atMs: clock },
    ]);
    expect((await keys.get({ id: key.id })).secrets[0]?.lastUsedAt).toBe(new Date(clock).toISOString());
    await rotate(key.id, { overlapSeconds: 0, retireAfterUnusedDays: 2 });
    const retire = new RetireUnused(fixture.dataSource, fixture.changes);
    const statuses = async () => {
      await retire.execute(clock);
      return (await published(idOf(key))).retiresAtMs;
    };
    const watch = () =>
      fixture.dataSource.query('UPDATE usage_watch SET since = $1, last = $2', [
        new Date(clock - 10 * minute),
        new Date(clock),
      ]);
    clock = started + day;
    await watch();
    expect(await statuses()).toBeUndefined();
    clock = started + 2 * day + minute;
    await watch();
    expect(await statuses()).toBe(clock);
    clock = started;
  });

  it('count in the lists of what ends and of what nobody uses', async () => {
    clock = started;
    const serviceInstanceId = await fixture.createInstance();
    const soon = await newKey({ validity: 5 }, serviceInstanceId);
    const forever = await newKey({}, serviceInstanceId);
    const find = async (search: Partial<DecodedRequestOf<typeof findServiceKeys>>) =>
      (await keys.find({ serviceInstanceId, limit: 10, ...search })).items.map(({ id }) => id);
    const at = (days: number) => new Date(started + days * day).toISOString();
    expect(await find({ expiringBefore: at(6) })).toEqual([soon.id]);
    expect(await find({ status: 'expired' })).toEqual([]);
    clock = started + 6 * day;
    expect(await find({ status: 'expired' })).toEqual([soon.id]);
    expect(await find({ status: 'active' })).toEqual([forever.id]);
    await keys.takeUsage({ used: [], secrets: [{ id: idOf(forever), serviceKeyId: forever.id, atMs: clock }] });
    expect(await find({ unusedSince: at(5) })).toEqual([soon.id]);
    clock = started;
  });

  it('of a process of the version before are taken over', async () => {
    const { id, serviceInstanceId } = await newKey();
    const older = randomUUID();
    await fixture.dataSource.query(
      `INSERT INTO service_key (id, service_instance_id, name, key_type, parameters, status, secret_hash, created_at, updated_at)
       SELECT $1, service_instance_id, 'older', key_type, parameters, status, $3, created_at, updated_at FROM service_key WHERE id = $2`,
      [older, id, await hashSecret('older')],
    );
    const [secret] = (await keys.get({ id: older })).secrets;
    expect(secret).toMatchObject({ status: 'active' });
    expect(await recordOf(fixture.dataSource, stateKey.secret(secret?.id ?? ''))).toMatchObject({
      serviceKeyId: older,
      serviceInstanceId,
    });
    await fixture.dataSource.query(`UPDATE service_key SET status = 'revoked' WHERE id = $1`, [older]);
    expect((await keys.get({ id: older })).secrets).toMatchObject([{ status: 'revoked' }]);
    await fixture.dataSource.query(`DELETE FROM service_key WHERE id = $1`, [older]);
    expect(await hashesOf(older)).toEqual([]);
  });
});
