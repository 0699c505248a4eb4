import { describe, expect, it } from '@jest/globals';
import { decodePem } from '@sluice/pki';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { makeUnusableRoot } from '../container/make-unusable-root.js';
import { listTrustedRoots } from './list-trusted-roots.js';

const pem = () => makeUnusableRoot(Date.UTC(2026, 5, 1));

async function withApi(pages: Record<string, unknown>, test: (url: string) => Promise<void>): Promise<void> {
  const server = createServer((request, response) => {
    const after = new URL(request.url ?? '', 'http://api').searchParams.get('after') ?? '';
    const allowed = request.headers.authorization === 'Bearer token';
    response.writeHead(allowed ? 200 : 401, { 'content-type': 'application/json' }).end(JSON.stringify(pages[after]));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    await test(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  } finally {
    server.close();
    server.closeAllConnections();
  }
}

describe('listTrustedRoots', () => {
  it('follows the pages to the end', async () => {
    const [first, second] = [await pem(), await pem()];
    await withApi({ '': { items: [{ pem: first }], next: 'x' }, x: { items: [{ pem: second }] } }, async (url) => {
      expect(await listTrustedRoots(url, 'token')).toEqual([decodePem(first)[0], decodePem(second)[0]]);
    });
  });

  it.each([
    ['is no list', { problem: true }],
    ['has an item without certificate', { items: [{}] }],
    ['has two certificates in one item', undefined],
  ])('attack 26: takes nothing of an answer that %s', async (_what, page) => {
    const answer = page ?? { items: [{ pem: (await pem()) + (await pem()) }] };
    await withApi({ '': answer }, (url) => expect(listTrustedRoots(url, 'token')).rejects.toThrow(/The admin API/));
  });

  it('names the status when the token is refused', () =>
    withApi({ '': {} }, (url) => expect(listTrustedRoots(url, 'other')).rejects.toThrow('The admin API answered 401')));
});
