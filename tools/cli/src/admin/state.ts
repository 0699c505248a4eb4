import type { AdminClient } from '@sluice/admin-client';
import { rebuildState as rebuild, showStateComparison } from '@sluice/contracts';
import { setTimeout as pause } from 'node:timers/promises';
import { bold, dim, green, line, red } from '../terminal.js';

const driftExitCode = 2;
/** Of many service keys: a million take minutes. */
const maxFillMs = 60 * 60_000;

/** Prints what differs between Postgres and the state stream. Ends with code 2 when something does. */
export async function compareState(client: AdminClient): Promise<void> {
  const comparison = await client.call(showStateComparison, {});
  for (const { service, compared, pending, complete, differing, differences } of comparison.services) {
    const outcome = !complete ? red('not complete') : differing === 0 ? green('the same') : red(`${differing} differ`);
    line(`${bold(service.padEnd(16))} ${outcome}  ${dim(`${compared} compared, ${pending} on their way`)}`);
    for (const { key, kind, postgresVersion, bucketVersion } of differences) {
      line(`  ${kind.padEnd(10)} ${key}  ${dim(`Postgres ${postgresVersion ?? '-'}, stream ${bucketVersion ?? '-'}`)}`);
    }
    if (differing > differences.length) line(dim(`  … and ${differing - differences.length} more`));
  }
  if (comparison.differing === 0 && comparison.services.every(({ complete }) => complete)) return;
  line('Postgres is right: npm run admin -- rebuild-state makes the stream anew from it.');
  process.exitCode = driftExitCode;
}

/** Makes the stream anew, waits until every service has filled it, and compares. */
export async function rebuildState(client: AdminClient): Promise<void> {
  const { epoch } = await client.call(rebuild, {});
  line(`The stream is made anew (${epoch}); waiting until it is filled.`);
  const deadline = performance.now() + maxFillMs;
  for (;;) {
    const { services } = await client.call(showStateComparison, {});
    if (services.every((service) => service.complete && service.epoch === epoch)) return compareState(client);
    if (performance.now() > deadline) {
      const missing = services.filter(({ complete }) => !complete).map(({ service }) => service);
      throw new Error(`The stream is not filled after an hour; ${missing.join(', ')} has not put its records there.`);
    }
    await pause(500);
  }
}
