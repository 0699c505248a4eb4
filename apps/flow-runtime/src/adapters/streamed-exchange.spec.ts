import { afterEach, describe, expect, it } from '@jest/globals';
import { FlowProcessingError, type StreamedBody } from '@sluice/flow-engine';
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Agent } from 'undici';
import { exchangeHttp } from './exchange-http.js';

const endings: (() => Promise<unknown> | void)[] = [];

afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end();
});

class Parts implements StreamedBody {
  readonly length = undefined;
  failure: FlowProcessingError | undefined;
  closed = 0;

  constructor(readonly chunks: () => AsyncIterable<Uint8Array>) {}

  close(): void {
    this.closed++;
  }
}

async function send(body: StreamedBody, listener: RequestListener) {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const agent = new Agent();
  endings.push(() => {
    server.closeAllConnections();
    server.close();
    return agent.destroy();
  });
  return exchangeHttp(agent, {
    method: 'POST',
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    headers: {},
    body,
    maximumResponseBytes: 1024,
    signal: AbortSignal.timeout(5_000),
  });
}

const echo: RequestListener = (request, response) => void request.pipe(response);
const failure = new FlowProcessingError('sender-gone', 'It is gone.');

describe('an exchange whose request is streamed', () => {
  it('sends the parts as one body, and closes it', async () => {
    const body = new Parts(async function* () {
      yield Buffer.from('a');
      yield Buffer.from('b');
    });
    const { status, body: answer } = await send(body, echo);
    expect([status, Buffer.from(answer).toString(), body.closed]).toEqual([200, 'ab', 1]);
  });

  it('ends by the failure of its body, closes it, and the receiver does not take the part for the whole', async () => {
    let whole: boolean | undefined;
    const body = new Parts(async function* () {
      yield Buffer.from('a');
      throw failure;
    });
    const closed = Promise.withResolvers<void>();
    const sent = send(body, (request) => {
      request.on('error', () => undefined).resume();
      request.on('close', () => {
        whole = request.complete;
        closed.resolve();
      });
    });
    await expect(sent).rejects.toBe(failure);
    expect(body.closed).toBe(1);
    await closed.promise;
    expect(whole).toBe(false);
  });

  it('is not done when its body failed while the answer came in', async () => {
    const body = new Parts(async function* () {
      yield Buffer.from('a');
      body.failure = failure;
    });
    await expect(send(body, echo)).rejects.toBe(failure);
  });
});
