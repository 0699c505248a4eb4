/** Lateness of a timer from which on it is counted, and from which on it is told, in milliseconds. */
const countedMs = 100;
const toldMs = 1_000;
const lookEveryMs = 20;

export interface Stall {
  readonly ms: number;
  /** Whose message ran last in this process; undefined when none did. */
  readonly flow: string | undefined;
}

/**
 * Notices when something held up the thread that admits requests: nobody should. What ran last is the first to be looked at, though it may have been
 * anything else, the garbage collector among it.
 */
export class WatchEventLoop {
  /** To be set by whoever runs a flow here. */
  lastFlow: string | undefined;
  #stalls = 0;
  #longestMs = 0;
  #timer: NodeJS.Timeout | undefined;
  #looked = 0;

  /** @param tell is told of stalls of a second and more */
  constructor(
    private readonly tell: (stall: Stall) => void,
    private readonly monotonicNow: () => number,
  ) {}

  start(): void {
    this.#looked = this.monotonicNow();
    this.#timer = setInterval(() => this.look(), lookEveryMs).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** Stalls of 100 ms and more since the process began. */
  get stalls(): number {
    return this.#stalls;
  }

  /** The longest of them, in milliseconds. */
  get longestMs(): number {
    return this.#longestMs;
  }

  /** Called by a timer. */
  look(): void {
    const now = this.monotonicNow();
    const ms = now - this.#looked - lookEveryMs;
    this.#looked = now;
    if (ms < countedMs) return;
    this.#stalls++;
    this.#longestMs = Math.max(this.#longestMs, ms);
    if (ms >= toldMs) this.tell({ ms: Math.round(ms), flow: this.lastFlow });
  }
}
