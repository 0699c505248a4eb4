import { continueRequest, sampleTracesBy } from '@sluice/messaging';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Metrics } from '../metrics/metrics.js';
import { setOtelEnvironment, TraceCollector } from '../testing/trace-collector.js';
import type { ExportSpans } from './export-spans.js';
import { isSampled, type Span } from './span.js';
import { exportSpans } from './wire-spans.js';

const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
const parent = '00f067aa0ba902b7';
const span = (index = 0, flags = '01'): Span => ({
  traceparent: `00-${traceId}-${String(index).padStart(16, '0')}-${flags}`,
  parentSpanId: parent,
  name: 'sluice.authorization.decide',
  kind: 'server',
  start: 1_700_000_000_000.25,
  end: 1_700_000_000_001.5,
  attributes: { 'sluice.outcome': 'ok', 'http.response.status_code': 200 },
  failed: false,
});

describe('the export of spans', () => {
  let collector: TraceCollector;
  let metrics: Metrics;
  const faults: unknown[] = [];
  const endings: (() => unknown)[] = [];

  beforeEach(async () => {
    faults.length = 0;
    collector = await TraceCollector.start();
    metrics = new Metrics();
  });

  afterEach(async () => {
    for (const end of endings.splice(0).reverse()) await end();
    sampleTracesBy(undefined);
    await collector[Symbol.asyncDispose]();
  });

  const start = async (variables: Record<string, string> = {}): Promise<ExportSpans | undefined> => {
    const { environment, reset } = setOtelEnvironment({ OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json', ...variables });
    endings.push(reset);
    const source = { service: 'authorization', processName: 'authorization-1' };
    const spans = await exportSpans(environment, source, metrics, (error) => void faults.push(error));
    if (spans) endings.push(() => spans.stop());
    return spans;
  };
  const exporter = async (variables: Record<string, string> = {}) =>
    (await start({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, ...variables })) as ExportSpans;

  it('posts them to the collector with the ids of the request', async () => {
    const spans = await exporter();
    spans.record(span(7));
    await spans.flush();
    expect(collector.collected).toHaveLength(1);
    expect(collector.collected[0]?.path).toBe('/v1/traces');
    expect(collector.collected[0]?.resource).toMatchObject({
      'service.name': 'authorization',
      'service.instance.id': 'authorization-1',
    });
    expect(collector.spans).toEqual([
      expect.objectContaining({
        traceId,
        spanId: '0000000000000007',
        parentSpanId: parent,
        name: 'sluice.authorization.decide',
        kind: 2,
        startTimeUnixNano: '1700000000000250000',
        endTimeUnixNano: '1700000000001500000',
        attributes: [
          { key: 'sluice.outcome', value: { stringValue: 'ok' } },
          { key: 'http.response.status_code', value: { intValue: 200 } },
        ],
        status: { code: 0 },
      }),
    ]);
    expect(spans.exported).toBe(1);
  });

  it('posts protobuf unless another protocol is named', async () => {
    const spans = await exporter({ OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf' });
    spans.record(span(7));
    await spans.flush();
    const [{ headers, body } = { headers: {}, body: Buffer.alloc(0) }] = collector.collected;
    expect(headers['content-type']).toBe('application/x-protobuf');
    // ExportTraceServiceRequest.resource_spans[0].scope_spans[0].spans[0]: trace_id 1, span_id 2, parent_span_id 4, name 5.
    const decoded = fields(first(fields(first(fields(first(fields(body), 1)), 2)), 2));
    expect(first(decoded, 1).toString('hex')).toBe(traceId);
    expect(first(decoded, 2).toString('hex')).toBe('0000000000000007');
    expect(first(decoded, 4).toString('hex')).toBe(parent);
    expect(first(decoded, 5).toString()).toBe('sluice.authorization.decide');
  });

  it('goes by the variables of OpenTelemetry: headers, compression, the name of the service, more attributes', async () => {
    const spans = await exporter({
      OTEL_EXPORTER_OTLP_HEADERS: 'authorization=Bearer%20t0ken,x-scope=a',
      OTEL_EXPORTER_OTLP_COMPRESSION: 'gzip',
      OTEL_SERVICE_NAME: 'front-door',
      OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=test',
    });
    spans.record(span());
    await spans.flush();
    expect(collector.collected[0]?.headers).toMatchObject({
      authorization: 'Bearer t0ken',
      'x-scope': 'a',
      'content-encoding': 'gzip',
    });
    expect(collector.collected[0]?.resource).toMatchObject({
      'service.name': 'front-door',
      'service.instance.id': 'authorization-1',
      'deployment.environment.name': 'test',
    });
  });

  it('goes to the URL for traces where one is named', async () => {
    const spans = await exporter({ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${collector.url}/mine` });
    spans.record(span());
    await spans.flush();
    expect(collector.collected.map(({ path }) => path)).toEqual(['/mine']);
  });

  it('goes where OTLP_ENDPOINT says, the former name', async () => {
    const spans = (await start({ OTLP_ENDPOINT: `${collector.url}/` })) as ExportSpans;
    spans.record(span());
    await spans.flush();
    expect(collector.collected.map(({ path }) => path)).toEqual(['/v1/traces']);
  });

  it('is nowhere when no collector is named', async () => {
    expect(await start()).toBeUndefined();
    expect(await metrics.render()).toBe('\n');
  });

  it('leaves out traces whose sampled flag is not set', async () => {
    const spans = await exporter();
    spans.record(span(1, '00'));
    spans.record(span(2, '02'));
    spans.record(span(3, '03'));
    await spans.flush();
    expect(collector.spans.map(({ spanId }) => spanId)).toEqual(['0000000000000003']);
  });

  it('drops and counts what the queue has no room for while the collector does not answer', async () => {
    const releases: (() => void)[] = [];
    collector.respond = (response) => void releases.push(() => response.end('{}'));
    const spans = await exporter({ OTEL_BSP_MAX_QUEUE_SIZE: '3', OTEL_BSP_MAX_EXPORT_BATCH_SIZE: '2' });
    const first = collector.arrival();
    for (let index = 0; index < 2; index++) spans.record(span(index));
    await first;
    for (let index = 2; index < 10; index++) spans.record(span(index));
    expect(spans.dropped).toBe(5);
    collector.respond = (response) => response.end('{}');
    releases[0]?.();
    await spans.stop();
    expect(collector.spans).toHaveLength(5);
    expect(spans.exported).toBe(5);
    expect(await metrics.render()).toContain('sluice_spans_dropped_total 5\n');
  });

  it('drops and counts what the collector refuses, and tells of it once', async () => {
    collector.respond = (response) => response.writeHead(400).end();
    const spans = await exporter();
    for (const index of [1, 2]) {
      spans.record(span(index));
      await spans.flush();
    }
    expect([spans.exported, spans.dropped, faults.length]).toEqual([0, 2, 1]);
    expect(await metrics.render()).toContain('sluice_spans_dropped_total 2\n');
  });

  describe('of a trace that begins here', () => {
    const begins = () => isSampled(continueRequest({}).traceparent);
    const goesOn = (flags: string) => continueRequest({ traceparent: `00-${traceId}-${parent}-${flags}` }).traceparent;

    it('is off unless a sampler is named', async () => {
      await exporter();
      expect([begins(), isSampled(goesOn('01')), isSampled(goesOn('00'))]).toEqual([false, true, false]);
    });

    it.each<[string, boolean[]]>([
      ['always_on', [true, true, true]],
      ['always_off', [false, false, false]],
      ['parentbased_always_on', [true, true, false]],
      ['parentbased_always_off', [false, true, false]],
    ])('is decided by OTEL_TRACES_SAMPLER: %s', async (sampler, expected) => {
      await exporter({ OTEL_TRACES_SAMPLER: sampler });
      expect([begins(), isSampled(goesOn('01')), isSampled(goesOn('00'))]).toEqual(expected);
    });

    it.each(['traceidratio', 'parentbased_traceidratio'])('is a share of them: %s', async (sampler) => {
      await exporter({ OTEL_TRACES_SAMPLER: sampler, OTEL_TRACES_SAMPLER_ARG: '0.25' });
      const sampled = Array.from({ length: 4_000 }, begins).filter(Boolean).length;
      expect(sampled).toBeGreaterThan(700);
      expect(sampled).toBeLessThan(1_300);
    });

    it('keeps the other flags of the sender', async () => {
      await exporter({ OTEL_TRACES_SAMPLER: 'always_off' });
      expect(goesOn('03').slice(52)).toBe('-02');
    });
  });
});

/** The fields of a protobuf message that are bytes, by number: https://protobuf.dev/programming-guides/encoding/ */
function fields(message: Buffer): Map<number, Buffer[]> {
  const found = new Map<number, Buffer[]>();
  let at = 0;
  const readNumber = () => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const octet = message.readUInt8(at++);
      value += (octet & 0x7f) * 2 ** shift;
      if (octet < 0x80) return value;
    }
  };
  while (at < message.length) {
    const tag = readNumber();
    const type = tag & 7;
    if (type === 0) readNumber();
    else if (type === 1) at += 8;
    else if (type === 5) at += 4;
    else {
      const length = readNumber();
      found.set(tag >>> 3, [...(found.get(tag >>> 3) ?? []), message.subarray(at, at + length)]);
      at += length;
    }
  }
  return found;
}

function first(found: Map<number, Buffer[]>, number: number): Buffer {
  const [bytes] = found.get(number) ?? [];
  if (!bytes) throw new Error(`There is no field ${number}.`);
  return bytes;
}
