import { TestAuthority, TestNats, TestPostgres } from '@sluice/testing';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { join } from 'node:path';
import {
  actor,
  busConfiguration,
  startKeyManagement,
  type KeyManagementFixture,
} from '../testing/key-management-fixture.js';
import { AddTrustedRoot } from './add-trusted-root.js';
import { warnOfNames } from './warn-of-names.js';

let postgres: TestPostgres;
let nats: TestNats;
let connection: NatsConnection;
let service: KeyManagementFixture;

beforeAll(async () => {
  [postgres, nats] = await Promise.all([
    TestPostgres.start(),
    TestNats.start({ configuration: ({ listen, folder }) => busConfiguration(listen, join(folder, 'jetstream')) }),
  ]);
  connection = await connect({ servers: nats.url });
  service = await startKeyManagement({
    databaseUrl: await postgres.createDatabase(),
    connection,
    now: () => Date.now(),
  });
}, 90_000);

afterAll(async () => {
  await service.stop();
  await connection.close();
  await Promise.all([nats.stop(), postgres.stop()]);
});

it('warns from the root on with which the names are longer than every client takes', async () => {
  const add = new AddTrustedRoot(service.changes, () => Date.now());
  const names: string[] = [];
  for (let index = 0; names.length === 0 && index < 80; index++) {
    const root = await TestAuthority.root({ subject: `CN=Root ${index},OU=${'Certification Authority '.repeat(8)}` });
    await add.execute({ pem: root.pem, actor });
    names.push(...(await warnOfNames(service.dataSource)).map(({ message }) => message));
  }
  expect(names).toEqual([expect.stringMatching(/^The names of the \d\d trusted roots take 12\d{3} octets/)]);
}, 60_000);
