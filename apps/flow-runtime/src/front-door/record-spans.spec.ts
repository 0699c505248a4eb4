import { continueRequest, runInRequest, sampleTracesBy } from '@sluice/messaging';
import type { Span } from '@sluice/service-shell';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createServer, request as send, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Endpoint } from '../flows/deployed-flows.js';
import { recordFlowRun, recordRequest } from './record-spans.js';

const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
const senderSpan = '00f067aa0ba902b7';
const sampled = `00-${traceId}-${senderSpan}-01`;
const unsampled = `00-${traceId}-${senderSpan}-00`;
const endpoint = { flowId: 'orders', sender: { address: '/orders' } } as Endpoint;

describe('spans of the flow runtime', () => {
  let server: Server;
  let handle: (request: IncomingMessage, response: ServerResponse) => void;
  const recorded: Span[] = [];
  const sink = { record: (span: Span) => void recorded.push(span) };

  beforeEach(async () => {
    recorded.length = 0;
    server = createServer((request, response) => handle(request, response));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });

  afterEach(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  const post = (traceparent?: string) =>
    new Promise<void>((resolve, reject) => {
      const outgoing = send(
        {
          host: '127.0.0.1',
          port: (server.address() as AddressInfo).port,
          method: 'POST',
          path: '/http/orders/secret',
          headers: traceparent === undefined ? {} : { traceparent },
        },
        (response) => response.resume().once('end', resolve),
      );
      outgoing.once('error', reject);
      outgoing.end();
    });

  /** As the runtime does when it asks for a decision. */
  const decideAndRun = (request: IncomingMessage, response: ServerResponse) => {
    const context = continueRequest({ traceparent: request.headers['traceparent'] as string | undefined });
    runInRequest(context, () => recordFlowRun(sink, 1, request, endpoint, { status: 'FAILED' }));
    response.writeHead(500).end();
    recordRequest(sink, context, 1, request, response, endpoint);
  };

  it("make a decided request a child of its sender's span, and the flow run a child of the request", async () => {
    handle = decideAndRun;
    await post(sampled);
    const [run, request] = recorded as [Span, Span];
    expect(request).toMatchObject({
      parentSpanId: senderSpan,
      name: 'POST /http/orders',
      kind: 'server',
      attributes: { 'http.response.status_code': 500, 'sluice.flow': 'orders' },
      failed: true,
    });
    expect(request.traceparent.slice(3, 35)).toBe(traceId);
    expect(run).toMatchObject({ parentSpanId: request.traceparent.slice(36, 52), name: 'flow run', failed: true });
    expect(run.traceparent.slice(3, 35)).toBe(traceId);
    expect(run.traceparent.slice(36, 52)).not.toBe(request.traceparent.slice(36, 52));
  });

  it("make the flow run of a request that was decided before a child of the sender's span", async () => {
    handle = (request, response) => {
      recordFlowRun(sink, 1, request, endpoint, { status: 'COMPLETED' });
      response.end();
    };
    await post(sampled);
    expect(recorded).toMatchObject([{ parentSpanId: senderSpan, name: 'flow run', failed: false }]);
  });

  it('name nothing a sender chooses but its method', async () => {
    handle = decideAndRun;
    await post(sampled);
    expect(JSON.stringify(recorded)).not.toContain('secret');
  });

  it('begin a trace for a request that names none, when a sampler says so', async () => {
    sampleTracesBy(() => true);
    handle = (request, response) => {
      recordFlowRun(sink, 1, request, endpoint, { status: 'COMPLETED' });
      response.end();
    };
    await post().finally(() => sampleTracesBy(undefined));
    expect(recorded).toHaveLength(1);
    expect(recorded[0]?.parentSpanId).toBeUndefined();
    expect(recorded[0]?.traceparent).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
  });

  it('are not made when the sender does not sample, or names no trace', async () => {
    handle = decideAndRun;
    await post(unsampled);
    await post();
    expect(recorded).toEqual([]);
  });
});
