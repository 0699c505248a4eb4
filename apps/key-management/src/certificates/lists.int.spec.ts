import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { findServiceKeys, listCertificates, type CertificateView } from '@sluice/contracts';
import { TestAuthority, testKey, TestNats, TestPostgres, type TestCertificate } from '@sluice/testing';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { join } from 'node:path';
import { RevokeServiceKey } from '../service-keys/revoke-service-key.js';
import { SearchServiceKeys } from '../service-keys/search-service-keys.js';
import { AddTrustedRoot } from '../trusted-roots/add-trusted-root.js';
import {
  actor,
  busConfiguration,
  startKeyManagement,
  type KeyManagementFixture,
} from '../testing/key-management-fixture.js';
import { ListCertificates } from './list-certificates.js';
import { ServerCertificates, type Server } from './server-certificates.js';

const day = 86_400_000;
let clock = Date.now();
let postgres: TestPostgres;
let nats: TestNats;
let connection: NatsConnection;
let fixture: KeyManagementFixture;

beforeAll(async () => {
  [postgres, nats] = await Promise.all([
    TestPostgres.start(),
    TestNats.start({ configuration: ({ listen, folder }) => busConfiguration(listen, join(folder, 'jetstream')) }),
  ]);
  connection = await connect({ servers: nats.url });
  fixture = await startKeyManagement({
    databaseUrl: await postgres.createDatabase(),
    connection,
    now: () => clock,
  });
}, 90_000);
afterAll(async () => {
  await fixture?.stop();
  await connection?.close();
  await Promise.all([nats?.stop(), postgres?.stop()]);
});

const inDays = (days: number) => new Date(clock + days * day).toISOString();

describe('the list of all service keys', () => {
  let first: string;
  let second: string;

  const search = async (given: Record<string, unknown> = {}) => {
    const { keys, next } = await fixture.get(SearchServiceKeys).execute(findServiceKeys.request.parse(given) as never);
    return { names: keys.map(({ key }) => key.name), held: keys.map(({ held }) => held.length), next };
  };
  const create = async (instance: string, name: string, parameters: Record<string, unknown> = {}) =>
    (await fixture.createKey(instance, { 'key-algorithm': 'P-256', validity: 30, ...parameters }, name)).value.key;

  beforeAll(async () => {
    clock = Date.now();
    [first, second] = [await fixture.createInstance(), await fixture.createInstance()];
    await create(first, 'orders');
    await create(second, 'orders', { validity: 300 });
    await create(first, 'Shop_1', { validity: 90 });
    await fixture.createKey(first, { 'key-type': 'client_secret' }, 'secret');
    const revoked = await create(second, 'old');
    await fixture.get(RevokeServiceKey).execute({ id: revoked.id, actor, reason: 'superseded' } as never);
  }, 60_000);
  beforeEach(() => {
    clock = Date.now();
  });

  it('is in the order of names, with the certificates of each', async () => {
    const all = await search();
    expect([...all.names].sort()).toEqual(['Shop_1', 'old', 'orders', 'orders', 'secret']);
    expect(all.names.filter((name) => name === 'orders')).toHaveLength(2);
    expect(all.held.reduce((sum, held) => sum + held, 0)).toBe(4);
  });

  it('has every key once over its pages, also of two with one name', async () => {
    const names: string[] = [];
    for (let after: string | undefined; ;) {
      const page = await search({ limit: 1, ...(after === undefined ? {} : { after }) });
      names.push(...page.names);
      if (page.next === undefined) break;
      after = page.next;
    }
    expect(names).toEqual((await search()).names);
  });

  it('is asked for by instance, type, status and the beginning of the name', async () => {
    expect((await search({ serviceInstanceId: second })).names).toEqual(['old', 'orders']);
    expect((await search({ 'key-type': 'client_secret' })).names).toEqual(['secret']);
    expect((await search({ status: 'revoked' })).names).toEqual(['old']);
    expect((await search({ status: 'active', text: 'ORD' })).names).toEqual(['orders', 'orders']);
    expect((await search({ text: 'shop_' })).names).toEqual(['Shop_1']);
    expect((await search({ text: 'sho%' })).names).toEqual([]);
    expect((await search({ text: 'hop' })).names).toEqual([]);
  });

  it('is asked for by what ends soon: what was revoked or has ended does not', async () => {
    expect((await search({ expiringBefore: inDays(29) })).names).toEqual([]);
    expect((await search({ expiringBefore: inDays(31) })).names).toEqual(['orders']);
    expect((await search({ expiringBefore: inDays(31), serviceInstanceId: second })).names).toEqual([]);
    expect((await search({ expiringBefore: inDays(400) })).names).toHaveLength(3);
    clock += 40 * day;
    expect((await search({ expiringBefore: inDays(60) })).names).toEqual(['Shop_1']);
    expect((await search({ status: 'expired' })).names).toEqual(['orders']);
    expect((await search({ status: 'active' })).names).toHaveLength(3);
  });

  it('is asked for by what nobody has used', async () => {
    expect((await search({ unusedSince: inDays(-1) })).names).toEqual([]);
    const soon = inDays(1);
    expect((await search({ unusedSince: soon })).names).toHaveLength(4);
    await fixture.dataSource.query(
      `UPDATE credential SET last_used_at = $1 WHERE service_key_id = (SELECT id FROM service_key WHERE name = 'Shop_1')`,
      [inDays(2)],
    );
    // Never used, all of them: in no order among themselves.
    expect((await search({ unusedSince: soon })).names.sort()).toEqual(['orders', 'orders', 'secret']);
  });

  it('is in the order of ends or of use where it is asked for them, page after page', async () => {
    const pages = async (given: Record<string, unknown>) => {
      const names: string[] = [];
      for (let after: string | undefined; ;) {
        const page = await search({ ...given, limit: 1, ...(after === undefined ? {} : { after }) });
        names.push(...page.names);
        if (page.next === undefined) return names;
        after = page.next;
      }
    };
    const ending = { expiringBefore: inDays(400) };
    expect(await pages(ending)).toEqual(['orders', 'Shop_1', 'orders']);
    const unused = await pages({ unusedSince: inDays(3) });
    expect(unused.slice(0, 3).sort()).toEqual(['orders', 'orders', 'secret']);
    expect(unused[3]).toBe('Shop_1');
    clock += 100 * day;
    expect(await pages({ status: 'expired' })).toEqual(['orders', 'Shop_1']);
    clock -= 100 * day;
    const { next: byEnd } = await search({ ...ending, limit: 1 });
    const { next: byName } = await search({ limit: 1 });
    const refused = expect.objectContaining({ code: 'invalid-argument' }) as unknown;
    await expect(search({ after: byEnd })).rejects.toEqual(refused);
    await expect(search({ ...ending, after: byName })).rejects.toEqual(refused);
  });

  it('says what is wrong with what it is asked', () => {
    const messageFor = (given: object) =>
      findServiceKeys.request.safeParse(given).error?.issues.map(({ message }) => message);
    expect(messageFor({ serviceInstanceId: 'x' })).toEqual(['must be the id of a service instance']);
    expect(messageFor({ expiringBefore: 'soon' })?.[0]).toMatch(/^must be /);
    expect(messageFor({ status: 'any' })).toEqual(['must be one of active, revoked, expired']);
  });
});

describe('the list of all certificates', () => {
  const list = async (given: Record<string, unknown> = {}) =>
    fixture.get(ListCertificates).execute(listCertificates.request.parse(given) as never);
  const kinds = (items: readonly CertificateView[]) => items.map(({ kind }) => kind);

  beforeAll(async () => {
    clock = Date.now();
    const instance = await fixture.createInstance();
    const root = await TestAuthority.root({ subject: 'CN=Partner Root' });
    await fixture.get(AddTrustedRoot).execute({ pem: root.certificate.pem, actor } as never);
    const leaf = await root.leaf({ subject: 'CN=partner', notAfter: new Date(clock + 60 * day) });
    await fixture.createKey(instance, { 'key-type': 'certificate_external', 'X.509': leaf.pem }, 'partner');
  }, 60_000);
  beforeEach(() => {
    clock = Date.now();
  });

  it('has those of keys, of our CA and of trusted roots, the one that ends first first', async () => {
    const { items } = await list();
    expect(new Set(kinds(items))).toEqual(new Set(['issued', 'external', 'issuing-ca', 'own-root', 'trusted-root']));
    const ends = items.map(({ validuntil }) => validuntil);
    expect(ends).toEqual([...ends].sort());
    expect(items.find(({ kind }) => kind === 'external')).toMatchObject({
      serviceKeyName: 'partner',
      status: 'active',
    });
    expect(items.find(({ kind }) => kind === 'issuing-ca')?.serviceKeyId).toBeUndefined();
  });

  it('has every certificate once over its pages', async () => {
    const found: string[] = [];
    for (let after: string | undefined; ;) {
      const page = await list({ limit: 2, ...(after === undefined ? {} : { after }) });
      found.push(...page.items.map(({ sha256 }) => sha256));
      if (page.next === undefined) break;
      after = page.next;
    }
    expect(found).toEqual((await list()).items.map(({ sha256 }) => sha256));
  });

  it('is asked for by kind, status and end', async () => {
    expect(new Set(kinds((await list({ kind: 'issuing-ca' })).items))).toEqual(new Set(['issuing-ca']));
    expect((await list({ status: 'revoked' })).items.map(({ serviceKeyName }) => serviceKeyName)).toEqual(['old']);
    expect(
      (await list({ expiringBefore: inDays(31) })).items.map(({ serviceKeyName }) => serviceKeyName).sort(),
    ).toEqual(['old', 'orders']);
    expect(kinds((await list({ expiringAfter: inDays(301), kind: 'issued' })).items)).toEqual([]);
    clock += 40 * day;
    expect((await list({ status: 'expired' })).items.map(({ serviceKeyName }) => serviceKeyName)).toEqual(['orders']);
  });
});

describe('the certificates of servers in that list', () => {
  const list = async (kind: 'server' | 'server-ca') =>
    (await fixture.get(ListCertificates).execute(listCertificates.request.parse({ kind }) as never)).items;
  let root: TestAuthority;
  let leaf: TestCertificate;

  beforeAll(async () => {
    clock = Date.now();
    root = await TestAuthority.root({ subject: 'CN=Servers' });
    leaf = await root.leaf({ subject: 'CN=door', notAfter: new Date(clock + 60 * day) });
  });
  const seen = (server: Server, ...chains: TestCertificate[][]) =>
    fixture.get(ServerCertificates).seen(
      server,
      chains.map((chain) => chain.map(({ der }) => der)),
    );

  it('are those that a server shows, with who does, and their CA', async () => {
    await seen('front-door', [leaf, root.certificate]);
    await seen('bus', [leaf, root.certificate]);
    expect(await list('server')).toEqual([
      expect.objectContaining({
        sha256: leaf.sha256,
        status: 'active',
        subjectdn: 'CN=door',
        servers: ['bus', 'front-door'],
      }),
    ]);
    expect(await list('server-ca')).toEqual([expect.objectContaining({ subjectdn: 'CN=Servers', status: 'active' })]);
  });

  it('are retired when nobody has shown them for a quarter of an hour, and forgotten after a day', async () => {
    clock += 16 * 60_000;
    const next = await root.leaf({ subject: 'CN=door', notAfter: new Date(clock + 90 * day) });
    await seen('front-door', [next, root.certificate]);
    expect((await list('server')).map(({ sha256, status }) => [sha256, status])).toEqual([
      [leaf.sha256, 'retired'],
      [next.sha256, 'active'],
    ]);
    clock += 25 * 3_600_000;
    await seen('front-door', [next]);
    await seen('bus', [next]);
    expect((await list('server')).map(({ sha256 }) => sha256)).toEqual([next.sha256]);
  });

  it('are bounded, whoever reports them, and nothing but certificates', async () => {
    const many: TestCertificate[][] = [];
    for (let count = 0; count < 70; count++)
      many.push([await root.leaf({ subject: `CN=s${count}`, key: testKey('P-256') })]);
    for (const chain of many) await seen('front-door', chain);
    expect((await list('server')).length).toBeLessThanOrEqual(65);
    await expect(fixture.get(ServerCertificates).seen('bus', [[Buffer.from('no certificate')]])).rejects.toMatchObject({
      code: 'invalid-argument',
    });
  });

  it('may be a trusted root too, and are then in the list twice over its pages', async () => {
    await fixture.get(AddTrustedRoot).execute({ pem: root.certificate.pem, actor } as never);
    await seen('database', [root.certificate]);
    const found: string[] = [];
    for (let after: string | undefined; ;) {
      const request = listCertificates.request.parse({ limit: 1, ...(after === undefined ? {} : { after }) });
      const page = await fixture.get(ListCertificates).execute(request as never);
      found.push(...page.items.filter(({ sha256 }) => sha256 === root.certificate.sha256).map(({ kind }) => kind));
      if (page.next === undefined) break;
      after = page.next;
    }
    expect(found).toEqual(['server', 'trusted-root']);
  });
});
