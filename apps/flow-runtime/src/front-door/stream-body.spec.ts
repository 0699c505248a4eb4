import { afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { TestAuthority, until, type TestCertificate } from '@sluice/testing';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { gzipSync } from 'node:zlib';
import { ServedFlow, type ServedFlowOptions } from './testing/served-flow.js';
import { replyTo, Upload } from './testing/upload.js';

const MB = 1_048_576;
let root: TestAuthority;
let server: TestCertificate;
let sender: TestCertificate;
const endings: (() => Promise<unknown> | void)[] = [];

beforeAll(async () => {
  root = await TestAuthority.root({ subject: 'CN=Root' });
  server = await root.leaf({
    subject: 'CN=localhost',
    extendedKeyUsage: ['serverAuth'],
    subjectAltNames: ['localhost'],
  });
  sender = await root.leaf({ subject: 'CN=shop' });
});

afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end();
});

/** What a receiver saw of one call. */
interface Call {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  aborted: boolean;
}

/** A receiver that does with a call what it is told, and keeps what it saw. */
async function receiver(listener: RequestListener): Promise<{ url: string; calls: Call[] }> {
  const calls: Call[] = [];
  const http = createServer((request, response) => {
    const call: Call = { request, response, aborted: false };
    calls.push(call);
    request.on('error', () => (call.aborted = true));
    listener(request, response);
  });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  endings.push(() => {
    http.closeAllConnections();
    http.close();
  });
  return { url: `http://127.0.0.1:${(http.address() as AddressInfo).port}/`, calls };
}

interface FlowSettings {
  readonly channel?: string;
  readonly call?: string;
  readonly before?: string;
}

const flowTo = (url: string, { channel = '', call = '', before = '' }: FlowSettings = {}) =>
  `name: f
sender: {adapter: HTTPS, address: /o${channel}}
steps:
${before}  - contentModifier: {headers: {X-Set: {constant: a}}}
  - requestReply: {adapter: HTTP, address: "${url}", requestHeaders: [X-*]${call}}
  - contentModifier: {body: "<\${body}>"}
`;

async function serve(flow: string, more: Partial<ServedFlowOptions> = {}): Promise<ServedFlow> {
  const served = await ServedFlow.start({ flow, root, server, sender, ...more });
  endings.push(() => served[Symbol.asyncDispose]());
  return served;
}

const drinkUp: RequestListener = (request, response) => {
  const hash = createHash('sha256');
  request.on('data', (chunk: Buffer) => hash.update(chunk));
  request.on('end', () => response.end(hash.digest('hex')));
};
const readsNothing: RequestListener = () => undefined;

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** Without what waits for the garbage collection: the sender is in this process, too. */
function memoryInUse(): NodeJS.MemoryUsage {
  collectGarbage();
  return process.memoryUsage();
}

describe('a body that no step needs whole', () => {
  it.each([
    ['with its length', { 'content-length': 30 * MB }, { 'content-length': `${30 * MB}` }],
    ['in chunks', {}, { 'transfer-encoding': 'chunked' }],
  ])('of 30 MB reaches the receiver unchanged, %s as it came', async (_how, headers, passed) => {
    const { url, calls } = await receiver(drinkUp);
    const served = await serve(flowTo(url));
    const request = served.begin(headers);
    const reply = replyTo(request);
    const upload = new Upload(request, 30 * MB);
    const { status, text } = await reply;
    expect([status, text, served.statuses]).toEqual([200, `<${upload.hash.digest('hex')}>`, ['COMPLETED']]);
    const { headers: seen } = calls[0]?.request ?? {};
    expect(seen).toMatchObject({ ...passed, 'x-set': 'a' });
    expect(Object.keys(seen ?? {}).filter((name) => /^(content-length|transfer-encoding)$/.test(name))).toEqual(
      Object.keys(passed),
    );
  });

  it('is decoded first when it has a content coding', async () => {
    const { url, calls } = await receiver(drinkUp);
    const served = await serve(flowTo(url));
    const body = Buffer.alloc(MB, 'a');
    const request = served.begin({ 'content-encoding': 'gzip' });
    const reply = replyTo(request);
    request.end(gzipSync(body));
    expect((await reply).text).toBe(`<${createHash('sha256').update(body).digest('hex')}>`);
    expect(calls[0]?.request.headers['content-encoding']).toBeUndefined();
  });

  it('makes the sender wait while the receiver reads nothing, and takes in next to nothing meanwhile', async () => {
    const bytes = 100 * MB;
    const { url, calls } = await receiver(readsNothing);
    const served = await serve(flowTo(url, { channel: ', maximumBodySizeMb: 1000' }));
    const request = served.begin();
    const reply = replyTo(request);
    const before = memoryInUse();
    const upload = new Upload(request, bytes);
    let last = -1;
    let since = performance.now();
    await until(
      () => {
        if (upload.sent !== last) [last, since] = [upload.sent, performance.now()];
        return upload.done || (upload.stalled && performance.now() - since > 500);
      },
      { what: 'the sender being stopped' },
    );
    // What was sent is in the buffers of four sockets of the kernel.
    expect(upload.sent).toBeLessThan(bytes / 2);
    const takenIn = () => {
      const { arrayBuffers, heapUsed } = memoryInUse();
      return Math.max(arrayBuffers - before.arrayBuffers, heapUsed - before.heapUsed);
    };
    // A collection leaves buffers to be freed by another thread, and counts them until the next one.
    await until(() => takenIn() < 8 * MB, { what: 'less than 8 MB in memory' });
    const [call] = calls;
    if (!call) throw new Error('The receiver was not called.');
    drinkUp(call.request, call.response);
    const { status, text } = await reply;
    expect([status, text, upload.sent]).toEqual([200, `<${upload.hash.digest('hex')}>`, bytes]);
  }, 60_000);

  it('goes to the receiver before it has come, and the connection goes on after it', async () => {
    const { url, calls } = await receiver(drinkUp);
    const served = await serve(flowTo(url));
    const request = served.begin({ 'content-length': 64 * 1024 + 1 });
    const reply = replyTo(request);
    request.write('a');
    await until(() => calls.length > 0, { what: 'the call of the receiver' });
    request.end('b'.repeat(64 * 1024));
    expect((await reply).status).toBe(200);
    await setImmediate();
    const next = served.begin();
    next.end('x');
    expect([(await replyTo(next)).status, next.reusedSocket]).toEqual([200, true]);
    expect(served.statuses).toEqual(['COMPLETED', 'COMPLETED']);
  });

  it.each([
    ['declares 64 KiB', { 'content-length': 64 * 1024 }, {}],
    ['meets a step that mentions it', {}, { before: '  - contentModifier: {headers: {X-L: "${body.length()}"}}\n' }],
  ])('is gathered when it %s', async (_case, headers, settings) => {
    const { url, calls } = await receiver(drinkUp);
    const served = await serve(flowTo(url, settings));
    const request = served.begin(headers);
    const reply = replyTo(request);
    request.write('a'.repeat(1024));
    // Another message comes and goes meanwhile.
    const other = served.begin({ 'content-length': 1 });
    other.end('b');
    expect((await replyTo(other)).status).toBe(200);
    expect(calls).toHaveLength(1);
    request.end('a'.repeat(63 * 1024));
    expect((await reply).text).toBe(`<${createHash('sha256').update('a'.repeat(65_536)).digest('hex')}>`);
    expect(calls[1]?.request.headers['content-length']).toBe('65536');
  });

  it('is asked for by 100 Continue', async () => {
    const { url } = await receiver(drinkUp);
    const served = await serve(flowTo(url));
    const request = served.begin({ expect: '100-continue' });
    const reply = replyTo(request);
    await once(request, 'continue');
    request.end('x');
    expect((await reply).status).toBe(200);
  });

  it('over the limit gets 413 when so much has come; the receiver’s call is aborted and the message failed', async () => {
    const { url, calls } = await receiver(drinkUp);
    const served = await serve(flowTo(url, { channel: ', maximumBodySizeMb: 1' }));
    const request = served.begin();
    const reply = replyTo(request);
    const upload = new Upload(request, 100 * MB);
    const { status, headers, text } = await reply;
    expect([status, headers.connection]).toEqual([413, 'close']);
    expect(headers['sap_messageprocessinglogid']).toBe(served.log[0]?.[0]);
    expect(JSON.parse(text)).toMatchObject({ detail: 'The body is larger than the 1 MB the flow allows.' });
    await until(() => calls[0]?.aborted, { what: 'the end of the call' });
    expect(served.statuses).toEqual(['FAILED']);
    expect(served.log[0]?.[9]).toMatchObject({ error: 'The body is larger than the channel allows.' });
    await until(() => upload.done, { what: 'the end of the connection' });
    expect(upload.sent).toBeLessThan(50 * MB);
  });

  it('that says it is over the limit gets 413 at once, and no flow begins', async () => {
    const { url, calls } = await receiver(drinkUp);
    const served = await serve(flowTo(url, { channel: ', maximumBodySizeMb: 1' }));
    const request = served.begin({ 'content-length': MB + 1 });
    expect((await replyTo(request)).status).toBe(413);
    expect([calls, served.log]).toEqual([[], []]);
  });

  it.each([
    ['with its length', { 'content-length': 30 * MB }],
    ['in chunks', {}],
  ])(
    'whose sender goes away in the middle, %s, ends the receiver’s call, and the message is failed',
    async (_how, headers) => {
      const { url, calls } = await receiver(drinkUp);
      const served = await serve(flowTo(url));
      const request = served.begin(headers);
      request.on('error', () => undefined);
      request.write(Buffer.alloc(MB));
      await until(() => calls.length > 0, { what: 'the call of the receiver' });
      request.destroy();
      await until(() => served.log.length > 0, { what: 'the entry of the message' });
      expect(served.statuses).toEqual(['FAILED']);
      expect(served.log[0]?.[9]).toMatchObject({ error: 'The sender went away before the end of its body.' });
      await until(() => calls[0]?.aborted, { what: 'the end of the call' });
      expect(calls[0]?.request.complete).toBe(false);
      expect(served.faults).toEqual([]);
    },
  );

  describe.each<[string, (request: IncomingMessage, response: ServerResponse) => void]>([
    ['reads no more', (_request, response) => response.end('early')],
    // RFC 9112 §9.6: whoever closes goes on reading for a while, so that its answer is not lost.
    [
      'reads on, and closes',
      (request, response) => request.resume().on('close', () => response.end()) && response.write('early'),
    ],
  ])('when the receiver answers before the end and %s', (_how, finish) => {
    const answering = (status: number) =>
      receiver((request, response) => {
        request.once('data', () => {
          request.pause();
          finish(request, response.writeHead(status, { 'content-length': 5 }));
        });
      });

    it.each([
      [401, ', throwOnFailure: false', 200, 'COMPLETED', '<early>'],
      [413, '', 500, 'FAILED', 'messageProcessingLogId'],
      [500, '', 500, 'FAILED', 'messageProcessingLogId'],
      [200, '', 200, 'COMPLETED', '<early>'],
    ])('its %i counts, and the rest is not read', async (answered, call, status, logged, text) => {
      const { url } = await answering(answered);
      const served = await serve(flowTo(url, { call, channel: ', maximumBodySizeMb: 1000' }));
      const request = served.begin();
      const reply = replyTo(request);
      const upload = new Upload(request, 400 * MB);
      const got = await reply;
      expect([got.status, got.headers.connection, served.statuses]).toEqual([status, 'close', [logged]]);
      expect(got.text).toContain(text);
      await until(() => upload.done, { what: 'the end of the connection' });
      expect(upload.sent).toBeLessThan(100 * MB);
      expect(served.faults).toEqual([]);
    });

    it('a sender that waits for the answer gets it, and then the end of the connection', async () => {
      const { url } = await answering(200);
      const served = await serve(flowTo(url));
      const request = served.begin({ 'content-length': 30 * MB });
      const reply = replyTo(request);
      request.write('a');
      const { status, text } = await reply;
      expect([status, text, served.statuses]).toEqual([200, '<early>', ['COMPLETED']]);
      await until(() => request.destroyed, { what: 'the end of the connection' });
    });
  });

  it('whose receiver answers and resets the connection at once does not hang: the answer counts if it came through', async () => {
    const { url } = await receiver((request, response) => {
      request.once('data', () => {
        request.pause();
        response.writeHead(200, { connection: 'close' }).end('early');
      });
    });
    const served = await serve(flowTo(url, { channel: ', maximumBodySizeMb: 1000' }));
    const request = served.begin();
    const reply = replyTo(request);
    const upload = new Upload(request, 400 * MB);
    const { status } = await reply;
    expect([
      [200, 'COMPLETED'],
      [500, 'FAILED'],
    ]).toContainEqual([status, ...served.statuses]);
    await until(() => upload.done, { what: 'the end of the connection' });
    expect(upload.sent).toBeLessThan(100 * MB);
  });

  it('does not outlast the time of its message', async () => {
    const { url, calls } = await receiver(readsNothing);
    const served = await serve(flowTo(url), { messageTimeLimitMs: 300 });
    const request = served.begin({ 'content-length': 30 * MB });
    const reply = replyTo(request);
    request.write('a');
    const { status, text } = await reply;
    expect([status, served.statuses]).toEqual([500, ['FAILED']]);
    expect(JSON.parse(text)).toMatchObject({ messageProcessingLogId: served.log[0]?.[0] });
    // Who reads nothing does not see that the other side is gone.
    calls[0]?.request.resume();
    await until(() => calls[0]?.aborted, { what: 'the end of the call' });
  });

  it('that comes too slowly is ended by the listener, and the message is failed', async () => {
    const { url, calls } = await receiver(drinkUp);
    const served = await serve(flowTo(url), { requestTimeoutMs: 300 });
    const request = served.begin({ 'content-length': 30 * MB });
    const reply = replyTo(request);
    const drip = setInterval(() => request.write('a'), 50);
    endings.push(() => clearInterval(drip));
    expect((await reply).status).toBe(408);
    await until(() => served.log.length > 0 && calls[0]?.aborted, { what: 'the end of the message' });
    expect(served.statuses).toEqual(['FAILED']);
  });

  it('holds the place of its message in the flow while it comes', async () => {
    const { url, calls } = await receiver(drinkUp);
    const served = await serve(flowTo(url, { channel: ', maximumConcurrency: 1, maximumQueued: 1' }));
    const [first, second, third] = [served.begin(), served.begin(), served.begin()];
    const replies = [first, second, third].map((request) => replyTo(request));
    for (const request of [first, second, third]) request.write('a');
    // One goes in, one waits, and whichever was the last is turned away.
    expect((await Promise.race(replies)).status).toBe(503);
    await until(() => calls.length > 0, { what: 'the call of the receiver' });
    expect(calls).toHaveLength(1);
    for (const request of [first, second, third]) request.end();
    const statuses = (await Promise.all(replies)).map(({ status }) => status);
    expect(statuses.sort()).toEqual([200, 200, 503]);
  });

  it('begins no flow without a permit that holds', async () => {
    const { url, calls } = await receiver(drinkUp);
    const served = await serve(flowTo(url));
    const first = served.begin();
    first.end('x');
    expect((await replyTo(first)).status).toBe(200);
    served.state.usable = false;
    const second = served.begin();
    const reply = replyTo(second);
    second.write('x');
    expect((await reply).status).toBe(503);
    second.destroy();
    expect([calls.length, served.statuses]).toEqual([1, ['COMPLETED']]);
  });
});

describe('a connection that was let in to a flow', () => {
  it('does not reach it any more by the same address once another route, or none, stands there', async () => {
    const { url, calls } = await receiver(drinkUp);
    const served = await serve(flowTo(url));
    const first = served.begin();
    first.end('x');
    expect((await replyTo(first)).status).toBe(200);
    // The permit of this test rests on no record, so it is the route alone that ends.
    served.flows.apply('f', undefined);
    const second = served.begin();
    const reply = replyTo(second);
    second.end('x');
    expect((await reply).status).not.toBe(200);
    expect([second.reusedSocket, calls.length, served.statuses]).toEqual([true, 1, ['COMPLETED']]);
  });
});
