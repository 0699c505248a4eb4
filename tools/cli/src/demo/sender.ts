import { request, Agent, type RequestOptions } from 'node:https';

export interface SenderAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

export interface SenderFiles {
  /** PEM. */
  readonly certificate?: string;
  readonly key?: string;
  readonly serverRoot: string;
}

/** A sender on one connection that stays open, so that a change is seen to reach connections that are there already. */
export class Sender {
  readonly #agent: Agent;

  constructor(files: SenderFiles) {
    this.#agent = new Agent({
      keepAlive: true,
      maxSockets: 1,
      ca: files.serverRoot,
      ...(files.certificate ? { cert: files.certificate } : {}),
      ...(files.key ? { key: files.key } : {}),
    });
  }

  post(url: string, body: string, headers: RequestOptions['headers'] = {}): Promise<SenderAnswer> {
    return new Promise((resolve, reject) => {
      const outgoing = request(
        url,
        { method: 'POST', agent: this.#agent, headers: { 'content-type': 'application/json', ...headers } },
        (response) => {
          const chunks: Buffer[] = [];
          response.on('data', (chunk: Buffer) => chunks.push(chunk));
          response.on('end', () =>
            resolve({
              status: response.statusCode ?? 0,
              headers: response.headers,
              body: Buffer.concat(chunks).toString('utf8'),
            }),
          );
        },
      );
      outgoing.once('error', reject);
      outgoing.end(body);
    });
  }

  close(): void {
    this.#agent.destroy();
  }
}
