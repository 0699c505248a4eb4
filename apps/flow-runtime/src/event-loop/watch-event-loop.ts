/** Lateness of a timer from which on it is counted, and from which on it is told, in milliseconds. */
const countedMs = 100;
const toldMs = 1_000;
const lookEveryMs = 20;

export interface Stall {
  readonly ms: number;
  /** CPU time of the thread in it: less when the machine had no processor for it, and what is to be mended is not here. */
  readonly cpuMs: number;
  /** Whose message ran last in this process; undefined when none did. */
  readonly flow: string | undefined;
}

/** Whether the thread worked for most of a stall, or waited: for a processor, memory, a file. */
export type StallCause = 'work' | 'wait';

/**
 * Notices when something held up the thread that admits requests: nobody should. What ran last is the first to be looked at, though it may have been
 * anything else, the garbage collector among it.
 */
export class WatchEventLoop {
  /** To be set by whoever runs a flow here. */
  lastFlow: string | undefined;
  readonly #stalls: Record<StallCause, number> = { work: 0, wait: 0 };
  readonly #maxMs: Record<StallCause, number> = { work: 0, wait: 0 };
  #timer: NodeJS.Timeout | undefined;
  #looked = 0;
  #cpuLooked = 0;

  /**
   * @param tell is told of stalls of a second and more
   * @param note is told at each look for how long the thread worked instead of looking, in milliseconds: who came meanwhile waited so long at the most
   */
  constructor(
    private readonly tell: (stall: Stall) => void,
    private readonly note: (workMs: number) => void,
    private readonly monotonicNow: () => number,
    private readonly cpuMsOfThread: () => number = threadCpuMs,
  ) {}

  start(): void {
    this.#looked = this.monotonicNow();
    this.#cpuLooked = this.cpuMsOfThread();
    this.#timer = setInterval(() => this.look(), lookEveryMs).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** Stalls of 100 ms and more since the process began. */
  get stalls(): Readonly<Record<StallCause, number>> {
    return this.#stalls;
  }

  /** The longest of them, in milliseconds. */
  get maxMs(): Readonly<Record<StallCause, number>> {
    return this.#maxMs;
  }

  /** Called by a timer. */
  look(): void {
    const now = this.monotonicNow();
    const cpu = this.cpuMsOfThread();
    const ms = now - this.#looked - lookEveryMs;
    const cpuMs = Math.min(ms, cpu - this.#cpuLooked);
    this.#looked = now;
    this.#cpuLooked = cpu;
    this.note(Math.max(0, cpuMs));
    if (ms < countedMs) return;
    const cause: StallCause = cpuMs > ms / 2 ? 'work' : 'wait';
    this.#stalls[cause]++;
    this.#maxMs[cause] = Math.max(this.#maxMs[cause], ms);
    if (ms >= toldMs) this.tell({ ms: Math.round(ms), cpuMs: Math.round(cpuMs), flow: this.lastFlow });
  }
}

function threadCpuMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1_000;
}
