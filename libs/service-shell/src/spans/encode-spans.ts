import type { Span } from './span.js';

/** https://github.com/open-telemetry/opentelemetry-proto/blob/main/opentelemetry/proto/trace/v1/trace.proto */
const kinds = { internal: 1, server: 2 } as const;
const statusError = 2;

export interface SpanSource {
  readonly service: string;
  readonly processName: string;
}

/** The body of `POST /v1/traces`, OTLP/HTTP in its JSON encoding: ids in hexadecimal, 64-bit numbers as strings. */
export function encodeSpans(source: SpanSource, spans: readonly Span[]): string {
  return JSON.stringify({
    resourceSpans: [
      {
        resource: {
          attributes: attributes({ 'service.name': source.service, 'service.instance.id': source.processName }),
        },
        scopeSpans: [{ scope: { name: 'sluice' }, spans: spans.map(encode) }],
      },
    ],
  });
}

function encode(span: Span): object {
  return {
    traceId: span.traceparent.slice(3, 35),
    spanId: span.traceparent.slice(36, 52),
    ...(span.parentSpanId === undefined ? {} : { parentSpanId: span.parentSpanId }),
    name: span.name,
    kind: kinds[span.kind],
    startTimeUnixNano: nanoseconds(span.start),
    endTimeUnixNano: nanoseconds(span.end),
    attributes: attributes(span.attributes),
    status: span.failed ? { code: statusError } : {},
  };
}

function attributes(given: Readonly<Record<string, string | number>>): object[] {
  return Object.entries(given).map(([key, value]) => ({
    key,
    value: typeof value === 'string' ? { stringValue: value } : { intValue: String(Math.round(value)) },
  }));
}

/** Microseconds are as far as a double goes. */
function nanoseconds(milliseconds: number): string {
  return `${Math.round(milliseconds * 1_000)}000`;
}
