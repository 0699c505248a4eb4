import { connectionLoad } from './connection-load.js';
import type { LoadTarget } from './load.js';
import { cpuOf } from './process-cpu.js';

export interface ConnectionContestant {
  readonly name: string;
  readonly target: LoadTarget;
  readonly pids: () => readonly number[];
}

const concurrency = 8;
type Kind = 'new' | 'resumed';

/**
 * CPU of each server per new connection and per resumed one, each with one request, in rounds by turns. The first contestant
 * is the baseline.
 * @throws Error when an answer is not 200 or a handshake is not what it should be
 */
export async function benchConnections(
  contestants: readonly ConnectionContestant[],
  connections: number,
  rounds: number,
  say: (text: string) => void,
): Promise<void> {
  say(
    `\n${rounds} rounds of ${connections} connections with one request of 512 bytes each, chain of 3; CPU in ms per connection`,
  );
  const measured = new Map<string, Record<Kind, number[]>>(
    contestants.map(({ name }) => [name, { new: [], resumed: [] }]),
  );
  for (const { target } of contestants) await connectionLoad(target, 200, concurrency, true);
  for (let round = 0; round < rounds; round++) {
    for (const kind of ['new', 'resumed'] as const) {
      for (const contestant of contestants)
        measured.get(contestant.name)?.[kind].push(await measure(contestant, kind, connections));
    }
  }
  const base = measured.get(contestants[0]?.name ?? '')?.new ?? [];
  const ratio = (ours: readonly number[], theirs: readonly number[]) =>
    median(ours.map((value, round) => value / (theirs[round] ?? Number.NaN)));
  say('server              new   ratio to bare   resumed   ratio to its new   ratio to new of bare');
  for (const [name, { new: fresh, resumed }] of measured) {
    const [one, other] = [median(fresh), median(resumed)];
    say(
      [
        name.padEnd(18),
        one.toFixed(2).padStart(4),
        ratio(fresh, base).toFixed(2).padStart(15),
        other.toFixed(2).padStart(9),
        ratio(resumed, fresh).toFixed(2).padStart(18),
        ratio(resumed, base).toFixed(2).padStart(22),
      ].join(' '),
    );
  }
}

async function measure({ name, target, pids }: ConnectionContestant, kind: Kind, connections: number): Promise<number> {
  const before = sum(pids());
  const result = await connectionLoad(target, connections, concurrency, kind === 'resumed');
  // With `resumed` each line opens one connection more, to have something to resume.
  const cpu = (sum(pids()) - before) / (kind === 'resumed' ? connections + concurrency : connections);
  if (Object.keys(result.statuses).join() !== '200')
    throw new Error(`${name} answered ${JSON.stringify(result.statuses)}.`);
  const expected = kind === 'resumed' ? result.resumed : result.full;
  if (expected < connections * 0.98)
    throw new Error(`${name} made ${result.full} full and ${result.resumed} resumed handshakes, wanted ${kind} ones.`);
  return cpu;
}

function sum(pids: readonly number[]): number {
  return pids.reduce((total, pid) => total + cpuOf(pid), 0);
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
