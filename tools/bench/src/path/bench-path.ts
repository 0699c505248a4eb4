import { freePort, startChildServer, type ChildServer } from '@sluice/embedded-servers';
import { decodePem, encodePem, parseCertificate } from '@sluice/pki';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { benchConnections } from './bench-connections.js';
import { keepAliveLoad, type LoadResult, type LoadTarget } from './load.js';
import { startPeers } from './peers.js';
import { cpuOf } from './process-cpu.js';

interface Facts {
  readonly adminUrl: string;
  readonly adminToken: string;
  readonly serverRootCaFile: string;
  readonly pids: Readonly<Record<string, readonly number[]>>;
}

const root = join(import.meta.dirname, '..', '..', '..', '..');
const connections = 16;
const roundsOfConnections = 9;

async function admin<T>(
  facts: Facts,
  method: string,
  path: string,
  body: unknown,
  type = 'application/json',
): Promise<T> {
  const response = await fetch(`${facts.adminUrl}${path}`, {
    method,
    headers: { authorization: `Bearer ${facts.adminToken}`, 'content-type': type },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`${method} ${path}: ${await response.text()}`);
  return (await response.json()) as T;
}

/** CPU of the flow runtime per 1,000 authorised keep-alive requests, beside a bare server's in the same run. */
export async function benchPath(requests: number, rounds: number): Promise<void> {
  const home = mkdtempSync(join(tmpdir(), 'sluice-bench-'));
  const [adminPort, flowPort, barePort] = [await freePort(), await freePort(), await freePort()];
  const say = (text: string) => process.stdout.write(`${text}\n`);
  say('starting a stack');
  const stack = await startChildServer(process.execPath, [join(root, 'tools', 'local-stack', 'dist', 'main.js')], {
    env: {
      ...process.env,
      SLUICE_HOME: home,
      SLUICE_ADMIN_PORT: String(adminPort),
      SLUICE_FLOW_PORT: String(flowPort),
    },
    readyWhen: (line) => line.startsWith('ready'),
    readyTimeoutMs: 120_000,
  });
  let bare: ChildServer | undefined;
  try {
    const facts = JSON.parse(readFileSync(join(home, 'stack.json'), 'utf8')) as Facts;
    const instance = await admin<{ id: string }>(facts, 'POST', '/v1/service-instances', { name: 'bench' });
    const key = await admin<{ credentials: { certificate: string; key: string } }>(
      facts,
      'POST',
      `/v1/service-instances/${instance.id}/service-keys`,
      {
        name: 'bench',
        parameters: { 'key-type': 'certificate', 'key-algorithm': 'P-256' },
      },
    );
    for (const level of ['INFO', 'NONE']) {
      const flow = `name: echo\nsender: {adapter: HTTPS, address: /echo-${level}}\nsteps: []\nlog: {level: ${level}}\n`;
      await admin(facts, 'PUT', `/v1/flows/echo-${level}`, flow, 'application/yaml');
    }
    const chain = decodePem(key.credentials.certificate);
    const clientRoot = join(home, 'client-root.pem');
    writeFileSync(clientRoot, encodePem(chain.at(-1) as Uint8Array));
    const sha256 = parseCertificate(chain[0] as Uint8Array).sha256;
    bare = await startChildServer(
      process.execPath,
      [
        join(import.meta.dirname, 'bare-server.js'),
        String(barePort),
        join(home, 'tls', 'server.pem'),
        join(home, 'tls', 'server.key'),
        clientRoot,
        sha256,
      ],
      { readyWhen: (line) => line === 'listening' },
    );
    const base = {
      certificate: key.credentials.certificate,
      key: key.credentials.key,
      serverRoot: readFileSync(facts.serverRootCaFile, 'utf8'),
    };
    const runtime = facts.pids['flow-runtime'] ?? [];
    const others = Object.entries(facts.pids)
      .filter(([name]) => name !== 'flow-runtime' && name !== 'postgres')
      .flatMap(([, pids]) => pids);
    const contestants: { name: string; target: LoadTarget; pids: readonly number[] }[] = [
      { name: 'bare', target: { ...base, port: barePort, path: '/' }, pids: [bare.pid] },
      { name: 'INFO', target: { ...base, port: flowPort, path: '/http/echo-INFO' }, pids: runtime },
      { name: 'NONE', target: { ...base, port: flowPort, path: '/http/echo-NONE' }, pids: runtime },
    ];
    say(
      `${rounds} rounds of ${requests} keep-alive requests with 512 bytes, ${connections} connections; CPU in ms per 1,000 requests`,
    );
    const table = new Map<string, { cpu: number; others: number; result: LoadResult }[]>(
      contestants.map(({ name }) => [name, []]),
    );
    for (const { target } of contestants) await keepAliveLoad(target, Math.ceil(requests / 10), connections);
    for (let round = 1; round <= rounds; round++) {
      for (const { name, target, pids } of contestants) {
        const before = [sum(pids), sum(others)] as const;
        const result = await keepAliveLoad(target, requests, connections);
        const per1000 = (ms: number) => (ms * 1_000) / requests;
        table
          .get(name)
          ?.push({ cpu: per1000(sum(pids) - before[0]), others: per1000(sum(others) - before[1]), result });
        if (Object.keys(result.statuses).join() !== '200')
          throw new Error(`${name} answered ${JSON.stringify(result.statuses)}.`);
      }
    }
    const bareRuns = table.get('bare') ?? [];
    say('server            CPU   ratio to bare   other services   requests/s   p50 ms   p99 ms');
    for (const [name, runs] of table) {
      const cpu = median(runs.map((run) => run.cpu));
      const cells = [
        (name === 'bare' ? 'bare https + Map' : `Sluice, MPL ${name}`).padEnd(16),
        cpu.toFixed(1).padStart(5),
        // Each round against the baseline of its own moment: the machine is not equally fast all the time.
        median(runs.map((run, round) => run.cpu / (bareRuns[round]?.cpu ?? Number.NaN)))
          .toFixed(2)
          .padStart(15),
        (name === 'bare' ? '-' : median(runs.map((run) => run.others)).toFixed(1)).padStart(16),
        Math.round(median(runs.map(({ result }) => result.requests / result.seconds)))
          .toString()
          .padStart(12),
        median(runs.map(({ result }) => result.p50))
          .toFixed(2)
          .padStart(8),
        median(runs.map(({ result }) => result.p99))
          .toFixed(2)
          .padStart(8),
      ];
      say(cells.join(' '));
    }
    const peers = await startPeers(
      {
        folder: home,
        serverCertificate: join(home, 'tls', 'server.pem'),
        serverKey: join(home, 'tls', 'server.key'),
        clientRoot,
      },
      say,
    );
    try {
      const barePid = bare.pid;
      await benchConnections(
        [
          { name: 'bare https + Map', target: { ...base, port: barePort, path: '/' }, pids: () => [barePid] },
          ...['INFO', 'NONE'].map((level) => ({
            name: `Sluice, MPL ${level}`,
            target: { ...base, port: flowPort, path: `/http/echo-${level}` },
            pids: () => runtime,
          })),
          ...peers.peers.map(({ name, port, pids }) => ({ name, target: { ...base, port, path: '/' }, pids })),
        ],
        Math.max(200, Math.ceil(requests / 16)),
        roundsOfConnections,
        say,
      );
    } finally {
      await peers.stop();
    }
  } finally {
    await bare?.stop();
    await stack.stop('SIGTERM', 30_000);
    rmSync(home, { recursive: true, force: true });
  }
}

function sum(pids: readonly number[]): number {
  return pids.reduce((total, pid) => total + cpuOf(pid), 0);
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
