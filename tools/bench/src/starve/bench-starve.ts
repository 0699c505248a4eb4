import { putFlow } from '@sluice/contracts';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { LoadTarget } from '../path/load.js';
import { BenchStack, quantile, say } from '../stack/bench-stack.js';
import { metric } from '../stack/metric.js';
import { deployFlow } from '../stack/deploy-flow.js';
import { newKey } from '../stack/new-key.js';
import { attacks, type Attack } from './attacks.js';
import { SteadySender } from './steady-sender.js';

const rate = 200;
const aimMs = 50;
/** An attack that has come to no end by then is left alone. */
const attackMs = 60_000;
/** Before each attack the other sender is measured alone for so long: other work of the machine shows there too. */
const quietMs = 2_000;
/** Memory is to be given back by then, to within this of what it was before all attacks. */
const settleMs = 60_000;
const maxGrowth = 1.3;

/**
 * One permitted sender tries to hold up all others: each attack under a second sender at 200 calls a second.
 * @param only attacks whose name holds this
 * @returns whether each aim was met
 */
export async function benchStarve(only = ''): Promise<boolean> {
  say('starting a stack');
  const stack = await BenchStack.start();
  let met = true;
  try {
    const serverRoot = readFileSync(stack.facts.serverRootCaFile, 'utf8');
    const target = async (name: string, path: string): Promise<LoadTarget> => {
      const { certificate, key } = await newKey(stack.admin, name);
      return { certificate, key, serverRoot, port: stack.flowPort, path };
    };
    await deployFlow(stack.admin, 'steady', 'INFO');
    const steady = await SteadySender.start(await target('steady', '/http/steady'), rate);
    const hostile = await target('hostile', '/http/hostile');
    const [runtime = 0] = stack.facts.pids['flow-runtime'] ?? [];
    try {
      await pause(5_000);
      const usual = steady.seen;
      const rss = residentMb(runtime);
      say(
        `\n${rate} calls a second of another sender, milliseconds; alone: p50 ${shown(usual.latencies, 0.5)}, p99 ${shown(usual.latencies, 0.99)}, longest ${shown(usual.latencies, 1)}; runtime ${rss} MB`,
      );
      say(
        `\n${'attack'.padEnd(40)}  quiet    p50    p99 longest failed  >50 ms    MB given back    took load  answers`,
      );
      for (const attack of attacks.filter(({ name }) => name.includes(only)))
        met = (await measure(stack, attack, steady, hostile, runtime, rss)) && met;
    } finally {
      await steady.stop();
    }
  } finally {
    await stack.stop();
  }
  return met;
}

async function measure(
  stack: BenchStack,
  attack: Attack,
  steady: SteadySender,
  target: LoadTarget,
  runtime: number,
  rssBefore: number,
): Promise<boolean> {
  const definition = {
    name: 'hostile',
    sender: { adapter: 'HTTPS', address: '/hostile' },
    steps: attack.steps,
    log: { level: 'INFO' },
    ...attack.more,
  };
  await stack.admin.send(
    putFlow,
    { id: 'hostile' },
    { content: JSON.stringify(definition), mediaType: 'application/json' },
  );
  const file = join(stack.home, 'attack.json');
  writeFileSync(file, JSON.stringify({ name: attack.name, target }), { mode: 0o600 });
  const attacker = spawn(process.execPath, [join(import.meta.dirname, 'attacker.js'), file], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let answers = '';
  const ended = once(attacker, 'exit');
  await once(attacker.stdout, 'data');
  attacker.stdout.on('data', (chunk: Buffer) => (answers += chunk.toString()));
  steady.reset();
  await pause(quietMs);
  const quiet = steady.seen.latencies;
  steady.reset();
  const stalledBefore = await stalledLooks(stack);
  const began = performance.now();
  attacker.stdin.write('go\n');
  await Promise.race([ended, pause(attackMs, undefined, { ref: false })]);
  const took = performance.now() - began;
  const stalled = (await stalledLooks(stack)) - stalledBefore;
  const load = (loadavg()[0] ?? 0).toFixed(1);
  const { latencies, failed, ownDelayMs } = steady.seen;
  attacker.kill('SIGKILL');
  const { rss, afterMs } = await settled(runtime, maxGrowth * rssBefore);
  const alive = stack.factsNow().pids['flow-runtime']?.[0] === runtime;
  const failures = Object.values(failed).reduce((sum, count) => sum + count, 0);
  const ok = quantile(latencies, 0.99) <= aimMs && failures === 0 && alive && afterMs !== undefined;
  const numbers = [
    shown(quiet, 0.99).padStart(6),
    shown(latencies, 0.5).padStart(6),
    shown(latencies, 0.99).padStart(6),
    shown(latencies, 1).padStart(7),
    String(failures).padStart(6),
    String(stalled).padStart(7),
    String(rss).padStart(5),
    (afterMs === undefined ? 'never' : `${(afterMs / 1_000).toFixed(0)} s`).padStart(9),
    `${(took / 1_000).toFixed(1)} s`.padStart(7),
    load.padStart(4),
  ];
  const more = [
    failures === 0 ? '' : `other sender ${JSON.stringify(failed)}`,
    ownDelayMs > 25 ? `this process late by ${ownDelayMs.toFixed(0)}` : '',
    alive ? '' : 'THE RUNTIME ENDED',
  ];
  say(
    [attack.name.padEnd(40), ...numbers, ` ${answers.trim() || 'none'}`, ok ? '' : 'NOT met', ...more]
      .join(' ')
      .trimEnd(),
  );
  return ok;
}

function shown(values: readonly number[], share: number): string {
  return quantile(values, share).toFixed(1);
}

/** @returns how often the thread that admits requests worked for more than {@link aimMs} on end: the machine's other work has no part in that */
async function stalledLooks(stack: BenchStack): Promise<number> {
  const [url = ''] = stack.factsNow().health['flow-runtime'] ?? [];
  const looks = await metric(url, 'sluice_event_loop_work_milliseconds_bucket', 'le');
  return (looks['+Inf'] ?? 0) - (looks[String(aimMs)] ?? 0);
}

/** Waits until a process has no more memory than that. @returns what it has, and after how long that was; undefined: not at all */
async function settled(pid: number, maximumMb: number): Promise<{ rss: number; afterMs: number | undefined }> {
  const began = performance.now();
  for (;;) {
    const rss = residentMb(pid);
    const afterMs = performance.now() - began;
    if (rss <= maximumMb) return { rss, afterMs };
    if (!(afterMs < settleMs) || Number.isNaN(rss)) return { rss, afterMs: undefined };
    await pause(1_000);
  }
}

/** Memory of a process, without those it has started. */
function residentMb(pid: number): number {
  try {
    return Math.round(Number(execFileSync('ps', ['-o', 'rss=', '-p', String(pid)], { encoding: 'utf8' })) / 1_024);
  } catch {
    return Number.NaN;
  }
}
