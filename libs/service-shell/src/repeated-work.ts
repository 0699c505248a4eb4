export interface RepeatedWorkOptions {
  readonly work: () => Promise<unknown>;
  /** What the work is, in words that go before "failed". */
  readonly what: string;
  readonly everyMs: number;
  readonly onFault: (error: unknown, what: string) => void;
}

/**
 * Does a piece of work again and again: never twice at once, a fault is told and ends nothing, and the end waits for what is under
 * way. What must be done at an exact time, or in one process alone, the work decides itself.
 */
export class RepeatedWork {
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> | undefined;
  #stopped = false;

  constructor(private readonly options: RepeatedWorkOptions) {}

  /** The first time is after the interval: {@link now} does it at once. */
  start(): void {
    this.#timer = setInterval(() => void this.now(), this.options.everyMs);
  }

  /** Does it now, unless it is being done. @returns when it is done, or has failed */
  now(): Promise<void> {
    if (this.#stopped) return this.#running ?? Promise.resolve();
    return (this.#running ??= this.#once().finally(() => (this.#running = undefined)));
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearInterval(this.#timer);
    await this.#running;
  }

  async #once(): Promise<void> {
    try {
      await this.options.work();
    } catch (error) {
      this.options.onFault(error, this.options.what);
    }
  }
}
