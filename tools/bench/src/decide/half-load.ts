import { keepAliveLoad, type LoadTarget } from '../path/load.js';
import { median, quantile, say } from '../stack/bench-stack.js';
import { setTimeout as pause } from 'node:timers/promises';
import { SenderConnection } from './sender-connection.js';

const connections = 64;
const saturatingRequests = 20_000;
const saturatingRounds = 3;
const seconds = 1;
/** Many short ones: what stops this machine now and then for 20 ms falls into few of them, and their median does not see it. */
const rounds = 15;
const aim = 1.5;

export interface Contestant {
  readonly name: string;
  readonly target: LoadTarget;
}

/**
 * Latency of each server at half the rate at which its own saturating keep-alive load was answered, by turns. The first
 * contestant is the baseline.
 */
export async function measureHalfLoad(contestants: readonly Contestant[]): Promise<void> {
  say(
    `\nat half of the saturating load, ${connections} connections: median of ${rounds} rounds of ${seconds} s by turns; milliseconds`,
  );
  const measured = contestants.map((contestant) => ({
    ...contestant,
    rates: [] as number[],
    p50s: [] as number[],
    p99s: [] as number[],
  }));
  for (let round = 0; round <= saturatingRounds; round++) {
    for (const contestant of measured) {
      const rate = (await saturate(contestant)) / 2;
      // The first one is for the compiler.
      if (round > 0) contestant.rates.push(rate);
    }
  }
  for (let round = 0; round < rounds; round++) {
    for (const contestant of measured) {
      const latencies = await pacedLoad(contestant, median(contestant.rates));
      contestant.p50s.push(median(latencies));
      contestant.p99s.push(quantile(latencies, 0.99));
    }
  }
  print(
    measured.map(({ name, rates, p50s, p99s }) => ({
      name,
      rate: median(rates),
      p50: median(p50s),
      p99: median(p99s),
    })),
  );
}

function print(rows: readonly { name: string; rate: number; p50: number; p99: number }[]): void {
  say('server              requests/s      p50      p99   ratio of p99 to bare');
  for (const { name, rate, p50, p99 } of rows) {
    const ratio = p99 / (rows[0]?.p99 ?? Number.NaN);
    const verdict = name === rows[0]?.name ? '' : `(aim ${aim}: ${ratio <= aim ? 'met' : 'NOT met'})`;
    const numbers = [rate.toFixed(0).padStart(11), p50.toFixed(2).padStart(8), p99.toFixed(2).padStart(8)];
    say([name.padEnd(18), ...numbers, ratio.toFixed(2).padStart(22), verdict].join(' '));
  }
}

/** @returns requests a second */
async function saturate({ name, target }: Contestant): Promise<number> {
  const { statuses, requests, seconds: took } = await keepAliveLoad(target, saturatingRequests, connections);
  if (Object.keys(statuses).join() !== '200') throw new Error(`${name} answered ${JSON.stringify(statuses)}.`);
  return requests / took;
}

/**
 * Requests at a rate, whether those before are answered or not: one that finds no connection free waits for one, and
 * that counts. @returns milliseconds of each, from when it was its turn
 */
async function pacedLoad({ name, target }: Contestant, rate: number): Promise<number[]> {
  const free = await Promise.all(Array.from({ length: connections }, () => SenderConnection.open(target)));
  const all = [...free];
  const waiting: number[] = [];
  const latencies: number[] = [];
  const underWay = new Set<Promise<void>>();
  const send = async (connection: SenderConnection, since: number): Promise<void> => {
    for (let due: number | undefined = since; due !== undefined; due = waiting.shift()) {
      const status = await connection.send();
      if (status !== '200') throw new Error(`${name} answered ${status}.`);
      latencies.push(performance.now() - due);
    }
    free.push(connection);
  };
  const began = performance.now();
  try {
    for (let given = 0; ;) {
      const now = performance.now();
      if (now - began > seconds * 1_000) break;
      for (const due = Math.floor(((now - began) * rate) / 1_000); given < due; given++) {
        const connection = free.pop();
        if (!connection) waiting.push(now);
        else {
          const sending = send(connection, now).finally(() => underWay.delete(sending));
          underWay.add(sending);
        }
      }
      await pause(1);
    }
    await Promise.all(underWay);
    return latencies;
  } finally {
    for (const connection of all) connection.close();
  }
}
