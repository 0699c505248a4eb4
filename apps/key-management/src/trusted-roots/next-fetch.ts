const minMs = 60_000;

/**
 * When a CRL is fetched next: after the interval, but early enough before its end for some attempts more. Jitter keeps
 * many roots from being fetched in one moment.
 * @param at epoch milliseconds
 * @param nextUpdate of the CRL in force, epoch milliseconds
 * @param random 0 to 1
 */
export function nextFetchAt(at: number, intervalMs: number, nextUpdate: number | undefined, random: number): Date {
  const untilEnd = nextUpdate === undefined ? Number.POSITIVE_INFINITY : (nextUpdate - at) * 0.8;
  return new Date(at + jittered(Math.max(minMs, Math.min(intervalMs, untilEnd)), random));
}

/** After failures: sooner than the interval at first, then ever more rarely up to it. */
export function retryFetchAt(at: number, intervalMs: number, failures: number, random: number): Date {
  return new Date(at + jittered(Math.min(intervalMs, minMs * 2 ** Math.min(failures - 1, 20)), random));
}

function jittered(ms: number, random: number): number {
  return ms * (0.9 + 0.2 * random);
}
