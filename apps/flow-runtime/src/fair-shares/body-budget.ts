import { BodyMemory } from './body-memory.js';
import { SharedRoom, type Waiting } from './shared-room.js';

/** What a body up to this size needs is asked of nobody: about as much as waits in a connection anyway. In bytes. */
export const freeBodyBytes = 64 * 1024;

/** Why there is no room: the wait was in vain, or no wait would help. */
export type NoRoom = 'no-room' | 'over-budget';

/**
 * What the bodies of all requests may take together. A body has its room before it is read; one that finds none waits with its sender.
 * Room is shared out among owners by {@link SharedRoom}.
 */
export class BodyBudget {
  readonly #room: SharedRoom;
  readonly #refused: Record<NoRoom, number> = { 'no-room': 0, 'over-budget': 0 };

  /**
   * @param bytes for all bodies together
   * @param waitMs how long one waits for room
   * @param memory where they are kept
   */
  constructor(
    readonly bytes: number,
    private readonly waitMs: number,
    readonly memory = new BodyMemory(),
  ) {
    this.#room = new SharedRoom(bytes);
  }

  get statistics(): {
    readonly heldBytes: number;
    readonly waiting: number;
    readonly refused: Readonly<Record<NoRoom, number>>;
  } {
    return { heldBytes: this.#room.held, waiting: this.#room.waiting, refused: this.#refused };
  }

  /** For one body, of which nothing is held yet. */
  leaseFor(owner: string): BodyLease {
    return new BodyLease(owner, this.bytes, this.waitMs, this.#room, this.#refused, this.memory);
  }
}

/** The room of one body. */
export class BodyLease {
  #bytes = 0;
  #wait: { readonly waiting: Waiting; readonly timer: NodeJS.Timeout } | undefined;
  readonly #lent: Buffer[] = [];
  #released = false;

  constructor(
    private readonly owner: string,
    private readonly budget: number,
    private readonly waitMs: number,
    private readonly room: SharedRoom,
    private readonly refused: Record<NoRoom, number>,
    private readonly memory: BodyMemory,
  ) {}

  /** In bytes. */
  get bytes(): number {
    return this.#bytes;
  }

  /**
   * Asks for room up to so many bytes in all, what it has included. One question at a time.
   * @param later told what came of it when it has to wait: undefined when there is room. It is not told once the lease is released.
   * @returns undefined when there is room now
   */
  reserve(bytes: number, later: (refused: NoRoom | undefined) => void): NoRoom | 'waits' | undefined {
    if (this.#released || this.#wait) throw new Error('The lease of a body is released, or waits already.');
    const amount = bytes - this.#bytes;
    if (amount <= 0) return undefined;
    if (bytes > this.budget) {
      this.refused['over-budget']++;
      return 'over-budget';
    }
    if (this.room.take(this.owner, amount, this.#bytes)) {
      this.#bytes = bytes;
      return undefined;
    }
    const waiting = this.room.wait(this.owner, amount, this.#bytes, () => {
      this.#stopWaiting();
      this.#bytes = bytes;
      later(undefined);
    });
    if (!waiting) return 'no-room';
    const timer = setTimeout(() => {
      this.#stopWaiting();
      this.room.cancel(this.owner, waiting);
      this.refused['no-room']++;
      later('no-room');
    }, this.waitMs);
    this.#wait = { waiting, timer };
    return 'waits';
  }

  /** @returns memory for the body, which goes back with the lease: nobody may look at it after {@link release} */
  lend(bytes: number): Buffer {
    const lent = this.memory.lend(bytes);
    this.#lent.push(lent);
    return lent;
  }

  /** Gives back what is above so many bytes. */
  keep(bytes: number): void {
    if (this.#released || bytes >= this.#bytes) return;
    const over = this.#bytes - bytes;
    this.#bytes = bytes;
    this.room.leave(this.owner, over);
  }

  /** Gives everything back, and waits no longer. Further calls do nothing. */
  release(): void {
    if (this.#released) return;
    const wait = this.#wait;
    this.#stopWaiting();
    if (wait) this.room.cancel(this.owner, wait.waiting);
    this.keep(0);
    for (const lent of this.#lent.splice(0)) this.memory.giveBack(lent);
    this.#released = true;
  }

  #stopWaiting(): void {
    clearTimeout(this.#wait?.timer);
    this.#wait = undefined;
  }
}
