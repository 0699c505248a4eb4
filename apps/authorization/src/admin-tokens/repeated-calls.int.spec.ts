import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { ServiceUnderTest } from '@sluice/service-shell/testing';
import { TestNats, TestPostgres } from '@sluice/testing';
import { createUser } from '@nats-io/nkeys';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { DataSource } from 'typeorm';
import { SubscribersController } from '../subscribers/subscribers.controller.js';
import { busConfiguration, startAuthorization } from '../testing/authorization-fixture.js';
import { UserRolesController } from '../user-roles/user-roles.controller.js';
import { AdminTokensController } from './admin-tokens.controller.js';

let postgres: TestPostgres;
let nats: TestNats;
let connection: NatsConnection;
let service: ServiceUnderTest;
const actor = { name: 'anna' };

beforeAll(async () => {
  [postgres, nats] = await Promise.all([
    TestPostgres.start(),
    TestNats.start({ configuration: ({ listen, folder }) => busConfiguration(listen, join(folder, 'jetstream')) }),
  ]);
  connection = await connect({ servers: nats.url });
  const databaseUrl = await postgres.createDatabase();
  service = await startAuthorization({ databaseUrl, connection, now: () => Date.UTC(2026, 2, 5) });
}, 90_000);

afterAll(async () => {
  await service?.stop();
  await connection?.close();
  await Promise.all([nats?.stop(), postgres?.stop()]);
});

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
const codeOf = (work: Promise<unknown>) =>
  work.then(
    () => 'answered',
    (error: unknown) => (error as { code?: string }).code ?? String(error),
  );

describe('a call that is repeated with its Idempotency-Key', () => {
  it('makes a user role once', async () => {
    const roles = service.get<UserRolesController>(UserRolesController);
    const request = { name: 'Repeated.role', description: '', idempotencyKey: 'role-1', actor };
    const first = await roles.create(request);
    expect(await roles.create(request)).toEqual(first);
    expect(await codeOf(roles.create({ ...request, description: 'x' }))).toBe('idempotency-key-reused');
    expect(await codeOf(roles.create({ ...request, actor: { name: 'bert' } }))).toBe('name-in-use');
  });

  it('makes an admin token once, though who asks has made another one: that of the first is known, and its sealed text comes back', async () => {
    const tokens = service.get<AdminTokensController>(AdminTokensController);
    const call = (token: string, name = 'platform') =>
      tokens.create({
        name,
        tokenSha256: sha256(token),
        sealed: btoa(`sealed ${token}`),
        idempotencyKey: 't-1',
        actor,
      });
    const first = await call('one');
    expect(first.sealed).toBe(btoa('sealed one'));
    expect(await codeOf(call('x', 'other'))).toBe('idempotency-key-reused');
    expect(await call('two')).toEqual(first);
    expect(await codeOf(tokens.authenticate({ tokenSha256: sha256('one'), heedsRoles: true }))).toBe('answered');
    expect(await codeOf(tokens.authenticate({ tokenSha256: sha256('two') }))).toBe('unauthenticated');
    expect(await codeOf(call('three'))).toBe('idempotency-key-reused');
    const rows = await service
      .get<DataSource>(DataSource)
      .query<unknown[]>(`SELECT answer FROM idempotent_answer WHERE key = 't-1' AND answer IS NOT NULL`);
    expect(rows).toEqual([]);
  });

  it('makes a subscriber once: with the first key pair where one is made, by the public key where one is given', async () => {
    const subscribers = service.get<SubscribersController>(SubscribersController);
    const publicKey = () => createUser().getPublicKey();
    const made = (sealed: string) =>
      subscribers.create({ name: 'made', publicKey: publicKey(), sealed, idempotencyKey: 's-1', actor });
    const first = await made(btoa('first'));
    expect(await made(btoa('second'))).toEqual(first);
    const given = { name: 'given', publicKey: publicKey(), idempotencyKey: 's-2', actor };
    const theirs = await subscribers.create(given);
    expect(await subscribers.create(given)).toEqual(theirs);
    expect(await codeOf(subscribers.create({ ...given, publicKey: publicKey() }))).toBe('idempotency-key-reused');
  });

  it('is refused where the operator has switched it off', async () => {
    const off = await startAuthorization({
      databaseUrl: await postgres.createDatabase(),
      connection,
      now: () => 0,
      environment: { IDEMPOTENT_ANSWERS: 'off' },
    });
    try {
      const roles = off.get<UserRolesController>(UserRolesController);
      const request = { name: 'Off.role', description: '', idempotencyKey: 'off-1', actor };
      expect(await codeOf(roles.create(request))).toBe('invalid-argument');
    } finally {
      await off.stop();
    }
  });
});
