import { afterEach, describe, expect, it } from '@jest/globals';
import { readDestinationPolicy } from '@sluice/domain';
import { freePort } from '@sluice/testing';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { createServer as createTcpServer, type AddressInfo, type Socket } from 'node:net';
import { Destinations, isUnreachable, refusedDestinationCode } from './destinations.js';

const endings: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end();
});

function destinations(allowed: string) {
  const read = readDestinationPolicy(allowed, '');
  if (!('policy' in read)) throw new Error('The list cannot be read.');
  const refused: string[] = [];
  const made = new Destinations(read.policy, (host, addresses) => refused.push(`${host} ${addresses.join(' ')}`));
  endings.push(() => made.close());
  return { made, refused };
}

async function web(location?: (port: number) => string): Promise<{ port: number; calls: () => number }> {
  let calls = 0;
  const server: Server = createServer((_, response) => {
    calls++;
    const port = (server.address() as AddressInfo).port;
    if (location && calls === 1) response.writeHead(302, { location: location(port) }).end();
    else response.end('inside');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  endings.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return { port: (server.address() as AddressInfo).port, calls: () => calls };
}

const failureOf = (promise: Promise<unknown>) =>
  promise.then(
    () => undefined,
    (error: unknown) => error,
  );

describe('a destination that others name', () => {
  it.each(['127.0.0.1', 'localhost', '[::ffff:127.0.0.1]', '0.0.0.0', '127.1', '2130706433'])(
    'is judged by the address that is connected to: %s',
    async (host) => {
      const { port, calls } = await web();
      const { made, refused } = destinations('');
      expect(isUnreachable(await failureOf(made.fetch(`http://${host}:${port}/`, {})))).toBe(true);
      expect(calls()).toBe(0);
      expect(refused).toHaveLength(1);
    },
  );

  it('is judged after each redirect', async () => {
    const { port, calls } = await web((port) => `http://127.0.0.1:${port}/`);
    // The name is open whatever it resolves to; the address it redirects to is not.
    const { made, refused } = destinations('localhost');
    expect(isUnreachable(await failureOf(made.fetch(`http://localhost:${port}/`, {})))).toBe(true);
    expect([calls(), refused]).toEqual([1, ['127.0.0.1 127.0.0.1']]);
  });

  it('is connected to where the operator opened it', async () => {
    const { port } = await web();
    for (const host of ['127.0.0.1', 'localhost']) {
      const response = await destinations('127.0.0.0/8').made.fetch(`http://${host}:${port}/`, {});
      expect(await response.text()).toBe('inside');
    }
    const socket = await destinations('127.0.0.0/8').made.connected('localhost', port, 5_000);
    expect(socket.remoteAddress).toBe('127.0.0.1');
    socket.destroy();
  });

  it.each(['127.0.0.1', 'localhost', '0x7f.1', '::1', '::ffff:127.0.0.1', '2130706433'])(
    'gets no TCP connection either: %s',
    async (host) => {
      const { port } = await web();
      expect(await failureOf(destinations('').made.connected(host, port, 5_000))).toMatchObject({
        code: refusedDestinationCode,
      });
    },
  );

  it('does not end the process when its server resets the connection before anybody listens', async () => {
    const server = createTcpServer();
    const accepted = once(server, 'connection') as Promise<[Socket]>;
    const { promise, resolve } = Promise.withResolvers<void>();
    server.listen(0, '127.0.0.1', resolve);
    endings.push(() => void server.close());
    await promise;
    const { port } = server.address() as AddressInfo;
    const socket = await destinations('127.0.0.1').made.connected('127.0.0.1', port, 5_000);
    const [peer] = await accepted;
    peer.resetAndDestroy();
    await new Promise<void>((ended) => socket.once('close', () => ended()).resume());
    expect(socket.errored).not.toBeNull();
  });

  it('looks like a port on which nobody listens', async () => {
    const { port } = await web();
    const nobody = await freePort();
    const open = destinations('127.0.0.0/8').made;
    const failures = [
      await failureOf(open.connected('127.0.0.1', nobody, 5_000)),
      await failureOf(open.fetch(`http://127.0.0.1:${nobody}/`, {})),
      await failureOf(destinations('').made.connected('127.0.0.1', port, 5_000)),
      await failureOf(destinations('').made.fetch(`http://127.0.0.1:${port}/`, {})),
    ];
    expect(failures.map(isUnreachable)).toEqual([true, true, true, true]);
  });
});
