import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http';
import { Agent, request } from 'node:https';
import type { Socket } from 'node:net';

export interface SenderOptions {
  /** Base of the endpoints, `https://localhost:8443`. */
  readonly url: string;
  /** The only certificates this sender trusts, PEM. */
  readonly trusts: string;
  /** Its certificate with chain, and its key; none: it calls without a certificate. */
  readonly certificate?: string | undefined;
  readonly key?: string | undefined;
}

export interface SendOptions {
  readonly method?: string;
  /** A list sends a header several times; pairs keep the spelling and the order. */
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  readonly body?: string | Uint8Array;
  readonly timeoutMs?: number;
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly rawHeaders: readonly string[];
  readonly bytes: Buffer;
  readonly text: string;
  /** Parsed when it is asked for. */
  json<T>(): T;
  /** Counts the connections of this sender from 1: two answers with one number came over one TLS connection. */
  readonly connection: number;
  /** Whether this request went over the connection of the request before it. */
  readonly sameConnection: boolean;
}

/** A sender with one keep-alive TLS connection: its next request goes over the open one, as long as the server keeps it. */
export class Sender implements Disposable {
  readonly #agent: Agent;
  readonly #connections = new Map<Socket, number>();
  #last: number | undefined;

  constructor(private readonly options: SenderOptions) {
    this.#agent = new Agent({
      keepAlive: true,
      maxSockets: 1,
      ca: options.trusts,
      cert: options.certificate,
      key: options.key,
      // A resumed session would not send the certificate again.
      maxCachedSessions: 0,
    });
  }

  /**
   * @param path as it is written into the request line, e.g. `/http/orders`
   * @throws Error when no answer comes
   */
  send(path: string, options: SendOptions = {}): Promise<Answer> {
    const { method = 'POST', headers = {}, body = '', timeoutMs = 20_000 } = options;
    const url = new URL(this.options.url);
    return new Promise((resolve, reject) => {
      let connection = 0;
      const outgoing = request(
        {
          agent: this.#agent,
          host: url.hostname,
          port: url.port,
          servername: url.hostname,
          method,
          path,
          headers: headers as OutgoingHttpHeaders,
        },
        (response) => {
          const chunks: Buffer[] = [];
          response.on('data', (chunk: Buffer) => chunks.push(chunk));
          response.on('error', reject);
          response.on('end', () => {
            const bytes = Buffer.concat(chunks);
            const sameConnection = connection === this.#last;
            this.#last = connection;
            resolve({
              status: response.statusCode ?? 0,
              headers: response.headers,
              rawHeaders: response.rawHeaders,
              bytes,
              text: bytes.toString('utf8'),
              json: <T>() => JSON.parse(bytes.toString('utf8')) as T,
              connection,
              sameConnection,
            });
          });
        },
      );
      outgoing.setTimeout(timeoutMs, () => outgoing.destroy(new Error(`No answer within ${timeoutMs} ms.`)));
      outgoing.on('socket', (socket) => (connection = this.#numberOf(socket)));
      outgoing.on('error', reject);
      outgoing.end(body);
    });
  }

  /** Ends the connection; the next request opens another. */
  close(): void {
    this.#agent.destroy();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #numberOf(socket: Socket): number {
    const number = this.#connections.get(socket) ?? this.#connections.size + 1;
    this.#connections.set(socket, number);
    return number;
  }
}
