import { keepAliveLoad, type LoadResult, type LoadTarget } from './load.js';
import { cpuOf } from './process-cpu.js';
import { setTimeout as pause } from 'node:timers/promises';

export interface KeepAliveContestant {
  readonly name: string;
  readonly target: LoadTarget;
  /** The server's own. */
  readonly pids: () => readonly number[];
  /** Those of other processes that work for it, if any; told beside. */
  readonly others?: readonly number[];
}

interface Run {
  readonly cpu: number;
  readonly others: number;
  readonly result: LoadResult;
}

const connections = 16;
/** What is left to be done behind the answers is over when the processes together use a tenth of a core or less for so long. */
const idleMs = 100;
const longestTailMs = 5_000;

/**
 * CPU of each server per 1,000 authorised keep-alive requests, in rounds by turns. The first contestant is the baseline.
 * @throws Error when an answer is not 200
 */
export async function benchKeepAlive(
  contestants: readonly KeepAliveContestant[],
  requests: number,
  rounds: number,
  say: (text: string) => void,
): Promise<void> {
  say(
    `${rounds} rounds of ${requests} keep-alive requests with 512 bytes, ${connections} connections; CPU in ms per 1,000 requests`,
  );
  const table = new Map<string, Run[]>(contestants.map(({ name }) => [name, []]));
  for (const { target } of contestants) await keepAliveLoad(target, requests, connections);
  for (let round = 1; round <= rounds; round++) {
    for (const contestant of contestants) table.get(contestant.name)?.push(await measure(contestant, requests));
  }
  const base = table.get(contestants[0]?.name ?? '') ?? [];
  say('server              CPU   ratio to bare   other services   requests/s   p50 ms   p99 ms');
  for (const [name, runs] of table) {
    const others = contestants.find((contestant) => contestant.name === name)?.others;
    const cell = (value: number, digits: number, width: number) => value.toFixed(digits).padStart(width);
    say(
      [
        name.padEnd(18),
        cell(median(runs.map(({ cpu }) => cpu)), 1, 4),
        // Each round against the baseline of its own moment: the machine is not equally fast all the time.
        cell(median(runs.map(({ cpu }, round) => cpu / (base[round]?.cpu ?? Number.NaN))), 2, 15),
        others ? cell(median(runs.map((run) => run.others)), 1, 16) : '-'.padStart(16),
        cell(median(runs.map(({ result }) => result.requests / result.seconds)), 0, 12),
        cell(median(runs.map(({ result }) => result.p50)), 2, 8),
        cell(median(runs.map(({ result }) => result.p99)), 2, 8),
      ].join(' '),
    );
  }
}

async function measure({ name, target, pids, others = [] }: KeepAliveContestant, requests: number): Promise<Run> {
  const [own, beside] = [sum(pids()), sum(others)];
  const result = await keepAliveLoad(target, requests, connections);
  if (Object.keys(result.statuses).join() !== '200')
    throw new Error(`${name} answered ${JSON.stringify(result.statuses)}.`);
  // What is done later is counted, too, and is not in the way of who comes next.
  await untilIdle([...pids(), ...others]);
  const per1000 = (ms: number) => (ms * 1_000) / requests;
  return { cpu: per1000(sum(pids()) - own), others: per1000(sum(others) - beside), result };
}

async function untilIdle(pids: readonly number[]): Promise<void> {
  const deadline = performance.now() + longestTailMs;
  for (let used = sum(pids), before = -Infinity; used - before > idleMs / 10 && performance.now() < deadline;) {
    await pause(idleMs);
    [before, used] = [used, sum(pids)];
  }
}

function sum(pids: readonly number[]): number {
  return pids.reduce((total, pid) => total + cpuOf(pid), 0);
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
