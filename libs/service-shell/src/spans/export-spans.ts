import { SpanKind, SpanStatusCode, TraceFlags, type SpanContext } from '@opentelemetry/api';
import { ExportResultCode, millisToHrTime } from '@opentelemetry/core';
import {
  defaultResource,
  detectResources,
  resourceAttributesEnvDetector,
  resourceFromAttributes,
  serviceNameEnvDetector,
  type Resource,
} from '@opentelemetry/resources';
import { BatchSpanProcessor, type ReadableSpan, type SpanExporter } from '@opentelemetry/sdk-trace';
import type { OtelEnvironment } from './otel-environment.js';
import { isSampled, type Span } from './span.js';

export interface SpanSource {
  readonly service: string;
  readonly processName: string;
}

export interface ExportSpansOptions {
  readonly environment: Pick<
    OtelEnvironment,
    'OTEL_BSP_SCHEDULE_DELAY' | 'OTEL_BSP_EXPORT_TIMEOUT' | 'OTEL_BSP_MAX_QUEUE_SIZE' | 'OTEL_BSP_MAX_EXPORT_BATCH_SIZE'
  >;
  readonly source: SpanSource;
  readonly exporter: SpanExporter;
  /** Told of the first batch in a row that could not be delivered. */
  readonly onFault: (error: unknown, what: string) => void;
}

/** Longest time the end of the process waits for a collector. */
const stopMs = 3_000;
const kinds = { internal: SpanKind.INTERNAL, server: SpanKind.SERVER };
const scope = { name: 'sluice' };

/**
 * Hands spans of sampled traces to OpenTelemetry's batch processor. Nothing ever waits for it: what the queue has no room for and
 * what the collector does not take is dropped and counted. The ids are the request's, which logs and events carry too, so the
 * spans are not begun by a tracer, which would make ids of its own.
 */
export class ExportSpans {
  readonly #processor: BatchSpanProcessor;
  readonly #resource: Resource;
  readonly #queueSize: number;
  #waiting = 0;
  #exported = 0;
  #dropped = 0;
  #failing = false;

  constructor({ environment, source, exporter, onFault }: ExportSpansOptions) {
    this.#queueSize = environment.OTEL_BSP_MAX_QUEUE_SIZE;
    this.#resource = resourceOf(source);
    const counting: SpanExporter = {
      export: (spans, done) => {
        this.#waiting -= spans.length;
        exporter.export(spans, (result) => {
          const succeeded = result.code === ExportResultCode.SUCCESS;
          if (succeeded) this.#exported += spans.length;
          else this.#dropped += spans.length;
          if (!succeeded && !this.#failing) onFault(result.error, 'exporting spans');
          this.#failing = !succeeded;
          done(result);
        });
      },
      shutdown: () => exporter.shutdown(),
    };
    this.#processor = new BatchSpanProcessor({
      exporter: counting,
      maxQueueSize: this.#queueSize,
      maxExportBatchSize: Math.min(environment.OTEL_BSP_MAX_EXPORT_BATCH_SIZE, this.#queueSize),
      scheduledDelayMillis: environment.OTEL_BSP_SCHEDULE_DELAY ?? 1_000,
      exportTimeoutMillis: environment.OTEL_BSP_EXPORT_TIMEOUT ?? 30_000,
    });
  }

  get exported(): number {
    return this.#exported;
  }

  get dropped(): number {
    return this.#dropped;
  }

  /** Takes a span when its trace is sampled. Never waits and never throws. */
  record(span: Span): void {
    if (!isSampled(span.traceparent)) return;
    // As the processor decides it, which does not tell.
    if (this.#waiting >= this.#queueSize) {
      this.#dropped++;
      return;
    }
    this.#waiting++;
    this.#processor.onEnd(readable(span, this.#resource));
  }

  /** Delivers what waits. What cannot be delivered is counted, and told as any fault is. */
  async flush(): Promise<void> {
    await this.#processor.forceFlush().catch(() => undefined);
  }

  /** Delivers what waits, as far as the collector takes it within three seconds. */
  async stop(): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, stopMs)));
    await Promise.race([this.#processor.shutdown().catch(() => undefined), late]);
    clearTimeout(timer);
  }
}

/** The variables come first: https://opentelemetry.io/docs/specs/otel/resource/sdk/#specifying-resource-information-via-an-environment-variable */
function resourceOf({ service, processName }: SpanSource): Resource {
  const ours = resourceFromAttributes({ 'service.name': service, 'service.instance.id': processName });
  const given = detectResources({ detectors: [resourceAttributesEnvDetector, serviceNameEnvDetector] });
  return defaultResource().merge(ours).merge(given);
}

function readable(span: Span, resource: Resource): ReadableSpan {
  const traceId = span.traceparent.slice(3, 35);
  const spanContext: SpanContext = {
    traceId,
    spanId: span.traceparent.slice(36, 52),
    traceFlags: TraceFlags.SAMPLED,
  };
  return {
    name: span.name,
    kind: kinds[span.kind],
    spanContext: () => spanContext,
    ...(span.parentSpanId === undefined
      ? {}
      : { parentSpanContext: { traceId, spanId: span.parentSpanId, traceFlags: TraceFlags.SAMPLED, isRemote: true } }),
    startTime: millisToHrTime(span.start),
    endTime: millisToHrTime(span.end),
    duration: millisToHrTime(span.end - span.start),
    status: { code: span.failed ? SpanStatusCode.ERROR : SpanStatusCode.UNSET },
    attributes: span.attributes,
    links: [],
    events: [],
    ended: true,
    resource,
    instrumentationScope: scope,
    droppedAttributesCount: 0,
    droppedEventsCount: 0,
    droppedLinksCount: 0,
  };
}
