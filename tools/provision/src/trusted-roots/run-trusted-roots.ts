import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { TrustedRootsConfig } from '../config.js';
import { HaproxyTrustList } from './haproxy-trust-list.js';
import { KeepTrustList } from './keep-trust-list.js';
import { listTrustedRoots } from './list-trusted-roots.js';

/** Keeps the load balancer's trust list until the signal; what goes wrong is said once, not every round. */
export async function runTrustedRoots(
  config: TrustedRootsConfig,
  say: (message: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const token = readFileSync(config.adminTokenFile, 'utf8').trim();
  const ca = readFileSync(config.adminCaFile, 'utf8');
  const keep = new KeepTrustList({
    list: () => listTrustedRoots(config.adminUrl, token, ca),
    holder: new HaproxyTrustList(config.haproxySocket, config.haproxyCaFile),
    trustListFile: config.trustListFile,
    noRootFile: config.noRootFile,
  });
  let trouble: string | undefined = 'it has not yet asked';
  const health = createServer((request, response) => {
    const ready = request.url === '/livez' || (request.url === '/readyz' && trouble === undefined);
    response.writeHead(ready ? 200 : 503, { 'content-type': 'application/json' });
    response.end(
      `${JSON.stringify({ service: 'trusted-roots', status: ready ? 'ok' : 'not ready', ...(ready ? {} : { missing: [trouble] }) })}\n`,
    );
  });
  health.listen(config.healthPort, '127.0.0.1');
  while (!signal.aborted) {
    try {
      const done = await keep.round();
      if (done) say(done);
      else if (trouble !== undefined) say('the load balancer has the list of trusted roots');
      trouble = undefined;
    } catch (error) {
      const sentence = sentenceOf(error);
      if (sentence !== trouble) say(`${sentence.replace(/\.$/, '')}; the last good list stays`);
      trouble = sentence;
    }
    await sleep(config.intervalMs, undefined, { signal }).catch((error: unknown) => {
      if (!signal.aborted) throw error;
    });
  }
  health.close();
}

function sentenceOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { cause } = error;
  return cause instanceof Error ? `${error.message}: ${cause.message}` : error.message;
}
