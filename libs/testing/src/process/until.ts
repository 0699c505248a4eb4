import { setTimeout as pause } from 'node:timers/promises';

export interface UntilOptions {
  /** What is waited for, for the message when it does not come. */
  readonly what: string;
  readonly timeoutMs?: number;
  readonly everyMs?: number;
}

/**
 * Asks again and again until there is an answer. Whoever asks decides what counts: `undefined`, `null` and `false` do not.
 * @throws Error that names what did not come, with the last error of `ask` as its cause
 */
export async function until<T>(ask: () => Promise<T> | T, options: UntilOptions): Promise<NonNullable<T>> {
  const { what, timeoutMs = 45_000, everyMs = 25 } = options;
  const deadline = performance.now() + timeoutMs;
  let cause: unknown;
  for (;;) {
    try {
      const answer = await ask();
      if (answer !== undefined && answer !== null && answer !== false) return answer;
      cause = undefined;
    } catch (error) {
      cause = error;
    }
    if (performance.now() >= deadline) {
      const last = cause instanceof Error ? ` (${cause.message})` : '';
      throw new Error(`${what} did not come about within ${timeoutMs} ms${last}`, { cause });
    }
    await pause(everyMs);
  }
}
