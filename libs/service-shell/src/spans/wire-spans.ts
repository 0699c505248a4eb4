import { sampleTracesBy, type RequestContext } from '@sluice/messaging';
import type { Metrics } from '../metrics/metrics.js';
import type { ExportSpans, SpanSource } from './export-spans.js';
import type { OtelEnvironment } from './otel-environment.js';
import { spanClock } from './span.js';

/**
 * Exports the spans of this process when its environment names a collector, and samples the traces that begin here. OpenTelemetry's
 * packages are loaded only then; the exporter reads the variables that are its own (headers, timeout, compression, certificate) itself.
 * @returns undefined when there is no collector: then nothing is done for spans anywhere
 */
export async function exportSpans(
  environment: OtelEnvironment,
  source: SpanSource,
  metrics: Metrics,
  onFault: (error: unknown, what: string) => void,
): Promise<ExportSpans | undefined> {
  const named = environment.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT ?? environment.OTEL_EXPORTER_OTLP_ENDPOINT;
  if (named === undefined && environment.OTLP_ENDPOINT === undefined) return undefined;
  const [{ ExportSpans }, { sampleTraces }, { OTLPTraceExporter }] = await Promise.all([
    import('./export-spans.js'),
    import('./sample-traces.js'),
    environment.OTEL_EXPORTER_OTLP_PROTOCOL === 'http/json'
      ? import('@opentelemetry/exporter-trace-otlp-http')
      : import('@opentelemetry/exporter-trace-otlp-proto'),
  ]);
  const url = named === undefined ? `${environment.OTLP_ENDPOINT?.replace(/\/+$/, '')}/v1/traces` : undefined;
  const exporter = new OTLPTraceExporter(url === undefined ? {} : { url });
  const spans = new ExportSpans({ environment, source, exporter, onFault });
  // What is done without a sampler, at no cost to a request that is not sampled.
  if (environment.OTEL_TRACES_SAMPLER !== 'parentbased_always_off') sampleTracesBy(sampleTraces(environment));
  metrics.counted('sluice_spans_exported_total', 'Spans the collector has taken.', () => spans.exported);
  metrics.counted(
    'sluice_spans_dropped_total',
    'Spans dropped: too many waited, or the collector did not take them.',
    () => spans.dropped,
  );
  return spans;
}

/** The span of a request that came over the bus and was just answered. @param ms how long it took */
export function recordAnswer(
  spans: ExportSpans,
  subject: string,
  outcome: string,
  ms: number,
  { traceparent, parentSpanId }: RequestContext,
): void {
  const end = spanClock();
  spans.record({
    traceparent,
    parentSpanId,
    name: subject,
    kind: 'server',
    start: end - ms,
    end,
    attributes: {
      'messaging.system': 'nats',
      'messaging.destination.name': subject,
      ...(outcome === 'ok' ? {} : { 'error.type': outcome }),
    },
    failed: outcome !== 'ok',
  });
}
