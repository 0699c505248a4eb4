import { say } from '../stack/bench-stack.js';

const intervalMs = 10_000;

/**
 * Says every ten seconds how far something is, and at the end how long it took.
 * @returns to be called with how much is done
 */
export function reportProgress(what: string, total: number): (done: number) => void {
  const started = performance.now();
  let saidAt = started;
  return (done) => {
    const now = performance.now();
    if (done < total && now - saidAt < intervalMs) return;
    saidAt = now;
    const seconds = (now - started) / 1_000;
    const figures = `${Math.min(done, total)} of ${total} in ${seconds.toFixed(0)} s (${(done / seconds).toFixed(done < 10 * seconds ? 1 : 0)} a second)`;
    say(`  ${what}: ${figures}`);
  };
}
