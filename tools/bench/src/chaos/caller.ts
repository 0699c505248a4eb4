import { Agent, request } from 'node:https';

export interface Credentials {
  readonly certificate: string;
  readonly key: string;
}

export interface Answered {
  /** The status, or why no answer came. */
  readonly outcome: string;
  readonly retryAfter: boolean;
  /** When it was sent, on `performance.now`. */
  readonly sent: number;
}

/** A sender with one keep-alive connection. */
export class Caller {
  readonly #agent: Agent;

  constructor(
    private readonly url: URL,
    serverRoot: string,
    credentials: Credentials | undefined,
  ) {
    this.#agent = new Agent({
      keepAlive: true,
      maxSockets: 1,
      ca: serverRoot,
      cert: credentials?.certificate,
      key: credentials?.key,
      // A resumed session would not send the certificate again.
      maxCachedSessions: 0,
    });
  }

  call(path: string): Promise<Answered> {
    const sent = performance.now();
    return new Promise((resolve) => {
      const end = (outcome: string, retryAfter = false) => resolve({ outcome, retryAfter, sent });
      const outgoing = request(
        {
          agent: this.#agent,
          host: this.url.hostname,
          port: this.url.port,
          servername: this.url.hostname,
          method: 'POST',
          path,
        },
        (response) => {
          response.resume();
          response.once('error', (error: NodeJS.ErrnoException) => end(error.code ?? error.message));
          response.once('end', () => end(String(response.statusCode), response.headers['retry-after'] !== undefined));
        },
      );
      outgoing.once('error', (error: NodeJS.ErrnoException) => end(error.code ?? error.message));
      outgoing.setTimeout(15_000, () => outgoing.destroy(new Error('no answer in 15 s')));
      outgoing.end('x');
    });
  }

  close(): void {
    this.#agent.destroy();
  }
}
