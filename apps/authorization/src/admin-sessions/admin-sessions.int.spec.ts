import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { ServiceUnderTest } from '@sluice/service-shell/testing';
import { TestNats, TestPostgres } from '@sluice/testing';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { createHash, randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { AdminTokensController } from '../admin-tokens/admin-tokens.controller.js';
import { busConfiguration, startAuthorization } from '../testing/authorization-fixture.js';
import { AdminSessionsController } from './admin-sessions.controller.js';

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
const minute = 60_000;
const hour = 60 * minute;
const began = Date.UTC(2026, 2, 5);
let now = began;
let postgres: TestPostgres;
let nats: TestNats;
let connection: NatsConnection;
let service: ServiceUnderTest;
let tokens: AdminTokensController;
let sessions: AdminSessionsController;
let name: string;

beforeAll(async () => {
  [postgres, nats] = await Promise.all([
    TestPostgres.start(),
    TestNats.start({ configuration: ({ listen, folder }) => busConfiguration(listen, join(folder, 'jetstream')) }),
  ]);
  connection = await connect({ servers: nats.url });
  service = await startAuthorization({ databaseUrl: await postgres.createDatabase(), connection, now: () => now });
  tokens = service.get(AdminTokensController);
  sessions = service.get(AdminSessionsController);
}, 90_000);
afterAll(async () => {
  await service?.stop();
  await connection?.close();
  await Promise.all([nats?.stop(), postgres?.stop()]);
});
beforeEach(async () => {
  now = began;
  name = `anna-${randomUUID()}`;
  await tokens.create({ name, tokenSha256: sha256(name), roles: ['Keys.read'], actor: { name: 'first' } });
});

const open = (session: string) => sessions.open({ tokenSha256: sha256(name), sessionSha256: sha256(session) });
const who = (session: string) => tokens.authenticate({ sessionSha256: sha256(session), heedsRoles: true });
const ended = { code: 'unauthenticated' };

describe('a session of the console', () => {
  it('is who opened it, with the rights its admin token has, and says when it ends', async () => {
    const { session } = await open('one');
    const expiresAt = new Date(began + 12 * hour).toISOString();
    expect(session).toEqual({ name, roles: ['Keys.read'], expiresAt });
    expect(await who('one')).toEqual({ name, roles: ['Keys.read'], sessionEndsAt: expiresAt });
    await expect(who('another')).rejects.toMatchObject(ended);
  });

  it('is opened by a good token alone', async () => {
    const request = { tokenSha256: sha256('nobody'), sessionSha256: sha256('two') };
    await expect(sessions.open(request)).rejects.toMatchObject(ended);
    await expect(who('two')).rejects.toMatchObject(ended);
  });

  it('ends after half an hour unused, and at its end however much it is used', async () => {
    await open('idle');
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

  it('ends with its admin token, revoked or expired, and not later than that', async () => {
    await open('revoked');
    await tokens.revoke({ name, actor: { name: 'first' } });
    await expect(who('revoked')).rejects.toMatchObject(ended);
    const short = `short-${randomUUID()}`;
    const expiresAt = new Date(began + hour).toISOString();
    await tokens.create({
      name: short,
      tokenSha256: sha256(short),
      roles: ['Keys.read'],
      expiresAt,
      actor: { name: 'first' },
    });
    const { session } = await sessions.open({ tokenSha256: sha256(short), sessionSha256: sha256('short') });
    expect(session.expiresAt).toBe(expiresAt);
  });

  it('is closed by itself, or with all others of its admin token, and never those of somebody else', async () => {
    await Promise.all(['here', 'there'].map(open));
    await sessions.close({ name: 'somebody else', sessionSha256: sha256('here') });
    await who('here');
    await sessions.close({ name, sessionSha256: sha256('here') });
    await expect(who('here')).rejects.toMatchObject(ended);
    await who('there');
    await open('elsewhere');
    await sessions.close({ name });
    await expect(who('there')).rejects.toMatchObject(ended);
    await expect(who('elsewhere')).rejects.toMatchObject(ended);
  });

  it('makes room for another: no token has more than a hundred', async () => {
    for (let index = 0; index < 101; index++) {
      now += 1;
      await open(`session ${index}`);
    }
    await expect(who('session 0')).rejects.toMatchObject(ended);
    await who('session 1');
    await who('session 100');
  });
});
