import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventStream, listFlowsAskingRole, listRoleHolders, stateKey, type RequestContract } from '@sluice/contracts';
import { SluiceError } from '@sluice/domain';
import { StateBucket, type RequestClient } from '@sluice/messaging';
import type { ServiceUnderTest } from '@sluice/service-shell/testing';
import { TestNats, TestPostgres } from '@sluice/testing';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { join } from 'node:path';
import { busConfiguration, startAuthorization } from '../testing/authorization-fixture.js';
import { UserRolesController } from './user-roles.controller.js';

let postgres: TestPostgres;
let nats: TestNats;
let connection: NatsConnection;
let service: ServiceUnderTest;
let roles: UserRolesController;
const actor = { name: 'anna' };

/** What key-management and the flow runtime say of who uses a role. */
const users = {
  holders: [] as { id: string; name: string }[],
  flows: [] as { id: string; name: string }[],
  down: false,
};
const requests = {
  call: (contract: RequestContract) => {
    if (users.down) return Promise.reject(new SluiceError('unavailable', 'nobody answers'));
    if (contract === (listRoleHolders as RequestContract)) return Promise.resolve({ serviceInstances: users.holders });
    if (contract === (listFlowsAskingRole as RequestContract)) return Promise.resolve({ flows: users.flows });
    return Promise.reject(new Error(`${contract.subject} is not asked here`));
  },
} as unknown as RequestClient;

beforeAll(async () => {
  [postgres, nats] = await Promise.all([
    TestPostgres.start(),
    TestNats.start({ configuration: ({ listen, folder }) => busConfiguration(listen, join(folder, 'jetstream')) }),
  ]);
  connection = await connect({ servers: nats.url });
  const databaseUrl = await postgres.createDatabase();
  service = await startAuthorization({ databaseUrl, connection, now: () => Date.UTC(2026, 2, 5), requests });
  roles = service.get(UserRolesController);
}, 90_000);

afterAll(async () => {
  await service?.stop();
  await connection?.close();
  await Promise.all([nats?.stop(), postgres?.stop()]);
});

const codeOf = (work: Promise<unknown>) =>
  work.then(
    () => 'answered',
    (error: unknown) => (error as { code?: string }).code ?? String(error),
  );
const recordOf = async (name: string) => {
  const record = await (await StateBucket.open(connection)).last(stateKey.role(name));
  return record && (JSON.parse(new TextDecoder().decode(record.value)) as { name: string; deleted: boolean });
};
const events = async () => (await (await jetstreamManager(connection)).streams.info(eventStream)).state.messages;

describe('a user role', () => {
  it('is made for the tenant, read, described anew, and gone when it is deleted', async () => {
    const name = 'Orders.send';
    const before = await events();
    expect(await roles.create({ name, description: 'Send orders.', actor })).toMatchObject({
      userRole: { name, description: 'Send orders.', owner: 'tenant' },
      propagation: 'published',
    });
    expect(await roles.get({ name })).toMatchObject({ name, description: 'Send orders.', owner: 'tenant' });
    await roles.update({ name, description: 'Send orders of any kind.', actor });
    expect(await roles.get({ name })).toMatchObject({ description: 'Send orders of any kind.' });
    await roles.delete({ name, actor });
    expect(await codeOf(roles.get({ name }))).toBe('not-found');
    // It was made, described anew and deleted.
    expect(await events()).toBe(before + 3);
  });

  it('stands in the state stream while it is there, and as deleted afterwards', async () => {
    const name = 'Seen.role';
    await roles.create({ name, description: '', actor });
    expect(await recordOf(name)).toMatchObject({ name, deleted: false });
    await roles.delete({ name, actor });
    expect(await recordOf(name)).toMatchObject({ name, deleted: true });
  });

  it('has a name of its own', async () => {
    await roles.create({ name: 'Own.name', description: '', actor });
    expect(await codeOf(roles.create({ name: 'Own.name', description: 'again', actor }))).toBe('name-in-use');
  });

  it('that is not there can be neither changed nor deleted', async () => {
    const name = 'No.such';
    expect(await codeOf(roles.update({ name, description: '', actor }))).toBe('not-found');
    expect(await codeOf(roles.delete({ name, actor }))).toBe('not-found');
  });

  it('that is predefined can be neither changed nor deleted', async () => {
    const name = 'ESBMessaging.send';
    expect(await codeOf(roles.update({ name, description: 'mine', actor }))).toBe('role-predefined');
    expect(await codeOf(roles.delete({ name, actor }))).toBe('role-predefined');
    expect(await roles.get({ name })).toMatchObject({ owner: 'SAP' });
  });

  it('that a service instance holds or a flow asks for is not deleted, and its users are named', async () => {
    const name = 'Used.role';
    await roles.create({ name, description: '', actor });
    for (const used of [
      { holders: [{ id: 'i', name: 'partner' }], flows: [] },
      { holders: [], flows: [{ id: 'orders', name: 'Orders' }] },
    ]) {
      Object.assign(users, used);
      await expect(roles.delete({ name, actor })).rejects.toMatchObject({
        code: 'role-in-use',
        details: { users: { serviceInstances: used.holders, flows: used.flows } },
      });
    }
    Object.assign(users, { holders: [], flows: [] });
    expect(await codeOf(roles.delete({ name, actor }))).toBe('answered');
  });

  it('is not deleted while nobody can say who uses it', async () => {
    const name = 'Unknown.users';
    await roles.create({ name, description: '', actor });
    users.down = true;
    try {
      expect(await codeOf(roles.delete({ name, actor }))).toBe('unavailable');
    } finally {
      users.down = false;
    }
    expect(await roles.get({ name })).toMatchObject({ name });
  });
});

describe('the list of user roles', () => {
  it('is in the order of names, page by page, the predefined among them', async () => {
    for (const name of ['List.b', 'List.a', 'List.c']) await roles.create({ name, description: '', actor });
    const names: string[] = [];
    let after: string | undefined;
    do {
      const page: Awaited<ReturnType<UserRolesController['list']>> = await roles.list({
        limit: 2,
        ...(after === undefined ? {} : { after }),
      });
      expect(page.items.length).toBeLessThanOrEqual(2);
      names.push(...page.items.map(({ name }) => name));
      after = page.next;
    } while (after !== undefined);
    expect(names).toEqual([...names].sort());
    expect(new Set(names).size).toBe(names.length);
    expect(names).toEqual(expect.arrayContaining(['API.invoke', 'ESBMessaging.send', 'List.a', 'List.b', 'List.c']));
  });

  it('says which of some names are no roles', async () => {
    expect(await roles.findMissing({ roles: ['ESBMessaging.send', 'No.such', 'None.either'] })).toEqual({
      missing: ['No.such', 'None.either'],
    });
  });
});
