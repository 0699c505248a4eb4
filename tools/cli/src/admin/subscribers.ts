import type { AdminClient } from '../admin-client.js';
import { bold, dim, line } from '../terminal.js';

interface Subscriber {
  readonly id: string;
  readonly name: string;
  readonly publicKey: string;
  readonly lastSeenAt?: string;
  readonly consumers: readonly string[];
  readonly inboxPrefix: string;
}

/** Prints the seed alone on the standard output, so that it can go into a file. */
export async function createSubscriber(client: AdminClient, name: string, publicKey?: string): Promise<void> {
  const made = await client.call<Subscriber & { seed?: string }>('POST', '/v1/subscribers', {
    name,
    ...(publicKey ? { publicKey } : {}),
  });
  if (made.seed) line(made.seed);
  const told = [
    ...(made.seed ? [`This is the only time the seed of ${name} is shown; its public key alone is kept.`] : []),
    `Its client needs the inbox prefix ${made.inboxPrefix}; its consumers are called ${made.consumers[0]} to ${made.consumers.at(-1)}.`,
  ];
  process.stderr.write(`${dim(told.join('\n'))}\n`);
}

export async function listSubscribers(client: AdminClient): Promise<void> {
  for (const { name, publicKey, lastSeenAt } of await all(client))
    line(`${bold(name.padEnd(32))} ${publicKey} ${dim(lastSeenAt ? `last there ${lastSeenAt}` : 'never there')}`);
}

/** @throws Error when nobody has that name */
export async function revokeSubscriber(client: AdminClient, name: string): Promise<void> {
  const found = (await all(client)).find((subscriber) => subscriber.name === name);
  if (!found) throw new Error(`There is no subscriber named ${name}: npm run admin -- list-subscribers`);
  const { propagation } = await client.call<{ propagation?: string }>('DELETE', `/v1/subscribers/${found.id}`);
  line(
    propagation === 'pending'
      ? `The subscriber ${name} is let in no more; not all of its connections could be reached yet, and they end within the hour.`
      : `The subscriber ${name} is revoked, and its connections have ended.`,
  );
}

async function all(client: AdminClient): Promise<Subscriber[]> {
  const { items } = await client.call<{ items: Subscriber[] }>('GET', '/v1/subscribers?limit=1000');
  return items;
}
