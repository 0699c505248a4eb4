import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { findMissingRoles } from '@sluice/contracts';
import { TestNats } from '@sluice/testing';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { BusServer } from './bus-server.js';
import { RequestClient } from './request-client.js';

describe('a process that is not ready yet', () => {
  let nats: TestNats;
  const connections: NatsConnection[] = [];
  const servers: BusServer[] = [];

  beforeAll(async () => {
    nats = await TestNats.start();
  }, 60_000);
  afterAll(async () => {
    await Promise.all(servers.map((server) => server.close()));
    await Promise.all(connections.map((connection) => connection.close()));
    await nats?.stop();
  });

  async function as(service: string): Promise<NatsConnection> {
    const connection = await connect({ servers: nats.url, inboxPrefix: `_INBOX_${service}` });
    connections.push(connection);
    return connection;
  }

  /** One of several processes of authorization, which answers with its own name. */
  async function start(
    name: string,
    opensWhen?: () => Promise<void>,
  ): Promise<{ open: Promise<void>; flush(): Promise<void> }> {
    const connection = await as('authorization');
    const server = new BusServer({
      service: 'authorization',
      connection,
      maximumInFlight: 100,
      ...(opensWhen ? { opensWhen } : {}),
      onFault: (error) => {
        throw error;
      },
    });
    server.addHandler(findMissingRoles.subject, () => Promise.resolve({ missing: [name] }));
    servers.push(server);
    return {
      open: new Promise((resolve, reject) => {
        void server.listen((error: unknown) => (error ? reject(error as Error) : resolve()));
      }),
      flush: () => connection.flush(),
    };
  }

  it('leaves every request to the others of its service, and takes part when it is', async () => {
    const first = await start('first');
    await first.open;
    let ready: () => void = () => undefined;
    const second = await start('second', () => new Promise((resolve) => (ready = resolve)));
    await Promise.all([first.flush(), second.flush()]);
    const requests = new RequestClient(await as('key-management'));
    const answeredBy = async () => {
      const names = Array.from({ length: 40 }, () => requests.call(findMissingRoles, { roles: ['a'] }));
      return [...new Set((await Promise.all(names)).flatMap(({ missing }) => missing))].sort();
    };
    expect(await answeredBy()).toEqual(['first']);
    ready();
    await second.open;
    await second.flush();
    expect(await answeredBy()).toEqual(['first', 'second']);
  });
});
