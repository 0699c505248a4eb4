import { setTimeout as sleep } from 'node:timers/promises';
import { Caller, ways, type Answered, type Credentials, type Way } from './caller.js';

export interface Administration {
  /** @returns a new key's credentials @throws when the administrator gets no 201, or the sender no token */
  makeKey(way: Way): Promise<Credentials & { readonly id: string }>;
  /** @returns whether it was answered with 2xx */
  revoke(id: string): Promise<boolean>;
  /** @returns how the changes since the last call were answered */
  takeAnswers(): Outcomes;
  /** @returns a sentence for each change that was answered with 2xx and does not stand */
  findLost(): Promise<string[]>;
}

/** How often the answers of one kind of caller had which outcome, in one window. */
export type Outcomes = Record<string, number>;

export interface Window {
  readonly known: Outcomes;
  readonly fresh: Outcomes;
  readonly strangers: Outcomes;
  revoked: number;
  /** The latest call of a revoked key that was let in, in milliseconds after the acknowledgement. */
  latestAfterRevocation: number;
  /** Longest time in which no known caller was served. */
  longestGap: number;
  /** What must not be. */
  readonly violations: string[];
}

export interface TrafficOptions {
  readonly url: URL;
  readonly serverRoot: string;
  readonly path: string;
  readonly leaseMs: number;
  /** Known callers must be served all the time. */
  readonly seamless: boolean;
  readonly administration: Administration;
}

const reserve = 60;
/** By certificate and by token; each for itself must be served. */
const knownCallers: readonly Way[] = ['certificate', 'certificate', 'token', 'bound token'];

/** Calls of every kind, and revocations, that go on whatever happens. */
export class Traffic {
  window: Window = emptyWindow();
  /** When the fault of this window began; known callers may fail only when the lease has run out. */
  faultBegan: number | undefined;
  #going = true;
  readonly #reserve: (Credentials & { readonly id: string })[] = [];
  readonly #running: Promise<void>[] = [];
  #lastServed = performance.now();
  #freshServed = 0;
  #made = 0;

  constructor(private readonly options: TrafficOptions) {}

  /** Keys that were never used: their first call has to be decided. */
  get freshServed(): number {
    return this.#freshServed;
  }

  async start(): Promise<void> {
    const { administration } = this.options;
    while (this.#reserve.length < reserve) this.#reserve.push(await this.#makeKey());
    const known = await Promise.all(knownCallers.map((way) => administration.makeKey(way)));
    const strangers = await Promise.all(ways.map((way) => administration.makeKey(way)));
    for (const { id } of strangers) await administration.revoke(id);
    this.#lastServed = performance.now();
    this.#running.push(
      ...known.map((credentials) => this.#callKnown(credentials)),
      this.#callFresh(),
      ...strangers.map((stranger) => this.#callAsStranger(stranger)),
      this.#revokeOnes(),
      this.#makeKeys(),
    );
  }

  async end(): Promise<void> {
    this.#going = false;
    await Promise.all(this.#running);
  }

  /** @returns the window that ends */
  nextWindow(): Window {
    const { window } = this;
    this.window = emptyWindow();
    return window;
  }

  /** For the reserve: of each kind by turns. */
  async #makeKey(): Promise<Credentials & { readonly id: string }> {
    const made = await this.options.administration.makeKey(ways[this.#made % ways.length] ?? 'certificate');
    this.#made++;
    return made;
  }

  #caller(credentials: Credentials): Caller {
    return new Caller(this.options.url, this.options.serverRoot, credentials);
  }

  async #callKnown(credentials: Credentials): Promise<void> {
    const caller = this.#caller(credentials);
    while (this.#going) {
      const answer = await caller.call(this.options.path);
      count(this.window.known, answer);
      const now = performance.now();
      if (answer.outcome === '200') {
        this.window.longestGap = Math.max(this.window.longestGap, now - this.#lastServed);
        this.#lastServed = now;
      } else {
        this.#must(
          answer.outcome === '503' && answer.retryAfter,
          `a known caller by ${credentials.way} got ${describe(answer)}`,
        );
        // A heartbeat a second, and the lease begins when it was asked for.
        const withinLease =
          this.faultBegan !== undefined && answer.sent - this.faultBegan < this.options.leaseMs - 2_000;
        this.#must(!withinLease, `a known caller by ${credentials.way} got ${describe(answer)} while the lease held`);
        this.#must(!this.options.seamless, `a known caller by ${credentials.way} got ${describe(answer)}`);
      }
      await sleep(20);
    }
    caller.close();
  }

  async #callFresh(): Promise<void> {
    while (this.#going) {
      const credentials = this.#reserve.shift();
      if (credentials) {
        const caller = this.#caller(credentials);
        const answer = await caller.call(this.options.path);
        count(this.window.fresh, answer);
        if (answer.outcome === '200') this.#freshServed++;
        else
          this.#must(
            answer.outcome === '503' && answer.retryAfter,
            `a caller with a good ${credentials.way} got ${describe(answer)}`,
          );
        caller.close();
      }
      await sleep(300);
    }
  }

  async #callAsStranger(revoked: Credentials): Promise<void> {
    const caller = this.#caller(revoked);
    while (this.#going) {
      const answer = await caller.call(this.options.path);
      count(this.window.strangers, answer);
      const right = answer.outcome === '401' || (answer.outcome === '503' && answer.retryAfter);
      this.#must(right, `a revoked key got ${describe(answer)} by ${revoked.way}`);
      await sleep(100);
    }
    caller.close();
  }

  /** Uses a key, revokes it, and goes on to use it: from the acknowledgement on no call may be let in for longer than a lease. */
  async #revokeOnes(): Promise<void> {
    while (this.#going) {
      const victim = this.#reserve.shift();
      if (!victim) {
        await sleep(500);
        continue;
      }
      const caller = this.#caller(victim);
      await caller.call(this.options.path);
      while (this.#going && !(await this.options.administration.revoke(victim.id))) await sleep(500);
      const acknowledged = performance.now();
      this.window.revoked++;
      for (let end = acknowledged + 1_500; this.#going && performance.now() < end;) {
        const answer = await caller.call(this.options.path);
        if (answer.outcome === '200') {
          const late = answer.sent - acknowledged;
          this.window.latestAfterRevocation = Math.max(this.window.latestAfterRevocation, late);
          this.#must(
            late <= this.options.leaseMs,
            `a key was let in by ${victim.way} ${Math.round(late)} ms after it was revoked`,
          );
          end = performance.now() + 1_500;
        }
        await sleep(50);
      }
      caller.close();
    }
  }

  async #makeKeys(): Promise<void> {
    while (this.#going) {
      if (this.#reserve.length < reserve) {
        try {
          this.#reserve.push(await this.#makeKey());
        } catch {
          // The administrator's side is down just now; there are keys in reserve.
          await sleep(500);
        }
      } else await sleep(100);
    }
  }

  #must(holds: boolean, otherwise: string): void {
    if (!holds) this.window.violations.push(otherwise);
  }
}

function emptyWindow(): Window {
  return { known: {}, fresh: {}, strangers: {}, revoked: 0, latestAfterRevocation: 0, longestGap: 0, violations: [] };
}

function count(outcomes: Outcomes, { outcome }: Answered): void {
  outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
}

function describe({ outcome, retryAfter }: Answered): string {
  return outcome === '503' && !retryAfter ? '503 without Retry-After' : outcome;
}
