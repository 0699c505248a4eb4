import { afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { TestAuthority, until as seen, type TestCertificate } from '@sluice/testing';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import { connect } from 'node:tls';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { gzipSync } from 'node:zlib';
import { ServedFlow, type ServedFlowOptions } from './testing/served-flow.js';
import { replyTo, Upload, type Reply } from './testing/upload.js';

const MB = 1_048_576;
const small = { 'content-length': 2 };
let root: TestAuthority;
let server: TestCertificate;
let sender: TestCertificate;
let other: TestCertificate;
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

const answering = `name: f
sender: {adapter: HTTPS, address: /o}
steps:
  - contentModifier: {body: {constant: ok}}
`;

/** Keeps the body it was sent until the receiver has answered. */
const callingTo = (url: string, channel = '') => `name: f
sender: {adapter: HTTPS, address: /o${channel}}
steps:
  - contentModifier: {properties: {sent: {expression: "\${body}"}}}
  - requestReply: {adapter: HTTP, method: GET, address: "${url}"}
`;

async function serve(flow: string, more: Partial<ServedFlowOptions> = {}): Promise<ServedFlow> {
  const served = await ServedFlow.start({ flow, root, server, sender, other, ...more });
  endings.push(() => served[Symbol.asyncDispose]());
  return served;
}

function send(served: ServedFlow, bytes: number, chunked = false, who: 'sender' | 'other' = 'sender') {
  const request = served.begin(chunked ? {} : { 'content-length': bytes }, who);
  const reply = replyTo(request);
  const upload = new Upload(request, bytes);
  return { request, reply, upload };
}

async function smallCall(served: ServedFlow, who: 'sender' | 'other' = 'other'): Promise<Reply> {
  const request = served.begin(small, who);
  const reply = replyTo(request);
  request.end('hi');
  return reply;
}

/** Says that everything was given back, once: what is given back twice would leave less than nothing. */
async function allGivenBack({ bodies }: ServedFlow): Promise<void> {
  await until(() => bodies.statistics.heldBytes <= 0);
  expect(bodies.statistics).toMatchObject({ heldBytes: 0, waiting: 0 });
}

const held = ({ bodies }: ServedFlow) => bodies.statistics.heldBytes;
const waiting = ({ bodies }: ServedFlow) => bodies.statistics.waiting;

/** Waits until what is asked for is so. */
function until(ask: () => boolean | Promise<boolean>): Promise<unknown> {
  return seen(ask, { what: String(ask), timeoutMs: 20_000, everyMs: 5 });
}

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

describe('the budget for bodies', () => {
  it('attack 49: 38 bodies of 39 MB at once are all answered in the end, within bounded memory, and small calls of another go through', async () => {
    const served = await serve(answering, { bodyBytes: 128 * MB, bodyWaitMs: 4_000 });
    collectGarbage();
    const before = process.memoryUsage().arrayBuffers;
    const piece = Buffer.alloc(MB / 8);
    const pieces = Array.from({ length: 39 * 8 }, () => piece);
    let ended = false;
    const replies = Promise.all(
      Array.from({ length: 38 }, () => {
        const request = served.begin({ 'content-length': 39 * MB });
        Readable.from(pieces).pipe(request);
        return replyTo(request);
      }),
    ).finally(() => (ended = true));
    await until(() => waiting(served) > 30);
    expect((await smallCall(served)).status).toBe(200);
    expect(waiting(served)).toBeGreaterThan(0);
    let maxHeld = 0;
    let maxMemory = 0;
    let smallCalls = 0;
    const memory = () => process.memoryUsage().arrayBuffers - before;
    while (!ended) {
      if ((await smallCall(served)).status === 200) smallCalls++;
      maxHeld = Math.max(maxHeld, held(served));
      if (memory() > 128 * MB) collectGarbage();
      maxMemory = Math.max(maxMemory, memory());
    }
    const statuses = new Set((await replies).map(({ status }) => status));
    expect([...statuses].filter((status) => status !== 200 && status !== 503)).toEqual([]);
    expect(statuses).toContain(200);
    expect(maxHeld).toBeLessThanOrEqual(128 * MB);
    expect(maxHeld).toBeGreaterThan(39 * MB);
    // The senders are in this process, too. Without a budget it is 38 times 39 MB.
    expect(maxMemory).toBeLessThan(2 * 128 * MB);
    expect(smallCalls).toBeGreaterThan(0);
    await allGivenBack(served);
  }, 60_000);

  it('attack 49: what one sender holds leaves room for a large body of another', async () => {
    const { url, calls } = await receiver();
    const served = await serve(callingTo(url), { bodyBytes: 64 * MB });
    for (let number = 0; number < 12; number++) send(served, 8 * MB);
    await until(() => calls.length > 0 && waiting(served) === 12 - calls.length);
    expect(calls.length).toBeLessThan(8);
    const before = calls.length;
    const { reply } = send(served, 8 * MB, false, 'other');
    await until(() => calls.length === before + 1);
    calls.at(-1)?.end('ok');
    expect((await reply).status).toBe(200);
    expect(waiting(served)).toBeGreaterThan(0);
  });

  it('is asked nothing by a body of 64 KiB', async () => {
    const { url, calls } = await receiver();
    const served = await serve(callingTo(url));
    for (const chunked of [false, true]) send(served, 64 * 1024, chunked);
    await until(() => calls.length === 2);
    expect(held(served)).toBe(0);
    calls.forEach((call) => call.end());
  });

  it('is reserved for a body before any of it is read: its sender is not told to go on, and waits', async () => {
    const { url, calls } = await receiver();
    const served = await serve(callingTo(url), { bodyBytes: 10 * MB });
    const first = send(served, 6 * MB);
    await until(() => calls.length === 1);
    const second = served.begin({ 'content-length': 6 * MB, expect: '100-continue' });
    const secondReply = replyTo(second);
    let welcome = false;
    second.on('continue', () => (welcome = true));
    await until(() => waiting(served) === 1);
    const third = send(served, 6 * MB);
    await until(() => waiting(served) === 2 && third.upload.stalled);
    expect([welcome, third.upload.sent < 4 * MB]).toEqual([false, true]);
    calls[0]?.end('ok');
    expect((await first.reply).status).toBe(200);
    await until(() => welcome);
    new Upload(second, 6 * MB);
    await until(() => calls.length === 2);
    calls[1]?.end('ok');
    expect((await secondReply).status).toBe(200);
    await until(() => calls.length === 3);
    calls[2]?.end('ok');
    expect((await third.reply).status).toBe(200);
    await allGivenBack(served);
  });

  it.each([
    ['that says its length', false],
    ['in chunks', true],
  ])('answers 503 to a body %s that waited in vain, and ends the connection', async (_how, chunked) => {
    const { url, calls } = await receiver();
    const served = await serve(callingTo(url), { bodyBytes: 10 * MB, bodyWaitMs: 200 });
    const first = send(served, 8 * MB, false, 'other');
    await until(() => calls.length === 1);
    const { status, headers, text } = await send(served, 6 * MB, chunked).reply;
    expect([status, headers['retry-after'], headers.connection]).toEqual([503, '1', 'close']);
    expect(text).toContain('took all the memory');
    expect(served.bodies.statistics.refused['no-room']).toBe(1);
    await until(() => held(served) === 8 * MB);
    calls[0]?.end('ok');
    expect((await first.reply).status).toBe(200);
    await allGivenBack(served);
  });

  it('grows with a body in chunks, which waits half read and goes on', async () => {
    const { url, calls } = await receiver();
    const served = await serve(callingTo(url), { bodyBytes: 10 * MB });
    const first = send(served, 8 * MB, false, 'other');
    await until(() => calls.length === 1);
    const second = send(served, 6 * MB, true);
    await until(() => waiting(served) === 1 && second.upload.stalled);
    expect(held(served)).toBeGreaterThan(9 * MB);
    expect(held(served)).toBeLessThanOrEqual(10 * MB);
    calls[0]?.end('ok');
    await first.reply;
    await until(() => calls.length === 2);
    expect(held(served)).toBe(6 * MB);
    calls[1]?.end('ok');
    expect((await second.reply).status).toBe(200);
    await allGivenBack(served);
  });

  it('counts what a content coding becomes', async () => {
    const { url, calls } = await receiver();
    const served = await serve(callingTo(url), { bodyBytes: 64 * MB });
    const coded = gzipSync(Buffer.alloc(20 * MB, 'a'));
    expect(coded.length).toBeLessThan(64 * 1024);
    const request = served.begin({ 'content-encoding': 'gzip', 'content-length': coded.length });
    const reply = replyTo(request);
    request.end(coded);
    await until(() => calls.length === 1);
    expect(held(served)).toBe(20 * MB);
    calls[0]?.end('ok');
    expect((await reply).status).toBe(200);
    await allGivenBack(served);
  });

  it.each([
    ['says so', (served: ServedFlow) => send(served, 9 * MB).reply],
    ['turns out so', (served: ServedFlow) => send(served, 9 * MB, true).reply],
    [
      'becomes so when it is decoded',
      async (served: ServedFlow) => {
        const coded = gzipSync(Buffer.alloc(9 * MB, 'a'));
        const request = served.begin({ 'content-encoding': 'gzip', 'content-length': coded.length });
        const reply = replyTo(request);
        request.end(coded);
        return reply;
      },
    ],
  ])('answers 413 to a body larger than itself that %s', async (_how, sent) => {
    const served = await serve(answering, { bodyBytes: 8 * MB });
    const { status, text } = await sent(served);
    expect([status, text]).toEqual([413, expect.stringContaining('larger than the 8 MB that all bodies')]);
    expect(served.bodies.statistics.refused['over-budget']).toBe(1);
    await allGivenBack(served);
  });

  describe('is given back, once,', () => {
    it('when the answer is written, on a connection that goes on', async () => {
      const served = await serve(answering);
      for (let time = 0; time < 20; time++) {
        expect((await send(served, MB, time % 2 === 0).reply).status).toBe(200);
        await allGivenBack(served);
      }
    });

    it.each([
      ['is over the limit of its channel', `: {adapter: HTTPS, address: /o, maximumBodySizeMb: 1}`, {}, 413],
      ['is not of its content coding', ': {adapter: HTTPS, address: /o}', { 'content-encoding': 'gzip' }, 400],
      ['has an unknown content coding', ': {adapter: HTTPS, address: /o}', { 'content-encoding': 'zstd' }, 415],
    ])('when a body %s', async (_why, channel, headers, expected) => {
      const served = await serve(answering.replace(/(?<=^sender).*/m, channel));
      const request = served.begin(headers);
      const reply = replyTo(request);
      new Upload(request, 2 * MB);
      expect((await reply).status).toBe(expected);
      await allGivenBack(served);
    });

    it('when the flow has as many messages as it may', async () => {
      const { url, calls } = await receiver();
      const served = await serve(callingTo(url, ', maximumConcurrency: 1, maximumQueued: 0'));
      const first = send(served, MB);
      await until(() => calls.length === 1);
      expect((await send(served, 2 * MB).reply).status).toBe(503);
      await until(() => held(served) === MB);
      calls[0]?.end('ok');
      await first.reply;
      await allGivenBack(served);
    });

    it('when the log takes no entries', async () => {
      const served = await serve(answering);
      served.logRefusal = new Error('no');
      expect((await send(served, MB).reply).status).toBe(503);
      await allGivenBack(served);
    });

    it('when a worker says that the message failed', async () => {
      const served = await serve(
        answering.replace('steps:\n', 'steps:\n  - contentModifier: {headers: {X: {xpath: /a}}}\n'),
      );
      expect((await send(served, MB).reply).status).toBe(500);
      await allGivenBack(served);
    });

    it.each([
      ['that says its length', false],
      ['in chunks', true],
    ])('when the sender of a body %s goes away in the middle', async (_how, chunked) => {
      const served = await serve(answering);
      const request = served.begin(chunked ? {} : { 'content-length': 2 * MB });
      request.on('error', () => undefined);
      request.write(Buffer.alloc(MB));
      await until(() => held(served) >= MB);
      request.destroy();
      await allGivenBack(served);
    });

    it('when the sender goes away while it waits: by the end of the wait, as nothing of it is read', async () => {
      const { url, calls } = await receiver();
      const served = await serve(callingTo(url), { bodyBytes: 10 * MB, bodyWaitMs: 300 });
      const first = send(served, 8 * MB, false, 'other');
      await until(() => calls.length === 1);
      const second = send(served, 6 * MB);
      second.reply.catch(() => undefined);
      await until(() => waiting(served) === 1);
      second.request.destroy();
      await until(() => waiting(served) === 0);
      calls[0]?.end('ok');
      await first.reply;
      await allGivenBack(served);
    });

    it('at once when the connection of one that waits is ended here', async () => {
      const { url, calls } = await receiver();
      const served = await serve(callingTo(url), { bodyBytes: 10 * MB, bodyWaitMs: 60_000 });
      send(served, 8 * MB, false, 'other').reply.catch(() => undefined);
      await until(() => calls.length === 1);
      send(served, 6 * MB).reply.catch(() => undefined);
      await until(() => waiting(served) === 1);
      served.server.closeAllConnections();
      await until(() => waiting(served) === 0);
      calls[0]?.end('ok');
      await allGivenBack(served);
    });

    it('when an answer that is the body itself was taken, not when it was given', async () => {
      const served = await serve(answering.replace('body: {constant: ok}', 'headers: {X-A: {constant: a}}'));
      const request = served.begin({ 'content-length': 30 * MB });
      const answered = once(request, 'response');
      new Upload(request, 30 * MB);
      const [response] = (await answered) as [IncomingMessage];
      await until(() => served.log.length === 1);
      expect(held(served)).toBe(30 * MB);
      response.resume();
      await allGivenBack(served);
    });

    it('when the flow has ended, though its sender went away long before', async () => {
      const { url, calls } = await receiver();
      const served = await serve(callingTo(url));
      const { request, reply } = send(served, 4 * MB);
      reply.catch(() => undefined);
      await until(() => calls.length === 1);
      const [connection] = (await connections(served)) as [number];
      expect(connection).toBe(1);
      request.destroy();
      await until(async () => (await connections(served))[0] === 0);
      await setImmediate();
      expect(held(served)).toBe(4 * MB);
      calls[0]?.end('ok');
      await allGivenBack(served);
    });

    it('when the connection ends before the answer to an earlier request on it', async () => {
      const { url, calls } = await receiver();
      const served = await serve(callingTo(url));
      const socket = connect({
        port: served.port,
        host: '127.0.0.1',
        servername: 'localhost',
        ca: root.pem,
        cert: sender.chainPem,
        key: sender.key.pem,
      });
      await once(socket, 'secureConnect');
      endings.push(() => void socket.destroy());
      socket.on('error', () => undefined);
      const head = `POST /http/o HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${MB}\r\n\r\n`;
      socket.write(head);
      socket.write(Buffer.alloc(MB));
      socket.write(head);
      socket.write(Buffer.alloc(MB));
      await until(() => calls.length === 2);
      // The second has its answer, which waits behind the first.
      calls[1]?.end('ok');
      await until(() => served.log.length === 1);
      socket.destroy();
      await until(async () => (await connections(served))[0] === 0);
      await until(() => held(served) === MB);
      calls[0]?.end('ok');
      await allGivenBack(served);
    });
  });
});

function connections(served: ServedFlow): Promise<[number]> {
  return new Promise((resolve, reject) =>
    served.server.getConnections((error, count) => (error ? reject(error) : resolve([count]))),
  );
}
