import { rebuildState } from '@sluice/contracts';
import { connectBus, StateBucket } from '@sluice/messaging';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { BenchStack } from '../stack/bench-stack.js';
import { reportProgress } from './report-progress.js';

const maxMs = 60 * 60_000;

/**
 * Has the product make its state stream anew from Postgres.
 * @returns seconds until every service process is ready again
 * @throws Error when that takes longer than an hour
 */
export async function rebuildStream(stack: BenchStack, records: number): Promise<number> {
  const { natsUrl: url, serverRootCaFile: caFile, health } = stack.facts;
  const service = 'flow-runtime';
  const seedFile = join(stack.home, 'secrets', `${service}.nk`);
  const connection = await connectBus({ service, url, seedFile, caFile, name: 'bench' });
  try {
    const bucket = await StateBucket.open(connection);
    const started = performance.now();
    const { epoch } = await stack.admin.call(rebuildState, {});
    const filled = reportProgress('records in the state stream', records);
    while (performance.now() - started < maxMs) {
      const state = await bucket.state();
      const done = state?.epoch === epoch ? state.lastSequence : 0;
      if (done < records) filled(done);
      else if (await allReady(Object.values(health).flat())) {
        filled(records);
        return (performance.now() - started) / 1_000;
      }
      await pause(200);
    }
    throw new Error('The services were not ready again within an hour.');
  } finally {
    await connection.close();
  }
}

async function allReady(urls: readonly string[]): Promise<boolean> {
  const answers = await Promise.all(urls.map((url) => fetch(`${url}/readyz`)));
  return answers.every(({ ok }) => ok);
}
