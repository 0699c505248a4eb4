import { freePort, startChildServer, type ChildServer } from '@sluice/embedded-servers';
import { decodePem, encodePem, parseCertificate } from '@sluice/pki';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { benchConnections } from './bench-connections.js';
import { benchKeepAlive } from './bench-keep-alive.js';
import { startPeers } from './peers.js';

interface Facts {
  readonly adminUrl: string;
  readonly adminToken: string;
  readonly serverRootCaFile: string;
  readonly pids: Readonly<Record<string, readonly number[]>>;
}

const root = join(import.meta.dirname, '..', '..', '..', '..');
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

/** CPU of the flow runtime per 1,000 authorised keep-alive requests and per connection, beside other servers in the same run. */
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
      .filter(([name]) => name !== 'flow-runtime')
      .flatMap(([, pids]) => pids);
    const barePid = bare.pid;
    const ours = [
      { name: 'bare https + Map', target: { ...base, port: barePort, path: '/' }, pids: () => [barePid] },
      ...['INFO', 'NONE'].map((level) => ({
        name: `Sluice, MPL ${level}`,
        target: { ...base, port: flowPort, path: `/http/echo-${level}` },
        pids: () => runtime,
        others,
      })),
    ];
    const { peers, stop } = await startPeers(
      {
        folder: home,
        serverCertificate: join(home, 'tls', 'server.pem'),
        serverKey: join(home, 'tls', 'server.key'),
        clientRoot,
        clientSha256: sha256,
      },
      say,
    );
    try {
      const contestants = [
        ...ours,
        ...peers.map(({ name, port, pids }) => ({ name, target: { ...base, port, path: '/' }, pids })),
      ];
      await benchKeepAlive(contestants, requests, rounds, say);
      await benchConnections(contestants, Math.max(200, Math.ceil(requests / 16)), roundsOfConnections, say);
    } finally {
      await stop();
    }
  } finally {
    await bare?.stop();
    await stack.stop('SIGTERM', 30_000);
    rmSync(home, { recursive: true, force: true });
  }
}
