import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { BodyBudget } from '../fair-shares/body-budget.js';
import { readBody } from './read-body.js';

const bodies = new BodyBudget(1_048_576, 10_000);
const room = { lease: () => bodies.leaseFor('a') };

describe('reading a body', () => {
  let server: Server;
  let socket: Socket;
  let read: Promise<string>;

  beforeEach(async () => {
    read = new Promise((resolve, reject) => {
      server = createServer((request: IncomingMessage) => {
        readBody(request, 8, room).then(
          (body) => resolve(typeof body === 'string' ? body : Buffer.from(body).toString()),
          reject,
        );
      });
    });
    read.catch(() => undefined);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  });

  afterEach(() => {
    socket.destroy();
    server.closeAllConnections();
    server.close();
  });

  it.each([
    ['in one piece', 'Content-Length: 5\r\n\r\nhello', 'hello'],
    ['in chunks', 'Transfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n', 'hello'],
    ['that is empty', '\r\n', ''],
  ])('gives a body %s', async (_how, rest, body) => {
    socket.write(`POST / HTTP/1.1\r\nHost: x\r\n${rest}`);
    await expect(read).resolves.toBe(body);
  });

  it.each([
    ['says so', 'Content-Length: 9\r\n\r\n'],
    ['turns out so', 'Transfer-Encoding: chunked\r\n\r\n9\r\n123456789\r\n'],
  ])('gives none when it is too long and %s', async (_how, rest) => {
    socket.write(`POST / HTTP/1.1\r\nHost: x\r\n${rest}`);
    await expect(read).resolves.toBe('too-large');
  });

  it('fails when the sender goes away in the middle', async () => {
    socket.write('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhe');
    server.once('request', () => socket.destroy());
    await expect(read).rejects.toThrow('aborted');
  });

  it('fails when the sender went away before anybody read', async () => {
    server.removeAllListeners('request');
    socket.write('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhe');
    const [request] = (await once(server, 'request')) as [IncomingMessage];
    request.on('error', () => undefined);
    socket.destroy();
    await new Promise((resolve) => request.once('close', resolve));
    await expect(readBody(request, 8, room)).rejects.toThrow('aborted');
  });
});
