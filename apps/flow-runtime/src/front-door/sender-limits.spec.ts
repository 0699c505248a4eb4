import { afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { TestAuthority, until as seen, type TestCertificate } from '@sluice/testing';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { SenderLimits, type SenderLimitSettings } from '../fair-shares/sender-limits.js';
import { ServedFlow } from './testing/served-flow.js';
import { replyTo, type Reply } from './testing/upload.js';

let root: TestAuthority;
let server: TestCertificate;
let sender: TestCertificate;
let other: TestCertificate;
let now = 0;
const endings: (() => Promise<unknown> | void)[] = [];

beforeAll(async () => {
  root = await TestAuthority.root({ subject: 'CN=Root' });
  server = await root.leaf({
    subject: 'CN=localhost',
    extendedKeyUsage: ['serverAuth'],
    subjectAltNames: ['localhost'],
  });
  sender = await root.leaf({ subject: 'CN=shop' });
  other = await root.leaf({ subject: 'CN=other' });
});

afterEach(async () => {
  now = 0;
  for (const end of endings.splice(0).reverse()) await end();
});

/** A receiver that answers when it is told to. */
async function receiver(): Promise<{ url: string; calls: ServerResponse[] }> {
  const calls: ServerResponse[] = [];
  const http = createServer((_request: IncomingMessage, response) => void calls.push(response));
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  endings.push(() => {
    http.closeAllConnections();
    http.close();
  });
  return { url: `http://127.0.0.1:${(http.address() as AddressInfo).port}/`, calls };
}

const answering = (channel = '') => `name: f
sender: {adapter: HTTPS, address: /o${channel}}
steps:
  - contentModifier: {body: {constant: ok}}
`;
const callingTo = (url: string) => `name: f
sender: {adapter: HTTPS, address: /o}
steps:
  - requestReply: {adapter: HTTP, method: GET, address: "${url}"}
`;

async function serve(flow: string, settings: Partial<SenderLimitSettings>): Promise<ServedFlow> {
  const limits = new SenderLimits({ requestsPerSecond: 0, burst: 1, concurrentMessages: 0, ...settings }, () => now);
  const served = await ServedFlow.start({ flow, root, server, sender, other, limits });
  endings.push(() => served[Symbol.asyncDispose]());
  return served;
}

interface Sent {
  readonly headers?: Readonly<Record<string, string | number>>;
  readonly body?: string;
  readonly who?: 'sender' | 'other';
}

async function send(served: ServedFlow, { headers, body = 'hi', who }: Sent = {}): Promise<Reply> {
  const request = served.begin(headers ?? { 'content-length': body.length }, who);
  const reply = replyTo(request);
  request.end(body);
  return reply;
}

/** Waits until what is asked for is so. */
function until(ask: () => boolean | Promise<boolean>): Promise<unknown> {
  return seen(ask, { what: String(ask), timeoutMs: 20_000, everyMs: 5 });
}

describe('the limits of a sender, at the listener', () => {
  it('attack 49: who sends more than the rate gets 429 with when to come again, and others go on', async () => {
    const served = await serve(answering(), { requestsPerSecond: 1, burst: 2 });
    expect([(await send(served)).status, (await send(served)).status]).toEqual([200, 200]);
    const { status, headers, text } = await send(served);
    expect(status).toBe(429);
    expect(headers).toMatchObject({
      'content-type': 'application/problem+json',
      'retry-after': '1',
      ratelimit: '"requests";r=0;t=1',
      'ratelimit-policy': '"requests";q=2;w=2',
    });
    expect(JSON.parse(text)).toMatchObject({ title: 'Too Many Requests', status: 429 });
    expect((await send(served, { who: 'other' })).status).toBe(200);
    now = 1_000;
    expect((await send(served)).status).toBe(200);
    expect(served.statuses).toHaveLength(4);
  });

  it('is said on a connection that goes on when the body is small', async () => {
    const served = await serve(answering(), { requestsPerSecond: 1, burst: 1 });
    const connections = new Set<Socket>();
    served.server.on('secureConnection', (socket: Socket) => connections.add(socket));
    const statuses = [];
    for (let request = 0; request < 5; request++) statuses.push((await send(served)).status);
    expect([statuses, connections.size]).toEqual([[200, 429, 429, 429, 429], 1]);
  });

  it('is said before the body is read, and ends the connection when the body is large or waits for 100 Continue', async () => {
    const served = await serve(answering(), { requestsPerSecond: 1, burst: 1 });
    await send(served);
    const requests: readonly Readonly<Record<string, string | number>>[] = [
      { 'content-length': 1_000_000 },
      { 'content-length': 10, expect: '100-continue' },
      { 'transfer-encoding': 'chunked' },
    ];
    for (const headers of requests) {
      const request = served.begin(headers);
      let welcome = false;
      request.on('continue', () => (welcome = true));
      const { status, headers: answered } = await replyTo(request);
      expect([status, answered.connection, welcome]).toEqual([429, 'close', false]);
    }
  });

  it('attack 49: who has as many messages under way as it may gets 429, and others go on', async () => {
    const { url, calls } = await receiver();
    const served = await serve(callingTo(url), { concurrentMessages: 2 });
    const first = [send(served), send(served)];
    await until(() => calls.length === 2);
    const { status, headers } = await send(served);
    expect([status, headers['retry-after'], headers.ratelimit, headers['ratelimit-policy']]).toEqual([
      429,
      '1',
      '"messages";r=0',
      '"messages";q=2;qu="concurrent-requests"',
    ]);
    const others = send(served, { who: 'other' });
    await until(() => calls.length === 3);
    calls.forEach((call) => call.end('ok'));
    expect((await Promise.all([...first, others])).map(({ status }) => status)).toEqual([200, 200, 200]);
    const again = send(served);
    await until(() => calls.length === 4);
    calls[3]?.end('ok');
    expect((await again).status).toBe(200);
  });

  it('counts a message whose sender went away for as long as its flow goes on', async () => {
    const { url, calls } = await receiver();
    const served = await serve(callingTo(url), { concurrentMessages: 1 });
    const request = served.begin({ 'content-length': 0 });
    request.on('error', () => undefined);
    request.end();
    await until(() => calls.length === 1);
    request.destroy();
    const open = () => new Promise<number>((resolve) => served.server.getConnections((_, count) => resolve(count)));
    await until(async () => (await open()) === 0);
    expect((await send(served)).status).toBe(429);
    calls[0]?.end('ok');
    await until(() => served.log.length === 1);
    const again = send(served);
    await until(() => calls.length === 2);
    calls[1]?.end('ok');
    expect((await again).status).toBe(200);
  });

  it('gives the place back of a request that runs no flow: a body too large, a token, a sender that goes away', async () => {
    const served = await serve(answering(', maximumBodySizeMb: 1, csrfProtection: true'), { concurrentMessages: 1 });
    const fetch = () => send(served, { headers: { 'x-csrf-token': 'fetch', 'content-length': 2 } });
    // Of a POST no token is fetched: it is refused.
    expect((await fetch()).status).toBe(403);
    expect((await fetch()).status).toBe(403);
    const plain = await serve(answering(', maximumBodySizeMb: 1'), { concurrentMessages: 1 });
    expect((await send(plain, { headers: { 'content-length': 2_000_000 } })).status).toBe(413);
    const gone = plain.begin({ 'content-length': 10 });
    gone.on('error', () => undefined);
    gone.destroy();
    await until(async () => (await send(plain)).status === 200);
  });
});
