import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { ServiceUnderTest } from '@sluice/service-shell/testing';
import { TestNats, TestPostgres } from '@sluice/testing';
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

beforeAll(async () => {
  [postgres, nats] = await Promise.all([
    TestPostgres.start(),
    TestNats.start({ configuration: ({ listen, folder }) => busConfiguration(listen, join(folder, 'jetstream')) }),
  ]);
  connection = await connect({ servers: nats.url });
  const databaseUrl = await postgres.createDatabase();
  service = await startAuthorization({ databaseUrl, connection, now: () => Date.UTC(2026, 2, 5) });
  roles = service.get(UserRolesController);
}, 90_000);

afterAll(async () => {
  await service?.stop();
  await connection?.close();
  await Promise.all([nats?.stop(), postgres?.stop()]);
});

const made = async (name: string) => (await roles.create({ name, description: 'as made', actor })).etag ?? 'none';
const outcomes = async (work: readonly Promise<unknown>[]) =>
  (await Promise.allSettled(work)).map((each) =>
    each.status === 'fulfilled' ? 'made' : ((each.reason as { code?: string }).code ?? String(each.reason)),
  );

describe('the entity tag of a user role', () => {
  it('is the same in the answer that made it and when it is read, and another one after a change', async () => {
    const first = await made('Tagged.role');
    expect((await roles.get({ name: 'Tagged.role' })).etag).toBe(first);
    const { etag } = await roles.update({ name: 'Tagged.role', description: 'changed', ifMatch: [first], actor });
    expect(etag).not.toBe(first);
    expect((await roles.get({ name: 'Tagged.role' })).etag).toBe(etag);
  });

  it('keeps who has read what it was before from changing or deleting it', async () => {
    const first = await made('Stale.role');
    await roles.update({ name: 'Stale.role', description: 'by somebody else', actor });
    const name = 'Stale.role';
    expect(
      await outcomes([
        roles.update({ name, description: 'x', ifMatch: [first], actor }),
        roles.delete({ name, ifMatch: [first], actor }),
      ]),
    ).toEqual(['precondition-failed', 'precondition-failed']);
    expect(await roles.get({ name })).toMatchObject({ description: 'by somebody else' });
  });

  it('is that of another role when one of that name is made again', async () => {
    const first = await made('Again.role');
    await roles.delete({ name: 'Again.role', ifMatch: [first], actor });
    expect(await made('Again.role')).not.toBe(first);
  });

  it('lets one of two changes at once through, whichever they are', async () => {
    for (let turn = 0; turn < 10; turn++) {
      const name = `Raced.role${turn}`;
      const ifMatch = [await made(name)];
      const ended = await outcomes([
        roles.update({ name, description: 'one', ifMatch, actor }),
        turn % 2 === 0
          ? roles.update({ name, description: 'two', ifMatch, actor })
          : roles.delete({ name, ifMatch, actor }),
      ]);
      expect(ended.filter((each) => each === 'made')).toHaveLength(1);
    }
  });
});
