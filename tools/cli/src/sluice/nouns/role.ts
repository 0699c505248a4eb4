import { createUserRole, deleteUserRole, getUserRole, listUserRoles, updateUserRole } from '@sluice/contracts';
import type { Command } from 'commander';
import { tellPending, type Cli } from '../cli.js';
import { limitOption } from './options.js';

export function addRole(program: Command, cli: Cli): void {
  const role = program.command('role').description('user roles: what flows ask for, and service instances have');

  role
    .command('list')
    .description('lists user roles')
    .addOption(limitOption())
    .action(async ({ limit }: { limit: number }) => {
      const { items, more } = await cli.first(listUserRoles, {}, limit);
      cli.output.list(
        items,
        [
          { title: 'NAME', of: ({ name }) => name, style: () => 'bold' },
          { title: 'OWNER', of: ({ owner }) => owner },
          { title: 'DESCRIPTION', of: ({ description }) => description },
        ],
        { more, empty: 'There are no roles.' },
      );
    });

  role
    .command('show <name>')
    .description('shows a role')
    .action(async (name: string) => {
      const shown = await cli.client.call(getUserRole, { name });
      cli.output.show(shown, [
        ['name', shown.name, 'bold'],
        ['description', shown.description],
        ['owner', shown.owner],
        ['created', cli.time(shown.createdAt)],
      ]);
    });

  role
    .command('create <name>')
    .description('creates a role')
    .option('-d, --description <text>', 'what it is for', '')
    .addHelpText('after', '\nExample:\n  sluice role create Orders.send --description "Send orders"')
    .action(async (name: string, { description }: { description: string }) => {
      const made = await cli.client.call(createUserRole, { name, description });
      cli.output.done(`The role ${name} is there. Next: sluice instance create NAME --role ${name}`, made);
      tellPending(cli.output, made);
    });

  role
    .command('describe <name> <description>')
    .description('changes the description of a role of yours')
    .action(async (name: string, description: string) => {
      const changed = await cli.client.call(updateUserRole, { name, description });
      cli.output.done(`The role ${name} is described anew.`, changed);
    });

  role
    .command('delete <name>')
    .description('deletes a role that nobody uses')
    .action(async (name: string) => {
      const answer = await cli.client.call(deleteUserRole, { name });
      cli.output.done(`The role ${name} is deleted.`, answer);
      tellPending(cli.output, answer);
    });
}
