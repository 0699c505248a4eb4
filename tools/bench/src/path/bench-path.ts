import { freePort, startChildServer, type ChildServer } from '@sluice/embedded-servers';
import { decodePem, encodePem, parseCertificate } from '@sluice/pki';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { BenchStack, say } from '../stack/bench-stack.js';
import { deployFlow } from '../stack/deploy-flow.js';
import { newKey } from '../stack/new-key.js';
import { benchConnections } from './bench-connections.js';
import { benchKeepAlive } from './bench-keep-alive.js';
import { newToken } from './new-token.js';
import { startPeers } from './peers.js';

const roundsOfConnections = 9;

/** CPU of the flow runtime per 1,000 authorised keep-alive requests and per connection, beside other servers in the same run. */
export async function benchPath(requests: number, rounds: number): Promise<void> {
  const barePort = await freePort();
  say('starting a stack');
  const stack = await BenchStack.start();
  let bare: ChildServer | undefined;
  try {
    const { home, facts, flowPort } = stack;
    const { certificate, key } = await newKey(stack.admin, 'bench');
    for (const level of ['INFO', 'NONE'] as const) await deployFlow(stack.admin, `echo-${level}`, level);
    const chain = decodePem(certificate);
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
      certificate,
      key,
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
      {
        name: 'by token, MPL INFO',
        target: {
          ...base,
          port: flowPort,
          path: '/http/echo-INFO',
          token: await newToken({ ...base, port: flowPort }),
        },
        pids: () => runtime,
        others,
      },
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
      // A token changes nothing of a handshake.
      const connecting = contestants.filter(({ target }) => !('token' in target));
      await benchConnections(connecting, Math.max(200, Math.ceil(requests / 16)), roundsOfConnections, say);
    } finally {
      await stop();
    }
  } finally {
    await bare?.stop();
    await stack.stop();
  }
}
