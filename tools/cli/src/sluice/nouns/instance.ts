import {
  createServiceInstance,
  deleteServiceInstance,
  listServiceInstances,
  listServiceKeys,
  revokeServiceInstance,
  updateServiceInstance,
  type GivenInstanceParameters,
  type ServiceInstanceView,
} from '@sluice/contracts';
import { Option, type Command } from 'commander';
import { duration, tellPending, type Cli } from '../cli.js';
import { CommandFailed, exitCode } from '../exit-code.js';
import { findInstance } from './find-by-name.js';
import { collected, limitOption, reasonOption } from './options.js';

interface Given {
  readonly role?: string[];
  readonly grantType?: string[];
  readonly redirectUri?: string[];
  readonly tokenValidity?: number;
}

export function addInstance(program: Command, cli: Cli): void {
  const instance = program.command('instance').description('service instances: who sends, and with which roles');

  instance
    .command('list')
    .description('lists service instances')
    .addOption(limitOption())
    .action(async ({ limit }: { limit: number }) => {
      const { items, more } = await cli.first(listServiceInstances, {}, limit);
      cli.output.list(
        items,
        [
          { title: 'NAME', of: ({ name }) => name, style: () => 'bold' },
          { title: 'PLAN', of: ({ plan }) => plan },
          { title: 'ROLES', of: ({ parameters }) => parameters.roles.join(', ') },
          { title: 'ID', of: ({ id }) => id },
        ],
        { more, empty: 'There are none yet: sluice instance create NAME --role ROLE' },
      );
    });

  instance
    .command('show <instance>')
    .description('shows a service instance, by its name or id, with its keys')
    .action(async (given: string) => {
      const shown = await findInstance(cli.client, given);
      const { items: keys, more } = await cli.first(listServiceKeys, { serviceInstanceId: shown.id }, 100);
      cli.output.show({ ...shown, serviceKeys: keys }, [
        ...fieldsOf(shown, cli),
        ['keys', `${keys.map(({ name, status }) => `${name} (${status})`).join(', ') || 'none'}${more ? ', …' : ''}`],
      ]);
    });

  const parameters = (command: Command) =>
    command
      .option('--role <name>', 'a role it has; to be repeated', collected)
      .option('--grant-type <name>', 'a grant type of OAuth; to be repeated', collected)
      .option('--redirect-uri <uri>', 'to be repeated', collected)
      .addOption(new Option('--token-validity <time>', 'of its tokens: 1h to 24h').argParser(duration));

  parameters(
    instance
      .command('create <name>')
      .description('creates a service instance')
      .addOption(new Option('--plan <plan>').choices(['integration-flow', 'api']).default('integration-flow')),
  )
    .addHelpText('after', '\nExample:\n  sluice instance create orders --role Orders.send')
    .action(async (name: string, given: Given & { plan: ServiceInstanceView['plan'] }) => {
      const made = await cli.client.call(createServiceInstance, {
        name,
        plan: given.plan,
        parameters: parametersOf(given),
      });
      cli.output.done(`The service instance ${name} is there. Next: sluice key create ${name} KEY --out FOLDER`, made);
      tellPending(cli.output, made);
    });

  parameters(
    instance
      .command('update <instance>')
      .description('changes parameters of a service instance; seen on the next request')
      .option('--name <name>', 'another name'),
  ).action(async (given: string, options: Given & { name?: string }) => {
    const found = await findInstance(cli.client, given);
    const changes = parametersOf(options);
    if (options.name === undefined && Object.keys(changes).length === 0)
      throw new CommandFailed('Say what is to change: sluice instance update --help', exitCode.usage);
    const changed = await cli.client.call(updateServiceInstance, {
      id: found.id,
      ...(options.name === undefined ? {} : { name: options.name }),
      parameters: changes,
    });
    cli.output.done(
      `The service instance ${changed.name} has the roles ${changed.parameters.roles.join(', ')}.`,
      changed,
    );
    tellPending(cli.output, changed);
  });

  instance
    .command('delete <instance>')
    .description('deletes a service instance')
    .option('--force', 'with its keys', false)
    .action(async (given: string, { force }: { force: boolean }) => {
      const { id, name } = await findInstance(cli.client, given);
      const answer = await cli.client.call(deleteServiceInstance, { id, force });
      cli.output.done(`The service instance ${name} is deleted.`, answer);
      tellPending(cli.output, answer);
    });

  instance
    .command('revoke <instance>')
    .description('revokes all keys of a service instance, or none')
    .addOption(reasonOption())
    .action(async (given: string, { reason }: { reason: string }) => {
      const { id, name } = await findInstance(cli.client, given);
      const answer = await cli.client.call(revokeServiceInstance, { id, reason: reason as never });
      cli.output.done(`${answer.serviceKeys.length} service keys of ${name} are revoked.`, answer);
      tellPending(cli.output, answer);
    });
}

function parametersOf({ role, grantType, redirectUri, tokenValidity }: Given): GivenInstanceParameters {
  return {
    ...(role ? { roles: role } : {}),
    ...(grantType ? { 'grant-types': grantType as GivenInstanceParameters['grant-types'] } : {}),
    ...(redirectUri ? { 'redirect-uris': redirectUri } : {}),
    ...(tokenValidity === undefined ? {} : { 'token-validity': tokenValidity }),
  };
}

function fieldsOf(instance: ServiceInstanceView, cli: Cli) {
  return [
    ['name', instance.name, 'bold'],
    ['id', instance.id],
    ['plan', instance.plan],
    ['roles', instance.parameters.roles.join(', ')],
    ['grant types', instance.parameters['grant-types'].join(', ')],
    ['redirect URIs', instance.parameters['redirect-uris'].join(', ')],
    ['token validity', `${instance.parameters['token-validity']} s`],
    ['created', cli.time(instance.createdAt)],
    ['updated', cli.time(instance.updatedAt)],
  ] as const;
}
