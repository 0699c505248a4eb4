import type { AdminClient } from '@sluice/admin-client';
import { listSubscribers as list, makeSubscriber, revokeSubscriber as revoke } from '@sluice/contracts';
import { bold, dim, line } from '../terminal.js';

/** Prints the seed alone on the standard output, so that it can go into a file. */
export async function createSubscriber(client: AdminClient, name: string, publicKey?: string): Promise<void> {
  const made = await client.call(makeSubscriber, { name, ...(publicKey ? { publicKey } : {}) });
  if (made.seed) line(made.seed);
  const told = [
    ...(made.seed ? [`This is the only time the seed of ${name} is shown; its public key alone is kept.`] : []),
    `Its client needs the inbox prefix ${made.inboxPrefix}; its consumers are called ${made.consumers[0]} to ${made.consumers.at(-1)}.`,
  ];
  process.stderr.write(`${dim(told.join('\n'))}\n`);
}

export async function listSubscribers(client: AdminClient): Promise<void> {
  for await (const { name, publicKey, lastSeenAt } of client.list(list, {}))
    line(`${bold(name.padEnd(32))} ${publicKey} ${dim(lastSeenAt ? `last there ${lastSeenAt}` : 'never there')}`);
}

/** @throws Error when nobody has that name */
export async function revokeSubscriber(client: AdminClient, name: string): Promise<void> {
  const id = await idOf(client, name);
  if (id === undefined) throw new Error(`There is no subscriber named ${name}: npm run admin -- list-subscribers`);
  const unfinished = await client.call(revoke, { id });
  line(
    unfinished?.propagation === 'pending'
      ? `The subscriber ${name} is let in no more; not all of its connections could be reached yet, and they end within the hour.`
      : `The subscriber ${name} is revoked, and its connections have ended.`,
  );
}

async function idOf(client: AdminClient, name: string): Promise<string | undefined> {
  for await (const subscriber of client.list(list, {})) if (subscriber.name === name) return subscriber.id;
  return undefined;
}
