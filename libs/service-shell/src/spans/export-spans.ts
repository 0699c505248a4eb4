import { encodeSpans, type SpanSource } from './encode-spans.js';
import { isSampled, type Span } from './span.js';

export interface ExportSpansOptions {
  /** Base URL of a collector that takes OTLP over HTTP, `http://127.0.0.1:4318` say; `/v1/traces` is appended. */
  readonly endpoint: string;
  readonly source: SpanSource;
  /** Spans that wait at most; one more is dropped. */
  readonly queueSize?: number;
  readonly batchSize?: number;
  /** How long a span waits for others to go with it, in milliseconds. */
  readonly intervalMs?: number;
  readonly timeoutMs?: number;
  /** Told of the first batch in a row that could not be delivered. */
  readonly onFault: (error: unknown, what: string) => void;
}

/**
 * Hands spans of sampled traces to a collector, in batches. Nothing ever waits for it: what the queue has no room for and
 * what the collector does not take is dropped and counted.
 */
export class ExportSpans {
  readonly #url: string;
  #queue: Span[] = [];
  #timer: NodeJS.Timeout | undefined;
  #sending: Promise<void> | undefined;
  #failing = false;
  #exported = 0;
  #dropped = 0;
  readonly #queueSize: number;
  readonly #batchSize: number;
  readonly #intervalMs: number;

  constructor(private readonly options: ExportSpansOptions) {
    this.#url = `${options.endpoint.replace(/\/+$/, '')}/v1/traces`;
    this.#queueSize = options.queueSize ?? 2_048;
    this.#batchSize = options.batchSize ?? 256;
    this.#intervalMs = options.intervalMs ?? 1_000;
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
    if (this.#queue.length >= this.#queueSize) {
      this.#dropped++;
      return;
    }
    this.#queue.push(span);
    if (this.#sending) return;
    if (this.#queue.length >= this.#batchSize) this.#send();
    else this.#timer ??= setTimeout(() => this.#send(), this.#intervalMs).unref();
  }

  /** Delivers what waits, as far as the collector takes it at once. */
  async stop(): Promise<void> {
    await this.#sending;
    while (this.#queue.length > 0 && !this.#failing) {
      this.#send();
      await this.#sending;
    }
    clearTimeout(this.#timer);
    this.#dropped += this.#queue.length;
    this.#queue = [];
  }

  #send(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const batch = this.#queue.splice(0, this.#batchSize);
    this.#sending = this.#deliver(batch).finally(() => {
      this.#sending = undefined;
      if (this.#queue.length > 0) this.#timer ??= setTimeout(() => this.#send(), this.#delay()).unref();
    });
  }

  #delay(): number {
    return this.#queue.length >= this.#batchSize && !this.#failing ? 0 : this.#intervalMs;
  }

  async #deliver(batch: readonly Span[]): Promise<void> {
    try {
      const response = await fetch(this.#url, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: encodeSpans(this.options.source, batch),
        redirect: 'error',
        signal: AbortSignal.timeout(this.options.timeoutMs ?? 5_000),
      });
      await response.arrayBuffer();
      if (!response.ok) throw new Error(`The collector of spans answered ${response.status}.`);
      this.#exported += batch.length;
      this.#failing = false;
    } catch (error) {
      this.#dropped += batch.length;
      if (!this.#failing) this.options.onFault(error, 'exporting spans');
      this.#failing = true;
    }
  }
}
