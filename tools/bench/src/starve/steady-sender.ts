import type { LoadTarget } from '../path/load.js';
import { SenderConnection } from '../decide/sender-connection.js';
import { setTimeout as pause } from 'node:timers/promises';

const connections = 50;

/** Calls of another sender, so many a second whether those before are answered or not. */
export class SteadySender {
  readonly #latencies: number[] = [];
  readonly #failed: Record<string, number> = {};
  readonly #free: SenderConnection[] = [];
  readonly #waiting: number[] = [];
  readonly #underWay = new Set<Promise<void>>();
  #running = true;
  #stalls = 0;
  readonly #loop: Promise<void>;

  private constructor(
    private readonly target: LoadTarget,
    private readonly rate: number,
    free: SenderConnection[],
  ) {
    this.#free = free;
    this.#loop = this.#run();
  }

  static async start(target: LoadTarget, rate: number): Promise<SteadySender> {
    const free = await Promise.all(Array.from({ length: connections }, () => SenderConnection.open(target)));
    return new SteadySender(target, rate, free);
  }

  /** Forgets what was measured until now. */
  reset(): void {
    this.#latencies.length = 0;
    this.#stalls = 0;
    for (const status in this.#failed) delete this.#failed[status];
  }

  /** Milliseconds of each call since the last reset, from when it was its turn; calls by another status than 200; milliseconds this process itself was late. */
  get seen(): { latencies: readonly number[]; failed: Readonly<Record<string, number>>; ownDelayMs: number } {
    return { latencies: [...this.#latencies], failed: { ...this.#failed }, ownDelayMs: this.#stalls };
  }

  async stop(): Promise<void> {
    this.#running = false;
    await this.#loop;
    await Promise.all(this.#underWay);
    for (const connection of this.#free) connection.close();
  }

  async #run(): Promise<void> {
    const began = performance.now();
    let last = began;
    for (let given = 0; this.#running;) {
      const now = performance.now();
      this.#stalls = Math.max(this.#stalls, now - last - 1);
      last = now;
      for (const due = Math.floor(((now - began) * this.rate) / 1_000); given < due; given++) {
        // By turns: one that is not used for a minute is ended by the runtime, as it should be.
        const connection = this.#free.shift();
        if (!connection) this.#waiting.push(now);
        else {
          const sending = this.#send(connection, now).finally(() => this.#underWay.delete(sending));
          this.#underWay.add(sending);
        }
      }
      await pause(1);
    }
  }

  async #send(connection: SenderConnection, since: number): Promise<void> {
    let current: SenderConnection = connection;
    for (let due: number | undefined = since; due !== undefined; due = this.#waiting.shift()) {
      let status: string;
      try {
        status = await current.send();
      } catch {
        status = 'broken';
        current.close();
        current = await SenderConnection.open(this.target);
      }
      if (status === '200') this.#latencies.push(performance.now() - due);
      else this.#failed[status] = (this.#failed[status] ?? 0) + 1;
    }
    this.#free.push(current);
  }
}
