import type { RequestContext } from '@sluice/messaging';
import type { Metrics } from '../metrics/metrics.js';
import type { SpanSource } from './encode-spans.js';
import { ExportSpans } from './export-spans.js';
import { spanClock } from './span.js';

/** @returns undefined when there is no collector: then nothing is done for spans anywhere */
export function exportSpans(
  endpoint: string | undefined,
  source: SpanSource,
  metrics: Metrics,
  onFault: (error: unknown, what: string) => void,
): ExportSpans | undefined {
  if (endpoint === undefined) return undefined;
  const spans = new ExportSpans({ endpoint, source, onFault });
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
