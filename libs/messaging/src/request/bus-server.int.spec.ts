import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { findMissingRoles } from '@sluice/contracts';
import { TestNats } from '@sluice/testing';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { BusServer } from './bus-server.js';
import { RequestClient } from './request-client.js';

describe('the answers of a service', () => {
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

  it('give their place back when who is told of them fails, and the fault is told', async () => {
    const faults: unknown[] = [];
    const fault = new Error('a counter that fails');
    const connection = await as('authorization');
    const server = new BusServer({
      service: 'authorization',
      connection,
      maximumInFlight: 1,
      onFault: (error) => void faults.push(error),
      onAnswered: () => {
        throw fault;
      },
    });
    servers.push(server);
    server.addHandler(findMissingRoles.subject, () => Promise.resolve({ missing: [] }));
    await new Promise<void>((resolve, reject) => {
      server.listen((error: unknown) => (error ? reject(error as Error) : resolve())).catch(reject);
    });
    await connection.flush();
    const requests = new RequestClient(await as('key-management'));
    for (let times = 1; times <= 3; times++) {
      await expect(requests.call(findMissingRoles, { roles: ['a'] })).resolves.toEqual({ missing: [] });
      expect(faults).toEqual(Array(times).fill(fault));
    }
    expect(server.inFlight).toBe(0);
  });
});
