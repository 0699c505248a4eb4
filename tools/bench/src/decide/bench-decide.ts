import { freePort, startChildServer } from '@sluice/embedded-servers';
import { decodePem, encodePem, parseCertificate } from '@sluice/pki';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { BenchStack, say } from '../stack/bench-stack.js';
import { deployFlow } from '../stack/deploy-flow.js';
import { newKey } from '../stack/new-key.js';
import { measureDenials } from './denials.js';
import { measureFirstRequests } from './first-requests.js';
import { measureHalfLoad } from './half-load.js';

const runtimes = 3;
const unseenCertificates = 100;

/**
 * What a decision costs the one who waits for it, and how soon a change ends what was decided, on a stack with several
 * flow runtimes.
 */
export async function benchDecide(changes: number): Promise<void> {
  say(`starting a stack with ${runtimes} flow runtimes`);
  const stack = await BenchStack.start({ SLUICE_FLOW_RUNTIMES: String(runtimes) });
  try {
    for (const level of ['INFO', 'NONE'] as const) await deployFlow(stack.admin, `echo-${level}`, level);
    const serverRoot = readFileSync(stack.facts.serverRootCaFile, 'utf8');
    // Without a log entry: it is the decision that is measured.
    const targets = stack.facts.flowUrls.map((url) => ({
      port: Number(new URL(url).port),
      path: '/http/echo-NONE',
      serverRoot,
    }));
    const [first] = targets;
    if (!first) throw new Error('The stack has no flow runtime.');
    await measureFirstRequests(stack, first, unseenCertificates);
    await measureDenials(stack, targets, changes);
    await besideBareServer(stack, first);
  } finally {
    await stack.stop();
  }
}

async function besideBareServer(stack: BenchStack, runtime: { port: number; serverRoot: string }): Promise<void> {
  const { certificate, key } = await newKey(stack.admin, 'bench-load');
  const chain = decodePem(certificate);
  const clientRoot = join(stack.home, 'client-root.pem');
  writeFileSync(clientRoot, encodePem(chain.at(-1) as Uint8Array));
  const port = await freePort();
  const bare = await startChildServer(
    process.execPath,
    [
      join(import.meta.dirname, '..', 'path', 'bare-server.js'),
      String(port),
      join(stack.home, 'tls', 'server.pem'),
      join(stack.home, 'tls', 'server.key'),
      clientRoot,
      parseCertificate(chain[0] as Uint8Array).sha256,
    ],
    { readyWhen: (line) => line === 'listening' },
  );
  try {
    const sender = { ...runtime, certificate, key };
    await measureHalfLoad([
      { name: 'bare https + Map', target: { ...sender, port, path: '/' } },
      { name: 'Sluice, MPL INFO', target: { ...sender, path: '/http/echo-INFO' } },
      { name: 'Sluice, MPL NONE', target: { ...sender, path: '/http/echo-NONE' } },
    ]);
  } finally {
    await bare.stop();
  }
}
