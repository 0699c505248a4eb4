/** What time brings about, one thing after another. */
export interface TimedWork {
  /** @param now milliseconds since 1970 */
  execute(now: number): Promise<void>;
}

/**
 * Looks again and again for what is due. Nothing is remembered between two looks but what is in Postgres: a process that
 * was down finds what came due meanwhile, and several at once do no harm.
 */
export class Sweep {
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> | undefined;
  #stopped = false;

  constructor(
    private readonly works: Readonly<Record<string, TimedWork>>,
    private readonly intervalMs: number,
    private readonly now: () => number,
    private readonly onFault: (error: unknown, what: string) => void,
  ) {}

  start(): void {
    this.#running = this.once().finally(() => {
      if (!this.#stopped) this.#timer = setTimeout(() => this.start(), this.intervalMs);
    });
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#running;
  }

  /** One look; a fault in one thing keeps nothing else from being done. */
  async once(): Promise<void> {
    for (const [what, work] of Object.entries(this.works)) {
      try {
        await work.execute(this.now());
      } catch (error) {
        this.onFault(error, what);
      }
    }
  }
}
