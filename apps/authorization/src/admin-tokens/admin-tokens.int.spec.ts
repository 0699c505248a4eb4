import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { allRights, rightNames, type Right } from '@sluice/domain';
import { continueRequest, runInRequest } from '@sluice/messaging';
import type { ServiceUnderTest } from '@sluice/service-shell/testing';
import { TestNats, TestPostgres } from '@sluice/testing';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { busConfiguration, startAuthorization } from '../testing/authorization-fixture.js';
import { DataSource } from 'typeorm';
import { AnnounceExpiringTokens } from './announce-expiring-tokens.js';
import { AdminTokensController } from './admin-tokens.controller.js';

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
const actor = { name: 'anna' };
const folder = mkdtempSync(join(tmpdir(), 'sluice-admin-tokens-'));
const hashFile = (name: string, content: string): string => {
  writeFileSync(join(folder, name), content);
  return join(folder, name);
};
let postgres: TestPostgres;
let nats: TestNats;
let connection: NatsConnection;
let databaseUrl: string;
let service: ServiceUnderTest;
let tokens: AdminTokensController;

const day = 86_400_000;
const began = Date.UTC(2026, 2, 5);
let now = began;

const start = (initial: string, more: Record<string, string> = {}) =>
  startAuthorization({
    databaseUrl,
    connection,
    now: () => now,
    environment: { INITIAL_ADMIN_TOKEN_HASH_FILE: initial, ...more },
  });

beforeAll(async () => {
  [postgres, nats] = await Promise.all([
    TestPostgres.start(),
    TestNats.start({ configuration: ({ listen, folder: at }) => busConfiguration(listen, join(at, 'jetstream')) }),
  ]);
  connection = await connect({ servers: nats.url });
  databaseUrl = await postgres.createDatabase();
  service = await start(hashFile('first', `${sha256('first')}\n`));
  tokens = service.get(AdminTokensController);
}, 90_000);

afterAll(async () => {
  await service?.stop();
  await connection?.close();
  await Promise.all([nats?.stop(), postgres?.stop()]);
  rmSync(folder, { recursive: true, force: true });
});

const codeOf = (work: Promise<unknown>) =>
  work.then(
    () => 'answered',
    (error: unknown) => (error as { code?: string }).code ?? String(error),
  );
const names = async () => (await tokens.list({ limit: 100 })).items.map(({ name }) => name);
const create = (name: string, more: { roles?: Right[]; expiresAt?: string } = {}) =>
  tokens.create({ name, tokenSha256: sha256(name), sealed: btoa('sealed'), actor, ...more });
/** Does it as somebody whose token has these rights. */
const as = <T>(rights: string[], work: () => Promise<T>) =>
  runInRequest({ ...continueRequest({ actor: 'bert' }), rights }, work);
const authenticate = (name: string) => tokens.authenticate({ tokenSha256: sha256(name), heedsRoles: true });
const query = <T>(sql: string, parameters: unknown[] = []) =>
  service.get<DataSource>(DataSource).query<T[]>(sql, parameters);

describe('admin tokens', () => {
  it('begin with the one of the installation, which is known by its hash', async () => {
    expect(await names()).toEqual(['initial']);
    expect(await authenticate('first')).toEqual({ name: 'initial', roles: [allRights], makers: ['installation'] });
    expect(await codeOf(tokens.authenticate({ tokenSha256: sha256('another') }))).toBe('unauthenticated');
  });

  it('keep the last one: without it nobody could make another', async () => {
    expect(await codeOf(tokens.revoke({ name: 'initial', actor }))).toBe('protected');
    expect(await names()).toEqual(['initial']);
  });

  it('attack 56: say who made them, and who made those, also when those are gone; and nothing where it is not known', async () => {
    const by = (name: string, makers: string[] | undefined, work: () => Promise<unknown>) =>
      runInRequest({ ...continueRequest({ actor: name }), rights: [allRights], ...(makers ? { makers } : {}) }, work);
    const make = (name: string, maker: string, makers: string[] | undefined) =>
      by(maker, makers, () =>
        tokens.create({ name, tokenSha256: sha256(name), sealed: btoa('s'), actor: { name: maker } }),
      );
    await make('lineage-1', 'initial', ['installation']);
    const { makers } = await authenticate('lineage-1');
    expect(makers).toEqual(['initial', 'installation']);
    await make('lineage-2', 'lineage-1', makers);
    await tokens.revoke({ name: 'lineage-1', actor });
    expect((await authenticate('lineage-2')).makers).toEqual(['lineage-1', 'initial', 'installation']);
    await make('lineage-3', 'shop/robot', undefined);
    expect((await authenticate('lineage-3')).makers).toBeUndefined();
    await make(
      'lineage-4',
      'p',
      Array.from({ length: 16 }, (_, index) => `m${index}`),
    );
    expect((await authenticate('lineage-4')).makers).toBeUndefined();
    for (const name of ['lineage-2', 'lineage-3', 'lineage-4']) await tokens.revoke({ name, actor });
  });

  it('have names of their own, and are listed in their order page by page', async () => {
    for (const name of ['platform', 'audit']) await create(name);
    expect(await codeOf(create('audit'))).toBe('name-in-use');
    // By these the audit trail knows what no administrator did.
    for (const name of ['key_management', 'Key-Management', 'postgres', 'installation'])
      expect([name, await codeOf(create(name))]).toEqual([name, 'name-in-use']);
    const first = await tokens.list({ limit: 2 });
    expect(first.items).toMatchObject([
      {
        name: 'audit',
        createdAt: '2026-03-05T00:00:00.000Z',
        createdBy: 'anna',
        roles: [allRights],
        expiresAt: '2026-06-03T00:00:00.000Z',
        status: 'active',
      },
      { name: 'initial', roles: [allRights], status: 'active', warning: expect.stringContaining('does not expire') },
    ]);
    expect(first.items[0]).not.toHaveProperty('warning');
    expect((await tokens.list({ limit: 2, after: first.next ?? '' })).items).toMatchObject([{ name: 'platform' }]);
  });

  it('grant nothing from the moment they are revoked on', async () => {
    await create('leaving');
    expect(await codeOf(authenticate('leaving'))).toBe('answered');
    await tokens.revoke({ name: 'leaving', actor });
    expect(await codeOf(authenticate('leaving'))).toBe('unauthenticated');
    expect(await codeOf(tokens.revoke({ name: 'leaving', actor }))).toBe('not-found');
  });

  it('attack 55: have the rights they were given, and no more than who gives them: of the one that has all, only by itself', async () => {
    await create('reader', { roles: ['Monitoring.read', 'Audit.read'] });
    expect(await authenticate('reader')).toEqual({ name: 'reader', roles: ['Monitoring.read', 'Audit.read'] });
    const keeper = ['Tokens.manage', 'Keys.manage'];
    expect(await codeOf(as(keeper, () => create('more', { roles: ['Keys.read', 'Roles.read'] })))).toBe(
      'permission-denied',
    );
    const allButOne = rightNames.filter((right) => right !== allRights);
    expect(await codeOf(as(allButOne, () => create('more', { roles: [allRights] })))).toBe('permission-denied');
    expect(await codeOf(as(keeper, () => create('less', { roles: ['Keys.read'] })))).toBe('answered');
    expect(await as(keeper, () => create('same'))).toMatchObject({ adminToken: { roles: keeper } });
    expect(await names()).not.toContain('more');
  });

  it('are not given by who came without rights: by an admin API of the version before', async () => {
    expect(await codeOf(runInRequest(continueRequest({ actor: 'anna' }), () => create('old')))).toBe(
      'permission-denied',
    );
  });

  it('are not revoked by who has fewer rights', async () => {
    const revoke = (name: string) => tokens.revoke({ name, actor });
    expect(await codeOf(as(['Tokens.manage'], () => revoke('initial')))).toBe('permission-denied');
    expect(await codeOf(as(['Tokens.manage'], () => revoke('reader')))).toBe('permission-denied');
    expect(await codeOf(as(['Tokens.manage', 'Keys.manage'], () => revoke('less')))).toBe('answered');
    expect(await names()).toEqual(expect.arrayContaining(['initial', 'reader']));
  });

  it('end when it was said, within a year, and an expired one is told so by its name', async () => {
    const at = (days: number) => new Date(now + days * day).toISOString();
    for (const expiresAt of [at(0), at(-1), at(366)])
      expect(await codeOf(create('wrong', { expiresAt }))).toBe('invalid-argument');
    await create('brief', { expiresAt: at(15), roles: ['Keys.read'] });
    const status = async () => (await tokens.list({ limit: 100 })).items.find(({ name }) => name === 'brief')?.status;
    expect(await status()).toBe('active');
    now += 2 * day;
    expect(await status()).toBe('expiring');
    now = began + 15 * day - 1;
    expect(await codeOf(authenticate('brief'))).toBe('answered');
    now++;
    expect(await status()).toBe('expired');
    await expect(authenticate('brief')).rejects.toMatchObject({
      code: 'unauthenticated',
      message: 'The admin token brief expired at 2026-03-20T00:00:00.000Z: have another one made.',
    });
    now = began;
  });

  it('are announced once before they end, as an event without the token', async () => {
    const announce = service.get<AnnounceExpiringTokens>(AnnounceExpiringTokens);
    const announced = async () =>
      (
        await query<{ body: { subject: string; data: { daysLeft: number; adminToken: object } } }>(
          `SELECT body FROM acknowledged WHERE name = 'admin-token.expiring' AND body IS NOT NULL
           UNION ALL SELECT body FROM outbox WHERE name = 'admin-token.expiring'`,
        )
      ).map(({ body }) => [body.subject, body.data.daysLeft, Object.keys(body.data.adminToken)]);
    await announce.execute(began + day - 1);
    expect(await announced()).toEqual([]);
    for (let times = 0; times < 2; times++) await announce.execute(began + day);
    expect(await announced()).toEqual([['brief', 14, ['name', 'roles', 'expiresAt']]]);
  });

  it('with an end or with less than all rights are not found by a process of the version before, nor told to an edge of it', async () => {
    const before = (name: string) => tokens.authenticate({ tokenSha256: sha256(name) });
    expect(await codeOf(before('first'))).toBe('answered');
    for (const name of ['reader', 'audit']) {
      expect(await codeOf(before(name))).toBe('unauthenticated');
      // What it asks Postgres for.
      expect(await query('SELECT name FROM admin_token WHERE sha256 = $1', [sha256(name)])).toEqual([]);
    }
  });

  it('of before may do everything and do not expire', async () => {
    await query(`INSERT INTO admin_token (name, sha256, created_by, created_at) VALUES ('old', $1, 'anna', now())`, [
      sha256('old'),
    ]);
    expect(await authenticate('old')).toEqual({ name: 'old', roles: [allRights] });
    await tokens.revoke({ name: 'old', actor });
  });

  it('say to the minute when they were used, and write no more often, and not into the audit trail', async () => {
    const used = async () =>
      (
        await query<{ last_used_at: Date; xmin: string }>(
          `SELECT last_used_at, xmin FROM admin_token WHERE name = 'reader'`,
        )
      )[0];
    const entries = async () => (await query('SELECT sequence FROM audit_entry')).length;
    await authenticate('reader');
    const [first, before] = [await used(), await entries()];
    expect(first?.last_used_at).toEqual(new Date(began));
    now += 59_000;
    await authenticate('reader');
    expect(await used()).toEqual(first);
    now += 1_000;
    await authenticate('reader');
    expect((await used())?.last_used_at).toEqual(new Date(began + 60_000));
    expect(await entries()).toBe(before);
    now = began;
  });

  it('keep the last one that may do everything, however many there are that may do less', async () => {
    for (const name of await names()) if (name !== 'initial' && name !== 'reader') await tokens.revoke({ name, actor });
    await create('ending', { expiresAt: new Date(now + day).toISOString() });
    now += day;
    expect(await codeOf(tokens.revoke({ name: 'initial', actor }))).toBe('protected');
    expect(await names()).toContain('initial');
    now = began;
    await create('platform');
  });

  it('are not joined by that of the installation again, whatever its file holds later', async () => {
    await tokens.revoke({ name: 'initial', actor });
    const second = await start(hashFile('second', sha256('second')));
    try {
      expect(await codeOf(authenticate('second'))).toBe('unauthenticated');
      expect(await names()).not.toContain('initial');
    } finally {
      await second.stop();
    }
  });

  it('are joined by a new one of the installation when all that may do everything have ended, and never by one that was there', async () => {
    now = began + 400 * day;
    for (const [file, expected] of [
      ['first', 'unauthenticated'],
      ['second', 'unauthenticated'],
      ['third', 'answered'],
    ] as const) {
      const another = await start(hashFile(file, sha256(file)));
      try {
        expect([file, await codeOf(authenticate(file))]).toEqual([file, expected]);
      } finally {
        await another.stop();
      }
    }
    now = began;
  });

  it('of the installation’s parts are as their file says at the start, and ended by nothing else', async () => {
    const lines = (...parts: [string, string, string][]) =>
      parts.map(([name, rights, token]) => `${name} ${rights} ${sha256(token)}\n`).join('');
    const startWith = (content: string) =>
      start(hashFile('third', sha256('third')), { INSTALLATION_TOKENS_FILE: hashFile('parts', content) });
    const known = async (...all: string[]) => Promise.all(all.map((token) => codeOf(authenticate(token))));
    let another = await startWith(
      lines(['trusted-roots', 'Trust.read', 'roots'], ['other', 'Keys.read,Roles.read', 'o']),
    );
    try {
      expect(await authenticate('roots')).toEqual({ name: '@trusted-roots', roles: ['Trust.read'] });
      expect(await authenticate('o')).toEqual({ name: '@other', roles: ['Keys.read', 'Roles.read'] });
      expect(await codeOf(tokens.revoke({ name: '@trusted-roots', actor }))).toBe('protected');
      expect((await tokens.list({ limit: 100 })).items[0]).not.toHaveProperty('warning');
    } finally {
      await another.stop();
    }
    another = await startWith(lines(['trusted-roots', 'Audit.read', 'new']));
    try {
      expect(await known('roots', 'o', 'new')).toEqual(['unauthenticated', 'unauthenticated', 'answered']);
      expect(await authenticate('new')).toEqual({ name: '@trusted-roots', roles: ['Audit.read'] });
    } finally {
      await another.stop();
    }
    for (const wrong of ['trusted-roots Trust.reads ' + sha256('x'), 'trusted-roots Trust.read token', '@x Trust.read'])
      await expect(startWith(wrong)).rejects.toThrow('parts must hold lines of a name, rights');
  });

  it('do not begin with a text that is no hash: the file and what it must hold are named', async () => {
    const file = hashFile('text', 'the token itself');
    await expect(start(file)).rejects.toThrow(`${file} must hold the SHA-256 of the first admin token`);
  });
});
