import { keepAliveLoad, type LoadTarget } from '../path/load.js';
import { median, quantile, say } from '../stack/bench-stack.js';
import { setTimeout as pause } from 'node:timers/promises';
import { SenderConnection } from './sender-connection.js';

const connections = 16;
const saturatingRequests = 10_000;
const seconds = 5;
const rounds = 3;
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
  say(`\n${rounds} rounds of ${seconds} s at half of the saturating load, ${connections} connections; milliseconds`);
  for (const contestant of contestants) await saturate(contestant);
  const measured = new Map<string, { rate: number; p50: number; p99: number }[]>();
  for (let round = 0; round < rounds; round++) {
    for (const contestant of contestants) {
      const rate = (await saturate(contestant)) / 2;
      const latencies = await pacedLoad(contestant, rate);
      const runs = measured.get(contestant.name) ?? [];
      measured.set(contestant.name, [...runs, { rate, p50: median(latencies), p99: quantile(latencies, 0.99) }]);
    }
  }
  say('server              requests/s      p50      p99   ratio of p99 to bare');
  const p99Of = (name: string) => median((measured.get(name) ?? []).map(({ p99 }) => p99));
  const base = p99Of(contestants[0]?.name ?? '');
  for (const [name, runs] of measured) {
    const ratio = p99Of(name) / base;
    say(
      [
        name.padEnd(18),
        Math.round(median(runs.map(({ rate }) => rate)))
          .toString()
          .padStart(11),
        median(runs.map(({ p50 }) => p50))
          .toFixed(2)
          .padStart(8),
        p99Of(name).toFixed(2).padStart(8),
        ratio.toFixed(2).padStart(22),
        name === contestants[0]?.name ? '' : `(aim ${aim}: ${ratio <= aim ? 'met' : 'NOT met'})`,
      ].join(' '),
    );
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
