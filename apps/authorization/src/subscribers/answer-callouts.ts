import { callout } from '@sluice/contracts';
import type { Msg, NatsConnection, Subscription } from '@nats-io/transport-node';
import type { Admission } from './admit-subscriber.js';

/** Of one question: what a client presents is a few hundred octets, and it chooses how many. */
const maxQuestionBytes = 16_384;
const maxAtOnce = 4;
/** Beyond them nobody can be answered before the server gives up. */
const maxWaiting = 1_000;
/** A server waits six seconds, of which the handshake has taken a part. */
const maxWaitingMs = 4_000;
/** Taken up in a second, and at once after a quiet time: what is answered here takes time from decisions on calls. */
const maxPerSecond = 200;
const maxBurst = 1_000;

export type CalloutOutcome = Admission['outcome'] | 'dropped' | 'no-question' | 'failed';

export interface AnswerCalloutsOptions {
  readonly connection: NatsConnection;
  readonly execute: (token: string) => Promise<Admission | undefined>;
  readonly onOutcome: (outcome: CalloutOutcome) => void;
  readonly onFault: (error: unknown) => void;
  /** Monotonic, in milliseconds. */
  readonly clock: () => number;
}

/**
 * Answers the servers of NATS, some at once. A question that is not answered is a refusal, as soon as the server has waited
 * long enough: so what is too much is dropped, and costs nothing.
 */
export class AnswerCallouts {
  readonly #waiting: { readonly message: Msg; readonly since: number }[] = [];
  #atOnce = 0;
  #room = maxBurst;
  #roomAt: number;
  #subscription: Subscription | undefined;

  constructor(private readonly options: AnswerCalloutsOptions) {
    this.#roomAt = options.clock();
  }

  start(): void {
    this.#subscription = this.options.connection.subscribe(callout.request, {
      // One of several processes answers.
      queue: 'authorization',
      callback: (error, message) => {
        if (error) this.options.onFault(error);
        else this.#take(message);
      },
    });
  }

  stop(): void {
    this.#subscription?.unsubscribe();
    this.#waiting.length = 0;
  }

  #take(message: Msg): void {
    // What a server asks has such a reply subject. Anything else may have been sent here as somebody's answer (ADR 30).
    if (!message.reply?.startsWith(callout.replies)) return this.options.onOutcome('no-question');
    if (message.data.length > maxQuestionBytes || this.#waiting.length >= maxWaiting || !this.#hasRoom())
      return this.options.onOutcome('dropped');
    this.#waiting.push({ message, since: this.options.clock() });
    void this.#work();
  }

  #hasRoom(): boolean {
    const now = this.options.clock();
    this.#room = Math.min(maxBurst, this.#room + ((now - this.#roomAt) * maxPerSecond) / 1_000);
    this.#roomAt = now;
    if (this.#room < 1) return false;
    this.#room--;
    return true;
  }

  async #work(): Promise<void> {
    if (this.#atOnce >= maxAtOnce) return;
    this.#atOnce++;
    for (let next = this.#waiting.shift(); next; next = this.#waiting.shift()) {
      if (this.options.clock() - next.since > maxWaitingMs) this.options.onOutcome('dropped');
      else await this.#answer(next.message);
    }
    this.#atOnce--;
  }

  async #answer(message: Msg): Promise<void> {
    try {
      const admission = await this.options.execute(message.string());
      if (admission) message.respond(admission.answer);
      this.options.onOutcome(admission?.outcome ?? 'no-question');
    } catch (error) {
      // Postgres is away: nobody is known, and so nobody is let in.
      this.options.onOutcome('failed');
      this.options.onFault(error);
    }
  }
}
