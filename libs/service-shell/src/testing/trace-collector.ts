import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';
import { z } from 'zod';
import { otelEnvironment, type OtelEnvironment } from '../spans/otel-environment.js';

export interface CollectedSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly kind: number;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes: readonly { readonly key: string; readonly value: Readonly<Record<string, unknown>> }[];
  readonly status: Readonly<Record<string, unknown>>;
}

/** A request that came, its body decoded from OTLP's JSON; a body of protobuf is left as it is. */
export interface Collected {
  readonly path: string | undefined;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
  readonly resource: Readonly<Record<string, unknown>>;
  readonly spans: readonly CollectedSpan[];
}

interface OtlpJson {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: CollectedSpan['attributes'] };
    readonly scopeSpans: readonly { readonly spans: readonly CollectedSpan[] }[];
  }[];
}

/** A server that takes OTLP over HTTP. */
export class TraceCollector implements AsyncDisposable {
  readonly collected: Collected[] = [];
  respond: (response: ServerResponse) => void = (response) => response.end('{}');
  readonly #arrivals: (() => void)[] = [];
  readonly #server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      this.collected.push(decode(request, Buffer.concat(chunks)));
      for (const arrived of this.#arrivals.splice(0)) arrived();
      this.respond(response);
    });
  });

  static async start(): Promise<TraceCollector> {
    const collector = new TraceCollector();
    await new Promise<void>((resolve) => collector.#server.listen(0, '127.0.0.1', resolve));
    return collector;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  get spans(): readonly CollectedSpan[] {
    return this.collected.flatMap(({ spans }) => spans);
  }

  /** Resolves with the next request. */
  arrival(): Promise<void> {
    return new Promise((resolve) => this.#arrivals.push(resolve));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

function decode(request: IncomingMessage, received: Buffer): Collected {
  const body = request.headers['content-encoding'] === 'gzip' ? gunzipSync(received) : received;
  const { url: path, headers } = request;
  if (headers['content-type'] !== 'application/json') return { path, headers, body, resource: {}, spans: [] };
  const { resourceSpans } = JSON.parse(body.toString()) as OtlpJson;
  const attributes = resourceSpans.flatMap(({ resource }) => resource.attributes);
  return {
    path,
    headers,
    body,
    resource: Object.fromEntries(attributes.map(({ key, value }) => [key, value['stringValue']])),
    spans: resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans)),
  };
}

/** Sets variables of OpenTelemetry as a process has them, until what is returned is called. */
export function setOtelEnvironment(variables: Readonly<Record<string, string>>): {
  environment: OtelEnvironment;
  reset: () => void;
} {
  const environment = z.object(otelEnvironment).parse(variables);
  Object.assign(process.env, variables);
  const reset = () => {
    for (const name of Object.keys(variables)) Reflect.deleteProperty(process.env, name);
  };
  return { environment, reset };
}
