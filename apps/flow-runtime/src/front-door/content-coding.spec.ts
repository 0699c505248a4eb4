import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { TestAuthority } from '@sluice/testing';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { ServedFlow } from './testing/served-flow.js';
import { replyTo, type Reply } from './testing/upload.js';

const MB = 1_048_576;
const text = '{"name":"Grüße"}';
const flow = `name: f
sender: {adapter: HTTPS, address: /o, maximumBodySizeMb: 1}
steps:
  - contentModifier: {body: {expression: "\${header.Content-Encoding}|\${body}"}}
`;
let served: ServedFlow;

beforeAll(async () => {
  const root = await TestAuthority.root({ subject: 'CN=Root' });
  const server = await root.leaf({
    subject: 'CN=localhost',
    extendedKeyUsage: ['serverAuth'],
    subjectAltNames: ['localhost'],
  });
  served = await ServedFlow.start({ flow, root, server, sender: await root.leaf({ subject: 'CN=shop' }) });
});

afterAll(() => served[Symbol.asyncDispose]());

async function send(coding: string, body: Buffer, headers: Record<string, string | number> = {}): Promise<Reply> {
  const request = served.begin({ 'content-encoding': coding, ...headers });
  const reply = replyTo(request);
  request.end(body);
  return reply;
}

describe('the content coding of a request', () => {
  it.each([
    ['gzip', gzipSync(text)],
    ['X-GZIP', gzipSync(text)],
    ['deflate', deflateSync(text)],
    ['br', brotliCompressSync(text)],
    ['identity', Buffer.from(text)],
  ])('%s is taken off before the flow sees the body', async (coding, body) => {
    for (const headers of [undefined, { 'content-length': body.length }])
      expect(await send(coding, body, headers)).toMatchObject({ status: 200, text: `|${text}` });
  });

  it('may stand at a request that has no body', async () => {
    expect(await send('gzip', Buffer.alloc(0), { 'content-length': 0 })).toMatchObject({ status: 200, text: '|' });
  });

  it.each([
    ['gzip', gzipSync],
    ['deflate', deflateSync],
    ['br', brotliCompressSync],
  ])('%s counts by what comes out: a body that grows over the limit gets 413', async (coding, compress) => {
    expect((await send(coding, compress(Buffer.alloc(MB, 32)))).status).toBe(200);
    const bomb = compress(Buffer.alloc(4 * MB, 32));
    expect(bomb.length).toBeLessThan(MB / 10);
    const before = served.log.length;
    const { status, text: problem } = await send(coding, bomb);
    expect([status, problem.slice(0, 200)]).toEqual([413, expect.stringContaining('larger than the 1 MB')]);
    expect(served.log.length).toBe(before);
  });

  it.each(['zstd', 'gzip, gzip', 'compress', 'constructor'])(
    '%s gets 415 with those that are taken',
    async (coding) => {
      const { status, headers, text: problem } = await send(coding, gzipSync(text));
      expect([status, headers['accept-encoding']]).toEqual([415, 'gzip, deflate, br']);
      expect(problem).toContain('in one of gzip, deflate, br');
    },
  );

  it.each([
    ['that is another', Buffer.from(text)],
    ['that ends too early', gzipSync(text).subarray(0, -9)],
    ['whose sum is wrong', Buffer.concat([gzipSync(text).subarray(0, -8), Buffer.alloc(8)])],
  ])('with a body %s gets 400', async (_what, body) => {
    expect(await send('gzip', body)).toMatchObject({ status: 400, text: expect.stringContaining('content coding') });
    expect(served.faults).toEqual([]);
  });
});
