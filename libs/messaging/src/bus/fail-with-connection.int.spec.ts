import { expect, it } from '@jest/globals';
import { TestNats, until } from '@sluice/testing';
import { connect } from '@nats-io/transport-node';
import { failRequestsWithConnection } from './fail-with-connection.js';

it('a request fails with the connection it was sent over, and at once while there is none', async () => {
  await using nats = await TestNats.start();
  const connection = await connect({ servers: nats.url, maxReconnectAttempts: -1, reconnectTimeWait: 20 });
  failRequestsWithConnection(connection);
  try {
    const received: string[] = [];
    connection.subscribe('silent', { callback: (_error, message) => void received.push(message.string()) });
    const pending = connection.request('silent', 'one', { timeout: 600_000 });
    const failed = expect(pending).rejects.toThrow('the connection to the bus was lost');
    await until(() => received.length > 0, { what: 'the request' });
    await nats.halt('SIGKILL');
    await failed;
    await expect(connection.request('silent', 'two', { timeout: 600_000 })).rejects.toThrow('the bus is away');
    await nats.start();
    connection.subscribe('echo', { callback: (_error, message) => void message.respond(message.data) });
    const answer = await until(() => connection.request('echo', 'three', { timeout: 1_000 }).catch(() => undefined), {
      what: 'an answer over the new connection',
    });
    expect(answer.string()).toBe('three');
    expect(received).toEqual(['one']);
  } finally {
    await connection.close();
  }
});
