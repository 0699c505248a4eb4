import { listAdminTokens, makeAdminToken, revokeAdminToken, type AdminTokenView } from '@sluice/contracts';
import { rightNames, rights, type Right } from '@sluice/domain';
import { Option, type Command } from 'commander';
import { wholeNumber, type Cli } from '../cli.js';
import { CommandFailed, exitCode } from '../exit-code.js';
import { collected, limitOption } from './options.js';

const day = 86_400_000;

export function addToken(program: Command, cli: Cli): void {
  const token = program.command('token').description('admin tokens, and what each may do');

  token
    .command('list')
    .description('lists admin tokens, without the tokens themselves')
    .addOption(limitOption())
    .action(async ({ limit }: { limit: number }) => {
      const { items, more } = await cli.first(listAdminTokens, {}, limit);
      cli.output.list(
        items,
        [
          { title: 'NAME', of: ({ name }) => name, style: () => 'bold' },
          { title: 'STATUS', of: ({ status }) => status, style: styleOf },
          { title: 'EXPIRES', of: ({ expiresAt }) => cli.time(expiresAt) ?? 'never' },
          { title: 'LAST USED', of: ({ lastUsedAt }) => cli.time(lastUsedAt) ?? 'never' },
          { title: 'RIGHTS', of: ({ roles }) => roles?.join(', ') },
        ],
        { more, empty: 'There are none.' },
      );
      for (const { name, warning } of items) if (warning !== undefined) cli.output.warn(`${name}: ${warning}`);
    });

  token
    .command('rights')
    .description('lists the rights there are')
    .action(() =>
      cli.output.list(
        rightNames.map((name) => ({ name, ...rights[name] })),
        [
          { title: 'RIGHT', of: ({ name }) => name, style: () => 'bold' },
          { title: 'LETS ONE', of: ({ description }) => description },
          { title: 'INCLUDES', of: ({ includes }) => includes.join(', ') || undefined },
        ],
        { more: false, empty: '' },
      ),
    );

  token
    .command('create <name>')
    .description('makes an admin token and shows it this once; it may do no more than yours')
    .addOption(new Option('--right <name>', 'what it may do; to be repeated').argParser(collected))
    .addOption(new Option('--days <number>', 'how long it holds').argParser(wholeNumber(1, 365)).default(90))
    .addHelpText('after', '\nExample:\n  sluice token create pipeline --right Flows.deploy --days 30 > token')
    .action(async (name: string, { right, days }: { right?: string[]; days: number }) => {
      if (!right)
        throw new CommandFailed('Say what it may do by --right: sluice token rights lists them.', exitCode.usage);
      // A minute less: the clock there may be behind this one, and a year is the most.
      const expiresAt = new Date(cli.now() + days * day - 60_000).toISOString();
      const made = await cli.client.call(makeAdminToken, { name, roles: right as Right[], expiresAt });
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

function styleOf({ status }: AdminTokenView): 'green' | 'yellow' | 'red' | undefined {
  switch (status) {
    case 'active':
      return 'green';
    case 'expiring':
      return 'yellow';
    case 'expired':
      return 'red';
    case undefined:
      return undefined;
  }
}
