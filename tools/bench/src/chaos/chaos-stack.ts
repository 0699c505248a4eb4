import { clusterLeaseMs, defaultLeaseMs } from '@sluice/contracts';
import { freePort, startChildServer } from '@sluice/embedded-servers';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Changes } from './changes.js';
import { Traffic, type Administration } from './traffic.js';

export interface Facts {
  readonly adminUrl: string;
  readonly adminToken: string;
  readonly flowUrl: string;
  readonly serverRootCaFile: string;
  readonly databaseUrl: string;
  readonly pids: Readonly<Record<string, readonly number[]>>;
}

export interface ChaosStack {
  readonly home: string;
  readonly facts: () => Facts;
  readonly traffic: Traffic;
  readonly administration: Administration;
}

const root = join(import.meta.dirname, '..', '..', '..', '..');
/** `LEASE_MS` of the local stack, with one server of NATS and with three. */
const leaseMs = { 1: defaultLeaseMs, 3: clusterLeaseMs } as const;
export const recoveryTimeoutMs = 60_000;

/**
 * Runs something on a stack of its own, under load.
 * @param natsServers with three, and then a standby of Postgres, known callers must not notice that one of them fails
 */
export async function onChaosStack<T>(
  say: (text: string) => void,
  run: (stack: ChaosStack) => Promise<T>,
  natsServers: 1 | 3 = 1,
): Promise<T> {
  const home = mkdtempSync(join(tmpdir(), 'sluice-chaos-'));
  const ports = { SLUICE_ADMIN_PORT: String(await freePort()), SLUICE_FLOW_PORT: String(await freePort()) };
  const standby = natsServers > 1 ? { SLUICE_POSTGRES_SERVERS: '2' } : {};
  say('starting a stack');
  const stack = await startChildServer(process.execPath, [join(root, 'tools', 'local-stack', 'dist', 'main.js')], {
    env: { ...process.env, SLUICE_HOME: home, SLUICE_NATS_SERVERS: String(natsServers), ...standby, ...ports },
    readyWhen: (line) => line.startsWith('ready'),
    readyTimeoutMs: 180_000,
  });
  const facts = () => JSON.parse(readFileSync(join(home, 'stack.json'), 'utf8')) as Facts;
  let traffic: Traffic | undefined;
  try {
    const { adminUrl, adminToken, flowUrl, serverRootCaFile } = facts();
    const url = new URL(flowUrl);
    const serverRoot = readFileSync(serverRootCaFile, 'utf8');
    const administration = new Changes(adminUrl, adminToken, Number(url.port), serverRoot);
    await administration.prepare();
    traffic = new Traffic({
      url,
      serverRoot,
      path: '/http/chaos',
      leaseMs: leaseMs[natsServers],
      administration,
      seamless: natsServers > 1,
    });
    await traffic.start();
    await sleep(2_000);
    return await run({ home, facts, traffic, administration });
  } finally {
    await traffic?.end();
    await stack.stop('SIGTERM', 40_000);
    rmSync(home, { recursive: true, force: true });
  }
}

/** Everything works: a key is made, and one that was never used is let in. @returns how long it took, in milliseconds */
export async function untilRecovered(traffic: Traffic, administration: Administration): Promise<number | undefined> {
  const began = performance.now();
  const served = traffic.freshServed;
  while (performance.now() - began < recoveryTimeoutMs) {
    await sleep(100);
    if (traffic.freshServed <= served) continue;
    const made = await administration.makeKey('certificate').then(
      () => true,
      () => false,
    );
    if (made) return performance.now() - began;
  }
  return undefined;
}
