import { afterEach, describe, expect, it } from '@jest/globals';
import { readDestinationPolicy } from '@sluice/domain';
import { Destinations, isUnreachable } from '@sluice/service-shell';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exchangeOcspOverHttp } from './exchange-ocsp.js';

let server: Server | undefined;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

async function responder(listener: RequestListener): Promise<number> {
  server = createServer(listener);
  const { promise, resolve } = Promise.withResolvers<void>();
  server.listen(0, '127.0.0.1', resolve);
  await promise;
  return (server.address() as AddressInfo).port;
}

async function exchange(allowed: string, url: string): Promise<Uint8Array> {
  const read = readDestinationPolicy(allowed, '');
  if (!('policy' in read)) throw new Error('The list cannot be read.');
  const destinations = new Destinations(read.policy, () => undefined);
  try {
    return await exchangeOcspOverHttp(destinations)(url, Buffer.from('question'), 5_000);
  } finally {
    await destinations.close();
  }
}

describe('an OCSP exchange', () => {
  it('posts the question and gives the answer', async () => {
    const port = await responder((request, response) => {
      void request.toArray().then((chunks: Buffer[]) => response.end(`answer to ${Buffer.concat(chunks).toString()}`));
    });
    expect(Buffer.from(await exchange('127.0.0.1', `http://127.0.0.1:${port}/`)).toString()).toBe('answer to question');
  });

  it('reaches nothing on this machine that a certificate names', async () => {
    let calls = 0;
    const port = await responder((_, response) => {
      calls++;
      response.end('inside');
    });
    for (const host of ['127.0.0.1', 'localhost', '[::ffff:7f00:1]', '0x7f000001']) {
      const failure: unknown = await exchange('', `http://${host}:${port}/`).catch((error: unknown) => error);
      expect(isUnreachable(failure)).toBe(true);
    }
    expect(calls).toBe(0);
  });

  it('follows no redirect', async () => {
    let calls = 0;
    const port = await responder((_, response) => {
      calls++;
      response.writeHead(307, { location: '/other' }).end();
    });
    await expect(exchange('127.0.0.1', `http://127.0.0.1:${port}/`)).rejects.toThrow();
    expect(calls).toBe(1);
  });

  it.each([404, 500, 204])('fails with the status %i of who does not answer', async (status) => {
    const port = await responder((_, response) => void response.writeHead(status).end());
    await expect(exchange('127.0.0.1', `http://127.0.0.1:${port}/`)).rejects.toThrow(`it answered ${status}`);
  });

  it('ends with an answer that is longer than any', async () => {
    const port = await responder((_, response) => void response.end(Buffer.alloc(4 * 1024 * 1024)));
    await expect(exchange('127.0.0.1', `http://127.0.0.1:${port}/`)).rejects.toThrow('its answer is too long');
  });
});
