import { Message } from '@sluice/flow-engine';
import type { DeployedTimer } from '../flows/deployed-flows.js';
import type { RunMessage } from '../messages/run-message.js';
import { readSchedule } from './timer-schedule.croner.js';

/** A firing belongs to whichever runtime claims it first. */
export interface TimerClaims {
  /**
   * @param due names the firing: its time, or `once` with the version of the flow
   * @returns whether this runtime is the one to fire
   * @throws Error when it cannot be told now
   */
  claim(flowId: string, timer: string, due: string): Promise<boolean>;
}

export interface FireTimersOptions {
  readonly claims: TimerClaims;
  readonly runMessage: Pick<RunMessage, 'execute'>;
  readonly now: () => number;
  readonly onFault: (error: unknown, what: string) => void;
}

interface Running {
  readonly timer: DeployedTimer;
  wake: NodeJS.Timeout | undefined;
  stopped: boolean;
}

/** Node's timers go no further than this. */
const maxWaitMs = 2 ** 31 - 1;
/** With the database away a claim is tried again for so long; then the firing is missed. */
const claimForMs = 60_000;
const claimAgainMs = 1_000;

/**
 * Starts flows by their timers. Every runtime keeps every timer, and one of them fires: a firing that all were down for is
 * not made up for, and one that was claimed is not repeated.
 */
export class FireTimers {
  readonly #timers = new Map<string, Running>();
  readonly #firing = new Set<Promise<unknown>>();

  constructor(private readonly options: FireTimersOptions) {}

  /** Takes the timers of the flows that are started now; those of other versions end. */
  set(timers: Iterable<DeployedTimer>): void {
    const wanted = new Map<string, DeployedTimer>();
    for (const timer of timers)
      wanted.set(JSON.stringify([timer.started.flowId, timer.sender.id, timer.version]), timer);
    for (const [key, running] of this.#timers) {
      if (wanted.has(key)) continue;
      this.#end(running);
      this.#timers.delete(key);
    }
    for (const [key, timer] of wanted) {
      if (this.#timers.has(key)) continue;
      const running: Running = { timer, wake: undefined, stopped: false };
      this.#timers.set(key, running);
      this.#begin(running);
    }
  }

  /** No further firing; those under way end. */
  async stop(): Promise<void> {
    for (const running of this.#timers.values()) this.#end(running);
    this.#timers.clear();
    await Promise.all(this.#firing);
  }

  #end(running: Running): void {
    running.stopped = true;
    clearTimeout(running.wake);
  }

  #begin(running: Running): void {
    const { schedule } = running.timer.sender;
    if (schedule.kind === 'once') {
      this.#fire(running, `once ${running.timer.version}`);
      return;
    }
    const firings = readSchedule(schedule);
    const wait = (afterMs: number): void => {
      const due = firings.next(afterMs);
      if (due === null) return;
      const sleep = (): void => {
        if (running.stopped) return;
        const left = due - this.options.now();
        if (left > 0) {
          running.wake = setTimeout(sleep, Math.min(left, maxWaitMs)).unref();
          return;
        }
        this.#fire(running, new Date(due).toISOString());
        wait(Math.max(due, this.options.now() - 1));
      };
      sleep();
    };
    wait(this.options.now());
  }

  #fire(running: Running, due: string): void {
    const { started, sender } = running.timer;
    const fire = async (): Promise<void> => {
      if (!(await this.#claim(running, due))) return;
      await this.options.runMessage.execute(started, new Message(), { channel: sender.id, sender: 'timer' });
    };
    const firing = fire()
      .catch((error: unknown) => this.options.onFault(error, `firing the timer of the flow ${started.flowId}`))
      .finally(() => this.#firing.delete(firing));
    this.#firing.add(firing);
  }

  async #claim(running: Running, due: string): Promise<boolean> {
    const { claims, now } = this.options;
    const { started, sender } = running.timer;
    const until = now() + claimForMs;
    for (;;) {
      try {
        return await claims.claim(started.flowId, sender.id, due);
      } catch (error) {
        if (running.stopped || now() >= until) throw error;
        await new Promise((resolve) => setTimeout(resolve, claimAgainMs));
      }
    }
  }
}
