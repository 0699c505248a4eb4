import { listTokenKeys, rotateTokenKey } from '@sluice/contracts';
import type { Command } from 'commander';
import { tellPending, type Cli } from '../cli.js';
import { CommandFailed, exitCode } from '../exit-code.js';

export function addTokenKey(program: Command, cli: Cli): void {
  const tokenKey = program.command('token-key').description('the keys that access tokens are signed with');

  tokenKey
    .command('list')
    .description('lists them: prepared, active and retiring')
    .action(async () => {
      const { items } = await cli.client.call(listTokenKeys, {});
      cli.output.list(
        items,
        [
          { title: 'KID', of: ({ kid }) => kid, style: () => 'bold' },
          {
            title: 'STATUS',
            of: ({ status }) => status,
            style: ({ status }) => (status === 'active' ? 'green' : undefined),
          },
          { title: 'SIGNS FROM', of: ({ activatedAt, activatesAt }) => cli.time(activatedAt ?? activatesAt) },
          { title: 'ENDS', of: ({ endsAt }) => cli.time(endsAt) },
        ],
        { more: false, empty: 'There are none yet: one is made at the first start.' },
      );
    });

  tokenKey
    .command('rotate')
    .description('lets the next one sign, an hour from now')
    .option(
      '--immediately',
      'for a key that somebody else may have: every token of this installation ends at once',
      false,
    )
    .option('--yes', 'that you know what ends with it', false)
    .action(async ({ immediately, yes }: { immediately: boolean; yes: boolean }) => {
      if (immediately && !yes)
        throw new CommandFailed('It ends every token of this installation: say --yes too.', exitCode.usage);
      const answer = await cli.client.call(rotateTokenKey, { immediately });
      cli.output.done(
        immediately
          ? `The key ${answer.kid} signs now; every token made before is refused from its next request on.`
          : `The key ${answer.kid} signs from ${cli.time(answer.activatesAt) ?? 'now'} on.`,
        answer,
      );
      tellPending(cli.output, answer);
    });
}
