import { AdminApiError, type AdminClient } from '@sluice/admin-client';
import { findServiceKeys, listCertificates, listFlows, showStateComparison, showVersion } from '@sluice/contracts';
import { isInStep } from '../nouns/state.js';
import { bad, good, unknown, warning, type Finding } from './findings.js';

const day = 86_400_000;
/** Clocks further apart than this make certificates seem ended, or not begun. Milliseconds. */
const maxClockDifference = 30_000;

export interface Examination {
  readonly client: AdminClient;
  readonly url: string;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** Looks at an installation from its admin API: whether it answers, decides, and what ends soon. */
export async function* examineInstallation({ client, url, now }: Examination): AsyncGenerator<Finding> {
  try {
    const { version, node } = await client.call(showVersion, {});
    yield good('admin API', `Sluice ${version} answers at ${url}, on Node.js ${node}.`);
  } catch (error) {
    yield bad('admin API', sentenceOf(error));
    if (error instanceof AdminApiError && error.status === 403) yield* examineClock(url, now);
    return;
  }
  yield* examineClock(url, now);
  yield* attempt('state stream', async () => {
    const comparison = await client.call(showStateComparison, {});
    return isInStep(comparison)
      ? good('state stream', 'What senders are let in by is what Postgres has.')
      : bad('state stream', 'It is not what Postgres has: sluice state compare says where.');
  });
  yield* attempt('flows', async () => {
    const failed: string[] = [];
    let flows = 0;
    for await (const { id, status } of client.list(listFlows, {})) {
      flows++;
      if (status === 'failed') failed.push(id);
    }
    return failed.length > 0
      ? bad('flows', `${failed.join(', ')} could not be started or deployed: sluice flow show ID says why.`)
      : good('flows', `${flows} flows, none of them failed.`);
  });
  yield* attempt('service keys', async () => {
    const soon = await client.call(findServiceKeys, {
      expiringBefore: new Date(now() + 30 * day).toISOString(),
      limit: 10,
    });
    const names = soon.items.map(({ name }) => name).join(', ');
    return soon.items.length > 0
      ? warning('service keys', `End within 30 days: ${names}${soon.next ? ', …' : ''}. sluice key rotate KEY`)
      : good('service keys', 'None ends within 30 days.');
  });
  for (const [kind, what] of [
    ['server', 'server certificates'],
    ['issuing-ca', 'issuing CAs'],
    ['trusted-root', 'trusted roots'],
  ] as const)
    yield* attempt(what, async () => {
      const soon = await client.call(listCertificates, {
        kind,
        status: 'active',
        expiringBefore: new Date(now() + 30 * day).toISOString(),
        limit: 10,
      });
      return soon.items.length > 0
        ? warning(what, `End within 30 days: ${soon.items.map(({ subjectdn }) => subjectdn).join('; ')}.`)
        : good(what, 'None ends within 30 days.');
    });
}

async function* examineClock(url: string, now: () => number): AsyncGenerator<Finding> {
  yield* attempt('clock', async () => {
    const response = await fetch(new URL('/livez', url), { signal: AbortSignal.timeout(10_000) });
    await response.arrayBuffer();
    const there = Date.parse(response.headers.get('date') ?? '');
    if (Number.isNaN(there)) return unknown('clock', 'The answer has no date.');
    const difference = there - now();
    return Math.abs(difference) > maxClockDifference
      ? bad('clock', `Its clock is ${Math.round(difference / 1_000)} s off this one: certificates begin and end by it.`)
      : good('clock', 'Its clock is with this one.');
  });
}

async function* attempt(what: string, look: () => Promise<Finding>): AsyncGenerator<Finding> {
  try {
    yield await look();
  } catch (error) {
    yield unknown(what, sentenceOf(error));
  }
}

function sentenceOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
