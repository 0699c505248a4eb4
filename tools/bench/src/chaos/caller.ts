import { Agent, request } from 'node:https';

/** How a sender is known: by its certificate, by a token got for a secret, or by a token with the certificate that it is bound to. */
export const ways = ['certificate', 'token', 'bound token'] as const;
export type Way = (typeof ways)[number];

export interface Credentials {
  readonly way: Way;
  readonly certificate?: string;
  readonly key?: string;
  readonly token?: string;
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
  readonly #headers: Readonly<Record<string, string>>;

  constructor(
    private readonly url: URL,
    serverRoot: string,
    { certificate, key, token }: Credentials,
  ) {
    this.#headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
    this.#agent = new Agent({
      keepAlive: true,
      maxSockets: 1,
      ca: serverRoot,
      cert: certificate,
      key,
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
          headers: this.#headers,
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
