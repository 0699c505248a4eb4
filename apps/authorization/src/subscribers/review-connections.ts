import { maxSubscriberConnections } from '@sluice/contracts';
import type { OpenConnections, SubscriberConnection } from './servers.js';

export interface ReviewConnectionsParts {
  readonly openConnections: () => Promise<OpenConnections>;
  readonly end: (connection: SubscriberConnection) => Promise<void>;
  /** Which of these are subscribers now. */
  readonly stillSubscribers: (ids: readonly string[]) => Promise<ReadonlySet<string>>;
  readonly seen: (ids: readonly string[]) => Promise<void>;
  readonly onEnded: (count: number) => void;
}

/**
 * Compares the open connections with who is a subscriber, and ends those of nobody. It is run when one is revoked, and all the
 * time: so it does not matter whether a request to end one was lost, a connection was being let in just then, or a backup was
 * restored that does not know its subscriber.
 */
export class ReviewConnections {
  #open: ReadonlyMap<string, number> = new Map();
  /** Let in since the servers were last asked. */
  #admitted = new Map<string, number>();
  #last: Promise<unknown> = Promise.resolve();
  #next: Promise<boolean> | undefined;

  constructor(private readonly parts: ReviewConnectionsParts) {}

  /**
   * One that begins after this call; who calls meanwhile gets the same.
   * @returns whether every server has told its connections and ended those it should
   */
  run(): Promise<boolean> {
    this.#next ??= this.#last.then(() => {
      this.#next = undefined;
      const running = this.#review();
      this.#last = running.catch(() => undefined);
      return running;
    });
    return this.#next;
  }

  /** Counts a connection that is being let in. @returns false when the subscriber has as many as it may */
  async count(id: string): Promise<boolean> {
    if (this.#counted(id) >= maxSubscriberConnections) await this.run();
    if (this.#counted(id) >= maxSubscriberConnections) return false;
    this.#admitted.set(id, (this.#admitted.get(id) ?? 0) + 1);
    return true;
  }

  /** Open connections when the servers were last asked. */
  get connections(): number {
    return [...this.#open.values()].reduce((sum, count) => sum + count, 0);
  }

  #counted(id: string): number {
    return (this.#open.get(id) ?? 0) + (this.#admitted.get(id) ?? 0);
  }

  async #review(): Promise<boolean> {
    // Those let in from now on may or may not be in the answer: they are counted twice for a while rather than not at all.
    this.#admitted = new Map();
    const { connections, complete } = await this.parts.openConnections();
    const open = new Map<string, number>();
    for (const { subscriberId } of connections) open.set(subscriberId, (open.get(subscriberId) ?? 0) + 1);
    this.#open = open;
    // Asked after the servers: who has a connection was a subscriber before, and is not one that is being made now.
    const ids = [...open.keys()];
    const known = ids.length === 0 ? new Set<string>() : await this.parts.stillSubscribers(ids);
    const ended = connections.filter(({ subscriberId }) => !known.has(subscriberId));
    const outcomes = await Promise.allSettled(ended.map((connection) => this.parts.end(connection)));
    const done = outcomes.filter(({ status }) => status === 'fulfilled').length;
    if (done > 0) this.parts.onEnded(done);
    if (known.size > 0) await this.parts.seen([...known]);
    return complete && done === ended.length;
  }
}
