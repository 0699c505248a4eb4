import { listSubscribers, makeSubscriber, revokeSubscriber } from '@sluice/contracts';
import type { Command } from 'commander';
import type { Cli } from '../cli.js';
import { CommandFailed, exitCode } from '../exit-code.js';
import { limitOption } from './options.js';

export function addSubscriber(program: Command, cli: Cli): void {
  const subscriber = program.command('subscriber').description('who may subscribe to the events over NATS');

  subscriber
    .command('list')
    .description('lists subscribers, and when each was last there')
    .addOption(limitOption())
    .action(async ({ limit }: { limit: number }) => {
      const { items, more } = await cli.first(listSubscribers, {}, limit);
      cli.output.list(
        items,
        [
          { title: 'NAME', of: ({ name }) => name, style: () => 'bold' },
          { title: 'LAST SEEN', of: ({ lastSeenAt }) => cli.time(lastSeenAt) ?? 'never' },
          { title: 'PUBLIC KEY', of: ({ publicKey }) => publicKey },
          { title: 'ID', of: ({ id }) => id },
        ],
        { more, empty: 'There are none yet: sluice subscriber create NAME' },
      );
    });

  subscriber
    .command('create <name>')
    .description('lets somebody subscribe; without a public key a seed is made and shown this once')
    .option('--public-key <nkey>', 'of the subscriber')
    .action(async (name: string, { publicKey }: { publicKey?: string }) => {
      const made = await cli.client.call(makeSubscriber, { name, ...(publicKey === undefined ? {} : { publicKey }) });
      if (cli.output.form !== 'table') return cli.output.done('', made);
      if (made.seed) cli.terminal.out(made.seed);
      if (made.seed)
        cli.output.hint(`This is the only time the seed of ${name} is shown; its public key alone is kept.`);
      cli.output.hint(
        `Its client needs the inbox prefix ${made.inboxPrefix}; its consumers are called ${made.consumers[0]} to ${made.consumers.at(-1)}.`,
      );
    });

  subscriber
    .command('revoke <name>')
    .description('revokes a subscriber: its connections and consumers end')
    .action(async (name: string) => {
      for await (const { id, name: present } of cli.client.list(listSubscribers, {})) {
        if (present !== name) continue;
        const answer = await cli.client.call(revokeSubscriber, { id });
        cli.output.done(
          answer?.propagation === 'pending'
            ? `The subscriber ${name} is let in no more; connections that could not be reached yet end within the hour.`
            : `The subscriber ${name} is revoked, and its connections have ended.`,
          answer,
        );
        return;
      }
      throw new CommandFailed(`There is no subscriber ${name}: sluice subscriber list`, exitCode.notFound);
    });
}
