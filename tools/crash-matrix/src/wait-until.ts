import { setTimeout as pause } from 'node:timers/promises';

/** Asks until the answer is yes. @throws Error that names what did not come */
export async function until(what: string, ask: () => Promise<boolean> | boolean, timeoutMs = 60_000): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  let cause: unknown;
  for (;;) {
    try {
      if (await ask()) return;
    } catch (error) {
      cause = error;
    }
    if (performance.now() > deadline) throw new Error(`${what} did not come about within ${timeoutMs} ms.`, { cause });
    await pause(20);
  }
}
