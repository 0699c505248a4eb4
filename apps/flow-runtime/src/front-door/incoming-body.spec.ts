import { afterEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { comesAsStream, IncomingBody } from './incoming-body.js';

const endings: (() => void)[] = [];

afterEach(() => {
  for (const end of endings.splice(0).reverse()) end();
});

/** A request of which this much has been sent. */
async function requestOf(head: string, part: string): Promise<IncomingMessage> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  endings.push(() => {
    socket.destroy();
    server.closeAllConnections();
    server.close();
  });
  socket.write(`POST / HTTP/1.1\r\nHost: x\r\n${head}\r\n\r\n${part}`);
  const [request] = (await once(server, 'request')) as [IncomingMessage];
  return request;
}

describe('a body as it comes', () => {
  it.each([
    ['Content-Length: 65536', false],
    ['Content-Length: 65537', true],
    ['Content-Length: 100000', true],
    ['Content-Length: 100001', false],
    ['Transfer-Encoding: chunked', true],
    ['X-None: x', false],
  ])('with %s and a limit of 100,000 bytes is one: %s', async (head, streams) => {
    expect(comesAsStream(await requestOf(head, ''), 100_000)).toBe(streams);
  });

  it('is there once', async () => {
    const body = new IncomingBody(await requestOf('Content-Length: 5', 'he'), 5);
    body.chunks();
    expect(() => body.chunks()).toThrow('once only');
  });

  it('has failed when its sender went away before', async () => {
    const request = await requestOf('Content-Length: 5', 'he');
    endings.pop()?.();
    await new Promise((resolve) => request.once('close', resolve));
    const body = new IncomingBody(request, 5);
    expect(body.failure?.code).toBe('sender-gone');
    await expect(body.chunks()[Symbol.asyncIterator]().next()).rejects.toBe(body.failure);
  });

  it('does not end for whoever waits for more when nobody wants it any longer: a part is not the whole', async () => {
    const body = new IncomingBody(await requestOf('Content-Length: 5', 'he'), 5);
    const chunks = body.chunks()[Symbol.asyncIterator]();
    expect(await chunks.next()).toMatchObject({ done: false });
    const next = chunks.next();
    body.close();
    await expect(next).rejects.toThrow('Nothing more is wanted');
    expect(body.failure).toBeUndefined();
  });
});
