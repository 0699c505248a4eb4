import { createServiceKey, findServiceKeys, listCertificates, listServiceInstances } from '@sluice/contracts';
import { postgresClient } from '@sluice/persistence';
import { enterKeys } from '../million/enter-keys.js';
import { availableParallelism, loadavg } from 'node:os';
import { BenchStack, quantile, say } from '../stack/bench-stack.js';
import { newInstance } from '../stack/new-key.js';

/** Read and not counted: the process has yet to compile what reads them. */
const warmUpPages = 10;
const pages = 200;
const aimMs = 50;
const day = 86_400_000;

/**
 * How long a page of a list takes through the admin API where there are many service keys. The ends of their certificates are spread over a year, one
 * in a hundred keys is revoked, and half of them were used in the last month.
 */
export async function benchLists(keys: number): Promise<void> {
  const stack = await BenchStack.start();
  try {
    const serviceInstanceId = await newInstance(stack.admin, 'pattern');
    const { id } = await stack.admin.call(createServiceKey, {
      serviceInstanceId,
      name: 'pattern',
      parameters: { 'key-type': 'certificate', 'key-algorithm': 'P-256' },
    });
    const { databaseUrl } = stack.facts;
    await enterKeys(databaseUrl, {
      keys,
      active: [],
      pattern: { serviceInstanceId, serviceKeyId: id },
      differing: true,
    });
    await vacuum(databaseUrl);
    const inDays = (days: number) => new Date(Date.now() + days * day).toISOString();
    const instances = (await stack.admin.call(listServiceInstances, { limit: 1_000 })).items;
    const some = <T>(of: readonly T[]) => of[Math.floor(Math.random() * of.length)] as T;
    // One page follows another; those with a parameter that draws begin anew each time.
    const walk = (operation: typeof findServiceKeys | typeof listCertificates, given: object) => {
      let after: string | undefined;
      return async () => {
        const page = await stack.admin.call(operation as typeof findServiceKeys, {
          ...given,
          ...(after === undefined ? {} : { after }),
        });
        after = page.next;
      };
    };
    const lists: Readonly<Record<string, () => Promise<unknown>>> = {
      'keys, page after page': walk(findServiceKeys, {}),
      'keys of an instance': () => stack.admin.call(findServiceKeys, { serviceInstanceId: some(instances).id }),
      'keys by the beginning of their name': () =>
        stack.admin.call(findServiceKeys, { text: `key-${Math.floor(Math.random() * keys)}`.slice(0, 9) }),
      'revoked keys': walk(findServiceKeys, { status: 'revoked' }),
      'active keys': walk(findServiceKeys, { status: 'active' }),
      'keys that have ended': walk(findServiceKeys, { status: 'expired' }),
      'keys expiring within a week': walk(findServiceKeys, { expiringBefore: inDays(7) }),
      'keys unused for a week': walk(findServiceKeys, { unusedSince: inDays(-7) }),
      'keys unused for 30 days': walk(findServiceKeys, { unusedSince: inDays(-29.9) }),
      'certificates, page after page': walk(listCertificates, {}),
      'certificates that have not ended': walk(listCertificates, { expiringAfter: inDays(0) }),
      'certificates ending within a week': walk(listCertificates, {
        expiringAfter: inDays(0),
        expiringBefore: inDays(7),
      }),
      'revoked certificates': walk(listCertificates, { status: 'revoked' }),
    };
    say(`\n${keys} service keys, pages of 100, ${pages} of each list, one after another, through the admin API`);
    say(`load of the machine before: ${loadavg()[0]?.toFixed(1)} on ${availableParallelism()} processors`);
    say(`${''.padEnd(42)}${'p50 ms'.padStart(9)}${'p99 ms'.padStart(9)}   (aim p99 ${aimMs})`);
    for (const [name, list] of Object.entries(lists)) {
      const times: number[] = [];
      for (let page = 0; page < warmUpPages; page++) await list();
      for (let page = 0; page < pages; page++) {
        const began = performance.now();
        await list();
        times.push(performance.now() - began);
      }
      const p99 = quantile(times, 0.99);
      const cells = [quantile(times, 0.5), p99].map((ms) => ms.toFixed(1).padStart(9)).join('');
      say(`${name.padEnd(42)}${cells}   ${p99 <= aimMs ? 'met' : 'NOT met'}`);
    }
  } finally {
    await stack.stop();
  }
}

async function vacuum(databaseUrl: string): Promise<void> {
  const client = postgresClient(databaseUrl);
  await client.connect();
  try {
    for (const table of ['service_key', 'credential', 'service_key_summary'])
      await client.query(`VACUUM ANALYZE key_management.${table}`);
  } finally {
    await client.end();
  }
}
