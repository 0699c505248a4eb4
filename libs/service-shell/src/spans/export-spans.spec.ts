import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ExportSpans } from './export-spans.js';
import type { Span } from './span.js';

interface Collected {
  readonly path: string | undefined;
  readonly contentType: string | undefined;
  readonly body: {
    readonly resourceSpans: readonly {
      readonly resource: { readonly attributes: readonly object[] };
      readonly scopeSpans: readonly { readonly spans: readonly Record<string, unknown>[] }[];
    }[];
  };
}

const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
const span = (index = 0, flags = '01'): Span => ({
  traceparent: `00-${traceId}-${String(index).padStart(16, '0')}-${flags}`,
  parentSpanId: '00f067aa0ba902b7',
  name: 'sluice.authorization.decide',
  kind: 'server',
  start: 1_700_000_000_000.25,
  end: 1_700_000_000_001.5,
  attributes: { 'sluice.outcome': 'ok', 'http.response.status_code': 200 },
  failed: false,
});

describe('the export of spans', () => {
  let collector: Server;
  let endpoint: string;
  const collected: Collected[] = [];
  const faults: unknown[] = [];
  let respond: (response: ServerResponse) => void;

  beforeEach(async () => {
    collected.length = 0;
    faults.length = 0;
    respond = (response) => response.end('{}');
    collector = createServer((request, response) => {
      let text = '';
      request.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      request.on('end', () => {
        collected.push({
          path: request.url,
          contentType: request.headers['content-type'],
          body: JSON.parse(text) as Collected['body'],
        });
        respond(response);
      });
    });
    await new Promise<void>((resolve) => collector.listen(0, '127.0.0.1', resolve));
    endpoint = `http://127.0.0.1:${(collector.address() as AddressInfo).port}`;
  });

  afterEach(async () => {
    collector.closeAllConnections();
    await new Promise((resolve) => collector.close(resolve));
  });

  const exporter = (limits: { queueSize?: number; batchSize?: number } = {}) =>
    new ExportSpans({
      endpoint,
      source: { service: 'authorization', processName: 'authorization-1' },
      onFault: (error) => void faults.push(error),
      ...limits,
    });
  const spansOf = ({ body }: Collected) => body.resourceSpans[0]?.scopeSpans[0]?.spans ?? [];

  it('posts them to the collector in the JSON encoding of OTLP', async () => {
    const spans = exporter();
    spans.record(span(7));
    await spans.stop();
    expect(collected).toHaveLength(1);
    expect(collected[0]).toMatchObject({ path: '/v1/traces', contentType: 'application/json' });
    expect(collected[0]?.body.resourceSpans[0]?.resource.attributes).toEqual([
      { key: 'service.name', value: { stringValue: 'authorization' } },
      { key: 'service.instance.id', value: { stringValue: 'authorization-1' } },
    ]);
    expect(spansOf(collected[0] as Collected)).toEqual([
      {
        traceId,
        spanId: '0000000000000007',
        parentSpanId: '00f067aa0ba902b7',
        name: 'sluice.authorization.decide',
        kind: 2,
        startTimeUnixNano: '1700000000000250000',
        endTimeUnixNano: '1700000000001500000',
        attributes: [
          { key: 'sluice.outcome', value: { stringValue: 'ok' } },
          { key: 'http.response.status_code', value: { intValue: '200' } },
        ],
        status: {},
      },
    ]);
    expect(spans.exported).toBe(1);
  });

  it('leaves out traces whose sampled flag is not set', async () => {
    const spans = exporter();
    spans.record(span(1, '00'));
    spans.record(span(2, '02'));
    spans.record(span(3, '03'));
    await spans.stop();
    expect(collected.flatMap(spansOf).map(({ spanId }) => spanId)).toEqual(['0000000000000003']);
  });

  it('drops and counts what the queue has no room for while the collector does not answer', async () => {
    let release: (() => void) | undefined;
    const first = new Promise<void>((arrived) => {
      respond = (response) => {
        release = () => response.end('{}');
        respond = (next) => next.end('{}');
        arrived();
      };
    });
    const spans = exporter({ queueSize: 3, batchSize: 2 });
    for (let index = 0; index < 2; index++) spans.record(span(index));
    await first;
    for (let index = 2; index < 10; index++) spans.record(span(index));
    expect(spans.dropped).toBe(5);
    release?.();
    await spans.stop();
    expect(collected.map((request) => spansOf(request).length)).toEqual([2, 2, 1]);
    expect(spans.exported).toBe(5);
  });

  it('drops and counts what the collector refuses, and tells of it once', async () => {
    respond = (response) => response.writeHead(503).end();
    const spans = exporter({ batchSize: 1 });
    spans.record(span(1));
    spans.record(span(2));
    await spans.stop();
    expect(spans.exported).toBe(0);
    expect(spans.dropped).toBe(2);
    expect(faults).toHaveLength(1);
  });
});
