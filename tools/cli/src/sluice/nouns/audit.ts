import { showAudit } from '@sluice/contracts';
import { Option, type Command } from 'commander';
import { duration, type Cli } from '../cli.js';
import { limitOption } from './options.js';

export function addAudit(program: Command, cli: Cli): void {
  program
    .command('audit')
    .description('who changed what')
    .command('list')
    .description('lists changes, newest first')
    .addOption(new Option('--since <time>', 'how far back').argParser(duration))
    .option('--actor <name>', 'by this administrator')
    .option('--entity <id>', 'of this: an id, name or SHA-256')
    .option('--operation <name>', 'by this operation: rotate-service-key')
    .addOption(limitOption())
    .action(async (given: { since?: number; actor?: string; entity?: string; operation?: string; limit: number }) => {
      const { since, actor, entity, operation, limit } = given;
      const { items, more } = await cli.first(
        showAudit,
        {
          ...(since === undefined ? {} : { since: new Date(cli.now() - since * 1_000).toISOString() }),
          ...(actor === undefined ? {} : { actor }),
          ...(entity === undefined ? {} : { entity }),
          ...(operation === undefined ? {} : { operation }),
        },
        limit,
      );
      cli.output.list(
        items,
        [
          { title: 'AT', of: ({ at }) => at },
          { title: 'WHO', of: (item) => item.actor, style: () => 'bold' },
          { title: 'DID', of: ({ action }) => action?.replace(/^sluice\.[\w-]+\.|\.v\d+$/g, '') },
          { title: 'TO', of: ({ changes }) => changes?.map(nameOfChanged).join(', ') },
        ],
        { more, empty: 'No change fits.' },
      );
    });
}

/** `service_key shop`: a row by what people call it. */
function nameOfChanged({ table, before, after }: Readonly<Record<string, unknown>>): string {
  const row = (after ?? before ?? {}) as Readonly<Record<string, unknown>>;
  const name = ['name', 'id', 'alias', 'subject_dn', 'sha256'].map((column) => row[column]).find((value) => value);
  return [table, name].filter((part) => typeof part === 'string').join(' ');
}
