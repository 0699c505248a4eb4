import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { createAdminToken, openPersonSession } from '@sluice/contracts';
import { personIdOf } from '@sluice/domain';
import { continueRequest, runInRequest } from '@sluice/messaging';
import type { ServiceUnderTest } from '@sluice/service-shell/testing';
import { TestNats, TestPostgres } from '@sluice/testing';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { createHash, randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { DataSource } from 'typeorm';
import { AdminSessionsController } from '../admin-sessions/admin-sessions.controller.js';
import { AdminTokensController } from '../admin-tokens/admin-tokens.controller.js';
import { busConfiguration, startAuthorization } from '../testing/authorization-fixture.js';
import { PeopleController } from './people.controller.js';

/** Of the cookie's content; each test has its own. */
const sha256 = (text: string) => createHash('sha256').update(`${subject} ${text}`).digest('hex');
const minute = 60_000;
const hour = 60 * minute;
const began = Date.UTC(2026, 2, 5);
const issuer = 'https://id.example.com';
let now = began;
let subject: string;
let postgres: TestPostgres;
let nats: TestNats;
let connection: NatsConnection;
let service: ServiceUnderTest;
let people: PeopleController;
let sessions: AdminSessionsController;
let tokens: AdminTokensController;

beforeAll(async () => {
  [postgres, nats] = await Promise.all([
    TestPostgres.start(),
    TestNats.start({ configuration: ({ listen, folder }) => busConfiguration(listen, join(folder, 'jetstream')) }),
  ]);
  connection = await connect({ servers: nats.url });
  service = await startAuthorization({ databaseUrl: await postgres.createDatabase(), connection, now: () => now });
  people = service.get(PeopleController);
  sessions = service.get(AdminSessionsController);
  tokens = service.get(AdminTokensController);
}, 90_000);
afterAll(async () => {
  await service?.stop();
  await connection?.close();
  await Promise.all([nats?.stop(), postgres?.stop()]);
});
beforeEach(() => {
  now = began;
  subject = randomUUID();
});

const request = (name: string, more: object = {}) => ({
  person: { issuer, subject, shown: 'anna@example.com', roles: ['Keys.read'], ...more },
  sessionSha256: sha256(name),
  idleMs: 30 * minute,
  maxMs: 12 * hour,
});
const inRequest = <T>(work: () => Promise<T>, given: { actor?: string; action?: string } = {}) =>
  runInRequest(continueRequest(given), work);
const open = async (name: string, more: object = {}) =>
  (await inRequest(() => people.open(request(name, more)), { action: openPersonSession.subject })).session;
const who = (name: string) => tokens.authenticate({ sessionSha256: sha256(name), heedsRoles: true });
const ended = { code: 'unauthenticated' };
const listed = async (id: string) => (await people.list({ limit: 1_000 })).items.find((person) => person.id === id);
/** Does it as somebody with these rights. */
const as = <T>(rights: string[], work: () => Promise<T>) =>
  runInRequest({ ...continueRequest({ actor: 'boss', action: 'end' }), rights }, work);

describe('a session of a person', () => {
  it('is the person, with the rights of the sign-in, and says when it ends', async () => {
    const session = await open('one');
    const id = personIdOf(session.name) ?? '';
    const expiresAt = new Date(began + 12 * hour).toISOString();
    const person = { id, shown: 'anna@example.com' };
    expect(session).toEqual({ name: `person/anna@example.com/${id}`, roles: ['Keys.read'], expiresAt, person });
    expect(await who('one')).toEqual({
      name: session.name,
      roles: ['Keys.read'],
      makers: [],
      sessionEndsAt: expiresAt,
      person,
    });
    await expect(who('another')).rejects.toMatchObject(ended);
  });

  it('ends unused, and at its end however much it is used', async () => {
    await open('idle');
    now += 30 * minute - 1;
    await who('idle');
    now += 30 * minute;
    await expect(who('idle')).rejects.toMatchObject(ended);
    now = began;
    await open('busy');
    for (let step = 0; step < 35; step++) {
      now += 20 * minute;
      await who('busy');
    }
    now += 20 * minute;
    await expect(who('busy')).rejects.toMatchObject(ended);
  });

  it('ends unused though its page is open and asks by itself', async () => {
    await open('watching');
    for (let step = 0; step < 2; step++) {
      now += 10 * minute;
      await tokens.authenticate({ sessionSha256: sha256('watching'), heedsRoles: true, watches: true });
    }
    now += 10 * minute;
    await expect(who('watching')).rejects.toMatchObject(ended);
  });

  it('keeps the rights of its own sign-in, and another one has those of another', async () => {
    const { name } = await open('before', { roles: ['Keys.read'] });
    await open('after', { roles: ['Audit.read', 'Audit.read'], shown: 'Anna Zürich' });
    expect(await who('before')).toMatchObject({ roles: ['Keys.read'] });
    expect(await who('after')).toMatchObject({ roles: ['Audit.read'], person: { shown: 'Anna Zürich' } });
    // Shown by another name, and the same one: the id says who it is.
    expect(personIdOf((await who('after')).name)).toBe(personIdOf(name));
  });

  it('is opened with rights alone', async () => {
    await expect(open('more', { roles: ['ESBMessaging.send'] })).rejects.toMatchObject({ code: 'invalid-argument' });
    expect(openPersonSession.request.safeParse(request('none', { roles: [] })).success).toBe(false);
  });

  it('is closed by itself, or with all others of the person, and never those of somebody else', async () => {
    const { name } = await open('here');
    await open('there');
    const other = (await open('other', { subject: randomUUID() })).name;
    await sessions.close({ name: other, sessionSha256: sha256('here') });
    await who('here');
    await sessions.close({ name, sessionSha256: sha256('here') });
    await expect(who('here')).rejects.toMatchObject(ended);
    await who('there');
    await sessions.close({ name });
    await expect(who('there')).rejects.toMatchObject(ended);
    await who('other');
  });

  it('makes room for another: nobody has more than ten', async () => {
    for (let index = 0; index < 11; index++) {
      now += 1;
      await open(`session ${index}`);
    }
    await expect(who('session 0')).rejects.toMatchObject(ended);
    await who('session 1');
    await who('session 10');
  });
});

describe('people', () => {
  it('are listed with their sessions that have not ended, and who has none stays in the list', async () => {
    const { name } = await open('first');
    const id = personIdOf(name) ?? '';
    now += minute;
    await open('second', { roles: ['Audit.read'] });
    const at = (ms: number) => new Date(began + ms).toISOString();
    expect(await listed(id)).toEqual({
      id,
      name,
      shown: 'anna@example.com',
      issuer,
      subject,
      roles: ['Audit.read'],
      firstSignedInAt: at(0),
      lastSignedInAt: at(minute),
      sessions: [
        { openedAt: at(minute), lastUsedAt: at(minute), endsAt: at(minute + 12 * hour), roles: ['Audit.read'] },
        { openedAt: at(0), lastUsedAt: at(0), endsAt: at(12 * hour), roles: ['Keys.read'] },
      ],
    });
    now += 30 * minute;
    expect(await listed(id)).toMatchObject({ lastSignedInAt: at(minute), sessions: [] });
  });

  it('are signed out everywhere by who has every right of theirs, and stand in the audit trail with who did it', async () => {
    const { name } = await open('one');
    const id = personIdOf(name) ?? '';
    await open('two', { roles: ['Audit.read'] });
    const end = () => people.end({ id, actor: { name: 'boss' } });
    // Also of a session that was opened with more than the last one.
    await expect(as(['Tokens.manage', 'Audit.read'], end)).rejects.toMatchObject({
      code: 'permission-denied',
      details: { missing: ['Keys.read'] },
    });
    await who('one');
    await as(['Admin.all'], end);
    for (const session of ['one', 'two']) await expect(who(session)).rejects.toMatchObject(ended);
    await expect(
      as(['Admin.all'], () => people.end({ id: '0000000000000000', actor: { name: 'boss' } })),
    ).rejects.toMatchObject({ code: 'not-found' });
    const contents = await service
      .get<DataSource>(DataSource)
      .query<{ content: string }[]>('SELECT content FROM audit_entry ORDER BY sequence');
    const entries = contents
      .map(({ content }) => JSON.parse(content) as Record<string, unknown> & { changes: Record<string, unknown>[] })
      .filter(({ changes }) => JSON.stringify(changes).includes(subject));
    expect(entries.map(({ actor, changes }) => [actor, changes.length])).toEqual([
      [name, 1],
      [name, 1],
      ['boss', 1],
    ]);
    expect(entries[2]?.changes[0]).toMatchObject({ table: 'person', after: { signed_out_at: expect.any(String) } });
    // Nobody is kept out by it.
    await open('again');
    await who('again');
    expect(entries[0]?.changes[0]).not.toHaveProperty('after.last_signed_in_at');
  });

  it('are told apart by issuer and subject, whatever they are shown by', async () => {
    const one = (await open('one')).name;
    const other = (await open('two', { issuer: 'https://other.example' })).name;
    expect(personIdOf(one)).not.toBe(personIdOf(other));
    expect(one.split('/')[1]).toBe(other.split('/')[1]);
    const first = await people.list({ limit: 1 });
    const second = await people.list({ limit: 1, after: first.next ?? '' });
    expect(new Set([...first.items, ...second.items].map(({ id }) => id)).size).toBe(2);
  });

  it('have no admin token named as they are', () => {
    const named = (name: string) =>
      createAdminToken.request.safeParse({ name, tokenSha256: sha256('x'), actor: { name: 'a' } }).success;
    expect(named('anna@example.com')).toBe(true);
    for (const name of ['person/anna@example.com/0f1e2d3c4b5a6978', 'person/anna', '/'])
      expect(named(name)).toBe(false);
  });
});
