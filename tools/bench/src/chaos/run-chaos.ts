import { freePort, startChildServer } from '@sluice/embedded-servers';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { durationMs, faults, inflict, targets, type Fault, type Target } from './fault.js';
import { Traffic, type Administration, type Outcomes, type Window } from './traffic.js';

interface Facts {
  readonly adminUrl: string;
  readonly adminToken: string;
  readonly flowUrl: string;
  readonly serverRootCaFile: string;
  readonly pids: Readonly<Record<string, readonly number[]>>;
}

const root = join(import.meta.dirname, '..', '..', '..', '..');
const leaseMs = 10_000;
const recoveryTimeoutMs = 60_000;
const say = (text: string) => process.stdout.write(`${text}\n`);

/**
 * Kills, freezes and cuts off one part after the other under load, for so many minutes. Prints a line for each.
 * @returns how many things happened that must not
 */
export async function runChaos(minutes: number): Promise<number> {
  const home = mkdtempSync(join(tmpdir(), 'sluice-chaos-'));
  const ports = { SLUICE_ADMIN_PORT: String(await freePort()), SLUICE_FLOW_PORT: String(await freePort()) };
  say('starting a stack');
  const stack = await startChildServer(process.execPath, [join(root, 'tools', 'local-stack', 'dist', 'main.js')], {
    env: { ...process.env, SLUICE_HOME: home, ...ports },
    readyWhen: (line) => line.startsWith('ready'),
    readyTimeoutMs: 180_000,
  });
  const facts = () => JSON.parse(readFileSync(join(home, 'stack.json'), 'utf8')) as Facts;
  let traffic: Traffic | undefined;
  try {
    const { adminUrl, adminToken, flowUrl, serverRootCaFile } = facts();
    const administration = await prepare(adminUrl, adminToken);
    const url = new URL(flowUrl);
    const serverRoot = readFileSync(serverRootCaFile, 'utf8');
    traffic = new Traffic({ url, serverRoot, path: '/http/chaos', leaseMs, administration });
    await traffic.start();
    await sleep(2_000);
    say(
      'known: callers that were let in before; fresh: good keys on their first call; revoked: a revoked key. "late": the last\ncall of a just revoked key that was let in, after the acknowledgement. killed: SIGKILL; frozen: SIGSTOP for 3 s;\ncut off: SIGSTOP for 13 s, longer than the lease of 10 s.\n',
    );
    say(heading);
    let violations = 0;
    violations += report('nothing', '', traffic.nextWindow(), 0);
    const deadline = performance.now() + minutes * 60_000;
    const plan = faults.flatMap((fault) => targets.map((target) => ({ fault, target })));
    for (let turn = 0; performance.now() < deadline; turn++) {
      const { fault, target } = plan[turn % plan.length] as { fault: Fault; target: Target };
      traffic.nextWindow();
      traffic.faultBegan = performance.now();
      const end = inflict(fault, facts().pids[target] ?? []);
      await sleep(durationMs[fault]);
      end();
      const recovered = await untilRecovered(traffic, administration);
      const window = traffic.nextWindow();
      if (recovered === undefined) window.violations.push(`nothing worked again within ${recoveryTimeoutMs / 1_000} s`);
      violations += report(target, fault, window, recovered ?? Number.NaN);
      traffic.faultBegan = undefined;
      await sleep(3_000);
    }
    say(violations === 0 ? '\nNothing happened that must not.' : `\n${violations} things happened that must not.`);
    return violations;
  } finally {
    await traffic?.end();
    await stack.stop('SIGTERM', 40_000);
    rmSync(home, { recursive: true, force: true });
  }
}

/** Everything works: a key is made, and one that was never used is let in. @returns how long it took, in milliseconds */
async function untilRecovered(traffic: Traffic, administration: Administration): Promise<number | undefined> {
  const began = performance.now();
  const served = traffic.freshServed;
  while (performance.now() - began < recoveryTimeoutMs) {
    await sleep(100);
    if (traffic.freshServed <= served) continue;
    const made = await administration.makeKey().then(
      () => true,
      () => false,
    );
    if (made) return performance.now() - began;
  }
  return undefined;
}

async function prepare(adminUrl: string, adminToken: string): Promise<Administration> {
  const send = (method: string, path: string, body: unknown, type = 'application/json') =>
    fetch(`${adminUrl}${path}`, {
      method,
      headers: { authorization: `Bearer ${adminToken}`, 'content-type': type },
      body: typeof body === 'string' ? body : JSON.stringify(body),
      signal: AbortSignal.timeout(10_000),
    });
  // Without a message log: whether one may be kept is another question than whether the caller may call.
  const flow = 'name: chaos\nsender: {adapter: HTTPS, address: /chaos}\nsteps: []\nlog: {level: NONE}\n';
  const deployed = await send('PUT', '/v1/flows/chaos', flow, 'application/yaml');
  const created = await send('POST', '/v1/service-instances', { name: 'chaos' });
  if (!deployed.ok || !created.ok) throw new Error(`${await deployed.text()} ${await created.text()}`);
  const { id } = (await created.json()) as { id: string };
  let count = 0;
  return {
    makeKey: async () => {
      const parameters = { 'key-type': 'certificate', 'key-algorithm': 'P-256' };
      const answer = await send('POST', `/v1/service-instances/${id}/service-keys`, {
        name: `k${++count}`,
        parameters,
      });
      // With 202 it is not published yet, and its first call might come too early.
      if (answer.status !== 201) throw new Error(`${answer.status} for a new key`);
      const key = (await answer.json()) as { id: string; credentials: { certificate: string; key: string } };
      return { id: key.id, ...key.credentials };
    },
    revoke: async (key) => {
      try {
        const answer = await send('POST', `/v1/service-keys/${key}/revoke`, { reason: 'keyCompromise' });
        // Conflict: it is revoked already, by a request whose answer was lost.
        return answer.ok || answer.status === 409;
      } catch {
        return false;
      }
    },
  };
}

const columns = [21, 9, 22, 22, 22, 12, 8, 9, 10] as const;
const row = (cells: readonly string[]) =>
  cells
    .map((cell, index) => cell.padEnd(columns[index] ?? 0))
    .join(' ')
    .trimEnd();
const heading = row(['part', 'fault', 'known', 'fresh', 'revoked', 'revocations', 'late', 'gap', 'recovery']);

function report(target: string, fault: string, window: Window, recoveredMs: number): number {
  const text = (outcomes: Outcomes) =>
    Object.entries(outcomes)
      .map(([outcome, times]) => `${outcome}: ${times}`)
      .join(', ');
  const seconds = (ms: number) => `${(ms / 1_000).toFixed(1)} s`;
  say(
    row([
      target,
      fault,
      text(window.known),
      text(window.fresh),
      text(window.strangers),
      String(window.revoked),
      `${Math.round(window.latestAfterRevocation)} ms`,
      seconds(window.longestGap),
      seconds(recoveredMs),
    ]),
  );
  for (const violation of new Set(window.violations)) say(`  MUST NOT BE: ${violation}`);
  return window.violations.length;
}
