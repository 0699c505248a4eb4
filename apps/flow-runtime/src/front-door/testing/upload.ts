import { createHash, type Hash } from 'node:crypto';
import type { ClientRequest, IncomingMessage } from 'node:http';

export interface Reply {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly text: string;
}

/** The answer to a request. @throws Error when the connection ends before it */
export function replyTo(request: ClientRequest): Promise<Reply> {
  const reply = new Promise<Reply>((resolve, reject) => {
    request.on('error', reject);
    request.on('response', (response) => {
      let text = '';
      response.on('data', (chunk: Buffer) => (text += chunk.toString()));
      response.on('error', reject);
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, text }));
    });
  });
  // A test that fails before it waits for the answer says why itself.
  reply.catch(() => undefined);
  return reply;
}

/** A body that is made while it is sent, no faster than the connection takes it. */
export class Upload {
  readonly hash: Hash = createHash('sha256');
  /** Bytes given to the connection. */
  sent = 0;
  /** Whether the connection takes no more now. */
  stalled = false;
  done = false;
  readonly #chunk = Buffer.alloc(64 * 1024);

  constructor(
    private readonly request: ClientRequest,
    private readonly bytes: number,
  ) {
    request.on('error', () => undefined);
    request.on('close', () => (this.done = true));
    request.on('drain', () => this.#write());
    this.#write();
  }

  #write(): void {
    this.stalled = false;
    while (!this.done && this.sent < this.bytes) {
      // Each chunk is another one, so that a lost or repeated one shows.
      this.#chunk.writeUInt32BE(this.sent, 0);
      const part = Buffer.from(this.#chunk.subarray(0, Math.min(this.#chunk.length, this.bytes - this.sent)));
      this.hash.update(part);
      this.sent += part.length;
      if (!this.request.write(part)) {
        this.stalled = true;
        return;
      }
    }
    if (this.done) return;
    this.done = true;
    this.request.end();
  }
}
