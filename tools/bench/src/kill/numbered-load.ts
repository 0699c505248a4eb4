import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:https';
import type { Facts } from '../stack/bench-stack.js';
import type { NewKey } from '../stack/new-key.js';

/** A message that was answered. */
export interface Answered {
  /** The sender's own number of it, which no other message has. */
  readonly number: string;
  readonly status: number;
}

/** Senders that send again as soon as they are answered, each message under a number of its own, and go on when they are not. */
export class NumberedLoad {
  /** By the id of their entry in the message processing log. */
  readonly answered = new Map<string, Answered>();
  /** Answers that name no entry, by their status: no flow began. */
  readonly refused: Record<number, number> = {};
  unanswered = 0;
  /** The longest time without an answer, in milliseconds. */
  longestGapMs = 0;
  #lastAnswer = performance.now();
  #number = 0;
  #going = true;
  readonly #agents: readonly Agent[];
  readonly #ended: Promise<unknown>;

  constructor(
    facts: Facts,
    keys: readonly NewKey[],
    path: string,
    private readonly body: Buffer,
    sendersOfEach: number,
  ) {
    const ca = readFileSync(facts.serverRootCaFile, 'utf8');
    this.#agents = keys.map(
      ({ certificate, key }) => new Agent({ keepAlive: true, maxSockets: sendersOfEach, ca, cert: certificate, key }),
    );
    const url = `${facts.flowUrl}${path}`;
    this.#ended = Promise.all(
      this.#agents.flatMap((agent) => Array.from({ length: sendersOfEach }, () => this.#repeat(url, agent))),
    );
  }

  async end(): Promise<void> {
    this.#going = false;
    await this.#ended;
    for (const agent of this.#agents) agent.destroy();
  }

  async #repeat(url: string, agent: Agent): Promise<void> {
    while (this.#going) {
      const number = String(++this.#number);
      try {
        const { id, status } = await this.#send(url, agent, number);
        const now = performance.now();
        this.longestGapMs = Math.max(this.longestGapMs, now - this.#lastAnswer);
        this.#lastAnswer = now;
        if (id === undefined) {
          this.refused[status] = (this.refused[status] ?? 0) + 1;
          await pause(50);
        } else this.answered.set(id, { number, status });
      } catch {
        // It was killed: that is what this is about.
        this.unanswered++;
        await pause(50);
      }
    }
  }

  #send(url: string, agent: Agent, number: string): Promise<{ id: string | undefined; status: number }> {
    return new Promise((resolve, reject) => {
      const headers = { 'content-type': 'application/json', 'content-length': this.body.length, 'x-number': number };
      const sent = request(url, { method: 'POST', agent, headers, timeout: 30_000 }, (response) => {
        response.resume();
        response.once('error', reject);
        response.once('end', () => {
          const id = response.headers['sap_messageprocessinglogid'];
          resolve({ id: typeof id === 'string' ? id : undefined, status: response.statusCode ?? 0 });
        });
      });
      sent.once('error', reject);
      sent.once('timeout', () => sent.destroy(new Error('no answer')));
      sent.end(this.body);
    });
  }
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
