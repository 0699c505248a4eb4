import { endPersonSessions, listPeople } from '@sluice/contracts';
import type { Command } from 'commander';
import type { Cli } from '../cli.js';
import { limitOption } from './options.js';

export function addPerson(program: Command, cli: Cli): void {
  const person = program.command('person').description('people who sign in by the provider of identities');

  person
    .command('list')
    .description('lists people, with their last sign-in and their sessions')
    .addOption(limitOption())
    .action(async ({ limit }: { limit: number }) => {
      const { items, more } = await cli.first(listPeople, {}, limit);
      cli.output.list(
        items,
        [
          { title: 'SHOWN AS', of: ({ shown }) => shown, style: () => 'bold' },
          { title: 'LAST SIGN-IN', of: ({ lastSignedInAt }) => cli.time(lastSignedInAt) },
          { title: 'SESSIONS', of: ({ sessions }) => String(sessions.length) },
          { title: 'RIGHTS', of: ({ roles }) => roles.join(', ') },
          { title: 'ID', of: ({ id }) => id },
        ],
        { more, empty: 'Nobody has signed in by a provider of identities yet.' },
      );
    });

  person
    .command('sign-out <id>')
    .description('ends all sessions of a person; who is still in a group that gives rights can sign in again')
    .action(async (id: string) => {
      const answer = await cli.client.call(endPersonSessions, { id });
      cli.output.done(`All sessions of ${id} have ended.`, answer);
    });
}
