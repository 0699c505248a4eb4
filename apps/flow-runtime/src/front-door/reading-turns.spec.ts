import { afterEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Worker } from 'node:worker_threads';
import { BodyBudget } from '../fair-shares/body-budget.js';
import { joinInPieces, readBody } from './read-body.js';

const MB = 1_048_576;
/** A sender of its own thread, which has as much ready as the connection takes. */
const sender = `
const { workerData: { port, head, bytes, chunked } } = require('node:worker_threads');
const socket = require('node:net').connect(port, '127.0.0.1', () => {
  socket.write('POST / HTTP/1.1\\r\\nHost: x\\r\\n' + head + '\\r\\n\\r\\n');
  const body = Buffer.alloc(bytes, 'abcdefg');
  if (chunked) socket.end(Buffer.concat([Buffer.from(bytes.toString(16) + '\\r\\n'), body, Buffer.from('\\r\\n0\\r\\n\\r\\n')]));
  else socket.end(body);
});
socket.on('error', () => undefined);`;

describe('a large body', () => {
  let server: Server | undefined;
  let thread: Worker | undefined;
  afterEach(async () => {
    await thread?.terminate();
    server?.closeAllConnections();
    server?.close();
  });

  it.each([
    ['with its length', false],
    ['in chunks', true],
  ])('%s comes a piece in each turn of the event loop, however much is ready', async (_how, chunked) => {
    const bytes = 24 * MB;
    const bodies = new BodyBudget(64 * MB, 10_000);
    const lease = bodies.leaseFor('a');
    let most = 0;
    const read = new Promise<Uint8Array>((resolve, reject) => {
      server = createServer((request: IncomingMessage) => {
        let came = 0;
        let before = 0;
        let going = true;
        request.on('data', (chunk: Buffer) => (came += chunk.length));
        const turn = () => {
          most = Math.max(most, came - before);
          before = came;
          // Others have their turn, and meanwhile the sender fills the connection.
          for (const until = performance.now() + 5; performance.now() < until;);
          if (going) setImmediate(turn);
        };
        turn();
        readBody(request, bytes, { lease: () => lease }).then((body) => {
          going = false;
          if (typeof body === 'string') reject(new Error(body));
          else resolve(body);
        }, reject);
      });
    });
    server?.listen(0, '127.0.0.1');
    await once(server as Server, 'listening');
    const { port } = server?.address() as AddressInfo;
    const head = chunked ? 'Transfer-Encoding: chunked' : `Content-Length: ${bytes}`;
    thread = new Worker(sender, { eval: true, workerData: { port, head, bytes, chunked } });
    const body = await read;
    expect(Buffer.from(body).equals(Buffer.alloc(bytes, 'abcdefg'))).toBe(true);
    expect(most).toBeLessThanOrEqual(768 * 1_024);
  });

  it('in chunks is joined a few megabytes in each turn', async () => {
    const chunks = Array.from({ length: 100 }, (_, n) => Buffer.alloc(100_000, n));
    let turns = 0;
    let going = true;
    const turn = () => {
      turns++;
      if (going) setImmediate(turn);
    };
    turn();
    const whole = await new Promise<Buffer>((resolve) => joinInPieces(chunks, Buffer.alloc(10_000_000), resolve));
    going = false;
    expect(whole.equals(Buffer.concat(chunks))).toBe(true);
    expect(turns).toBeGreaterThanOrEqual(4);
  });
});
