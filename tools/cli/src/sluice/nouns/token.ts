import { listAdminTokens, makeAdminToken, revokeAdminToken } from '@sluice/contracts';
import type { Command } from 'commander';
import type { Cli } from '../cli.js';
import { limitOption } from './options.js';

export function addToken(program: Command, cli: Cli): void {
  const token = program.command('token').description('admin tokens');

  token
    .command('list')
    .description('lists admin tokens')
    .addOption(limitOption())
    .action(async ({ limit }: { limit: number }) => {
      const { items, more } = await cli.first(listAdminTokens, {}, limit);
      cli.output.list(
        items,
        [
          { title: 'NAME', of: ({ name }) => name, style: () => 'bold' },
          { title: 'CREATED', of: ({ createdAt }) => cli.time(createdAt) },
        ],
        { more, empty: 'There are none.' },
      );
    });

  token
    .command('create <name>')
    .description('makes an admin token and shows it this once')
    .action(async (name: string) => {
      const made = await cli.client.call(makeAdminToken, { name });
      if (cli.output.form === 'table') cli.terminal.out(made.token);
      else cli.output.done('', made);
      cli.output.hint(`This is the only time the token ${name} is shown; its hash alone is kept.`);
    });

  token
    .command('revoke <name>')
    .description('revokes an admin token')
    .action(async (name: string) => {
      const answer = await cli.client.call(revokeAdminToken, { name });
      cli.output.done(`The token ${name} is revoked.`, answer);
    });
}
