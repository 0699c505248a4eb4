import { SenderConnection } from '../decide/sender-connection.js';
import type { LoadTarget } from '../path/load.js';

const maximumConnections = 1_000;

/** A sender that sends at its rate whether it is answered or not, for as long as it has connections left. */
export class OpenSender {
  /** By their status. */
  readonly answers: Record<string, number> = {};
  #running = true;
  readonly #loop: Promise<void>;
  readonly #request: Buffer;

  private constructor(
    private readonly target: LoadTarget,
    body: Buffer,
    private readonly rate: number,
    private readonly free: SenderConnection[],
  ) {
    const head = `POST ${target.path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n`;
    this.#request = Buffer.concat([Buffer.from(head), body]);
    this.#loop = this.#run();
  }

  /**
   * @param rate requests a second; Infinity: as soon as a connection is free
   * @param connections at most {@link maximumConnections}
   */
  static async start(target: LoadTarget, body: Buffer, rate: number, connections: number): Promise<OpenSender> {
    const free: SenderConnection[] = [];
    for (let left = Math.min(connections, maximumConnections); left > 0; left--)
      free.push(await SenderConnection.open(target));
    return new OpenSender(target, body, rate, free);
  }

  reset(): void {
    for (const status in this.answers) delete this.answers[status];
  }

  async stop(): Promise<void> {
    this.#running = false;
    await this.#loop;
    for (const connection of this.free) connection.close();
  }

  async #run(): Promise<void> {
    const began = performance.now();
    for (let given = 0; this.#running;) {
      const due = Number.isFinite(this.rate) ? Math.floor(((performance.now() - began) * this.rate) / 1_000) : Infinity;
      while (given < due) {
        const connection = this.free.shift();
        if (!connection) break;
        given++;
        void this.#send(connection);
      }
      // Who has no connection left does not catch up later.
      if (Number.isFinite(due)) given = Math.max(given, due);
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  }

  async #send(connection: SenderConnection): Promise<void> {
    let current = connection;
    let status: string;
    try {
      status = await current.send(this.#request);
    } catch {
      status = 'broken';
      current.close();
      if (!this.#running) return;
      try {
        current = await SenderConnection.open(this.target);
      } catch {
        return;
      }
    }
    this.answers[status] = (this.answers[status] ?? 0) + 1;
    this.free.push(current);
  }
}
