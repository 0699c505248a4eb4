import { afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { TestAuthority, until, type TestCertificate } from '@sluice/testing';
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ServedFlow } from './testing/served-flow.js';

let root: TestAuthority;
let server: TestCertificate;
let sender: TestCertificate;
let other: TestCertificate;
const endings: (() => Promise<unknown> | void)[] = [];

beforeAll(async () => {
  root = await TestAuthority.root({ subject: 'CN=Root' });
  const usage = { extendedKeyUsage: ['serverAuth'], subjectAltNames: ['localhost'] } as const;
  server = await root.leaf({ subject: 'CN=localhost', ...usage });
  sender = await root.leaf({ subject: 'CN=shop' });
  other = await root.leaf({ subject: 'CN=other' });
});

afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end();
});

/** A receiver that sends back what it got. */
async function echo(): Promise<string> {
  const http = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => response.end(Buffer.concat(chunks)));
  });
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  endings.push(() => {
    http.closeAllConnections();
    http.close();
  });
  return `http://127.0.0.1:${(http.address() as AddressInfo).port}/`;
}

const here = () => '[{contentModifier: {headers: {a: b}}}]';
const inWorker = () => '[{encode: {encoding: Base64}}, {decode: {encoding: Base64}}]';
const calling = (url: string) =>
  `[{encode: {encoding: Base64}}, {requestReply: {adapter: HTTP, address: "${url}"}}, {decode: {encoding: Base64}}]`;

/** Of message `n`: no other has the same octets anywhere. */
function bodyOf(n: number): Buffer {
  const body = Buffer.alloc(300_000 + ((n * 7_919) % 20) * 20_000);
  for (let at = 0; at + 4 <= body.length; at += 4) body.writeUInt32LE((n * 0x1000003 + at) >>> 0, at);
  return body;
}

function exchange(served: ServedFlow, n: number): Promise<{ status: number; body: Buffer } | 'gone'> {
  const body = bodyOf(n);
  const request = served.begin(n % 5 === 4 ? {} : { 'content-length': body.length }, n % 2 === 0 ? 'sender' : 'other');
  return new Promise((resolve) => {
    request.on('error', () => resolve('gone'));
    request.on('close', () => resolve('gone'));
    request.on('response', (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', () => resolve('gone'));
      response.on('close', () => resolve('gone'));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks) }));
      // Some go away while they are answered.
      if (n % 11 === 10) response.destroy();
    });
    // Some go away in the middle of their body.
    if (n % 7 === 6) request.write(body.subarray(0, body.length / 2), () => request.destroy());
    else request.end(body);
  });
}

describe('memory of bodies that is given back', () => {
  it.each([
    ['a flow at the door', here],
    ['a flow in a worker', inWorker],
    ['a flow that calls a receiver', calling],
  ])(
    'is whole until it was taken, and never shows another message, through %s',
    async (_what, steps) => {
      const flow = `name: f\nsender: {adapter: HTTPS, address: /o}\nsteps: ${steps(await echo())}\n`;
      const served = await ServedFlow.start({ flow, root, server, sender, other });
      endings.push(() => served[Symbol.asyncDispose]());
      let next = 0;
      let whole = 0;
      const one = async () => {
        for (let n = next++; n < 60; n = next++) {
          const answer = await exchange(served, n);
          // On a busy machine a receiver may answer too late; that is no question of memory.
          if (answer === 'gone' || answer.status >= 500) continue;
          expect([n, answer.status, answer.body.equals(bodyOf(n))]).toEqual([n, 200, true]);
          whole++;
        }
      };
      await Promise.all(Array.from({ length: 10 }, one));
      expect(whole).toBeGreaterThan(35);
      expect(served.bodies.memory.givenBackBytes).toBeGreaterThan(0);
    },
    60_000,
  );

  it('goes back when the answer was taken, not when it was given', async () => {
    const flow = `name: f\nsender: {adapter: HTTPS, address: /o}\nsteps: ${inWorker()}\n`;
    const served = await ServedFlow.start({ flow, root, server, sender });
    endings.push(() => served[Symbol.asyncDispose]());
    const { memory } = served.bodies;
    const before = memory.givenBackBytes;
    // More than waits in a connection.
    const body = Buffer.alloc(16 * 1_048_576, 'abc');
    const request = served.begin({ 'content-length': body.length });
    request.end(body);
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    expect(memory.givenBackBytes).toBe(before);
    const chunks: Buffer[] = [];
    for await (const chunk of response as AsyncIterable<Buffer>) chunks.push(chunk);
    expect(Buffer.concat(chunks).equals(body)).toBe(true);
    await until(() => memory.givenBackBytes - before >= 32 * 1_048_576, {
      what: 'memory of the request and of its answer',
    });
  });
});
