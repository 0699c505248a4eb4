import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A receiver of flows that counts its calls by their path, so that a step that ran twice is seen. */
export class CountingReceiver {
  readonly #calls = new Map<string, number>();
  readonly #server: Server;

  /** @param reply the same to each call, after up to so many milliseconds */
  private constructor(reply: Buffer, contentType: string, upToMs: number) {
    this.#server = createServer((request, response) => {
      const path = request.url ?? '';
      this.#calls.set(path, (this.#calls.get(path) ?? 0) + 1);
      request.resume();
      request.once('end', () =>
        setTimeout(
          () => response.writeHead(200, { 'content-type': contentType, 'content-length': reply.length }).end(reply),
          Math.random() * upToMs,
        ),
      );
    });
  }

  static async start(reply: Buffer, contentType: string, upToMs: number): Promise<CountingReceiver> {
    const receiver = new CountingReceiver(reply, contentType, upToMs);
    await new Promise<void>((resolve) => receiver.#server.listen(0, '127.0.0.1', resolve));
    return receiver;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Calls of a path. */
  of(path: string): number {
    return this.#calls.get(path) ?? 0;
  }

  /** Paths that were called more than once. */
  get repeated(): string[] {
    return [...this.#calls].filter(([, count]) => count > 1).map(([path]) => path);
  }

  get total(): number {
    let total = 0;
    for (const count of this.#calls.values()) total += count;
    return total;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
