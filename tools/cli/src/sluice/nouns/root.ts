import { addTrustedRoot, getTrustedRoot, listTrustedRoots, removeTrustedRoot } from '@sluice/contracts';
import type { Command } from 'commander';
import { tellPending, type Cli } from '../cli.js';
import { readText } from '../read-file.js';
import { limitOption } from './options.js';

export function addRoot(program: Command, cli: Cli): void {
  const root = program.command('root').description('trusted roots: what certificates of other CAs end in');

  root
    .command('list')
    .description('lists the trusted roots')
    .addOption(limitOption())
    .action(async ({ limit }: { limit: number }) => {
      const { items, more } = await cli.first(listTrustedRoots, {}, limit);
      cli.output.list(
        items,
        [
          { title: 'SUBJECT', of: ({ subject }) => subject, style: () => 'bold' },
          { title: 'FROM', of: ({ origin }) => origin },
          { title: 'ENDS', of: ({ notAfter }) => cli.time(notAfter) },
          { title: 'REVOCATION', of: ({ revocation }) => (revocation ? 'checked' : 'not checked') },
          { title: 'SHA-256', of: ({ sha256 }) => sha256 },
        ],
        { more, empty: 'There are none yet: sluice root add FILE' },
      );
    });

  root
    .command('show <sha256>')
    .description('shows a trusted root')
    .action(async (sha256: string) => {
      const shown = await cli.client.call(getTrustedRoot, { sha256 });
      cli.output.show(shown, [
        ['subject', shown.subject, 'bold'],
        ['sha256', shown.sha256],
        ['key', shown.keyAlgorithm],
        ['valid', `${cli.time(shown.notBefore)} to ${cli.time(shown.notAfter)}`],
        ['from', shown.origin],
        ['added', cli.time(shown.addedAt)],
        ['PEM', shown.pem.trimEnd()],
      ]);
    });

  root
    .command('add <file>')
    .description('trusts the root of a PEM file, from the next request on')
    .action(async (file: string) => {
      const added = await cli.client.call(addTrustedRoot, { pem: readText(file) });
      for (const { message } of added.warnings) cli.output.warn(message);
      cli.output.done(`${added.subject} is trusted.`, added);
      tellPending(cli.output, added);
    });

  root
    .command('remove <sha256>')
    .description('trusts a root no longer: certificates below it are refused from the next request on')
    .action(async (sha256: string) => {
      const answer = await cli.client.call(removeTrustedRoot, { sha256 });
      cli.output.done('The root is trusted no longer.', answer);
      tellPending(cli.output, answer);
    });
}
