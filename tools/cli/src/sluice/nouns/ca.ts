import {
  activateIssuingCa,
  listIssuingCas,
  prepareIssuingCa,
  retireIssuingCa,
  revokeIssuingCa,
  type IssuingCaView,
} from '@sluice/contracts';
import type { Command } from 'commander';
import { tellPending, type Cli } from '../cli.js';
import { CommandFailed, exitCode } from '../exit-code.js';
import { limitOption, reasonOption } from './options.js';

export function addCa(program: Command, cli: Cli): void {
  const ca = program.command('ca').description('our issuing CAs: prepare the next, activate it, retire the one before');

  ca.command('list')
    .description('lists the issuing CAs')
    .addOption(limitOption())
    .action(async ({ limit }: { limit: number }) => {
      const { items, more } = await cli.first(listIssuingCas, {}, limit);
      cli.output.list(
        items,
        [
          { title: 'SUBJECT', of: ({ subject }) => subject, style: () => 'bold' },
          {
            title: 'STATUS',
            of: ({ status }) => status,
            style: ({ status }) => (status === 'active' ? 'green' : undefined),
          },
          { title: 'ENDS', of: ({ validuntil }) => cli.time(validuntil) },
          { title: 'IN USE BY', of: ({ usableCertificates }) => usableCertificates },
          { title: 'ID', of: ({ id }) => id },
        ],
        { more, empty: 'There are none yet: one is made at the first start.' },
      );
    });

  ca.command('prepare')
    .description('prepares the next issuing CA; trusted at once, issuing nothing yet')
    .option('--new-root', 'below a root of its own', false)
    .action(async ({ newRoot }: { newRoot: boolean }) => {
      const made = await cli.client.call(prepareIssuingCa, { root: newRoot ? 'new' : 'present' });
      cli.output.done(`${made.subject} is prepared. Next: sluice ca activate ${made.id}`, made);
      tellPending(cli.output, made);
    });

  ca.command('activate <id>')
    .description('lets a prepared CA issue; keys of both generations stay valid')
    .action(async (id: string) => told(cli, await cli.client.call(activateIssuingCa, { id }), 'is active'));

  ca.command('retire <id>')
    .description('takes a replaced CA out of use')
    .option('--force', 'revokes the certificates that are still usable by it', false)
    .action(async (id: string, { force }: { force: boolean }) =>
      told(cli, await cli.client.call(retireIssuingCa, { id, force }), 'is retired'),
    );

  ca.command('revoke <id>')
    .description('revokes a CA and every certificate below it')
    .requiredOption('--yes', 'that you know what ends with it')
    .addOption(reasonOption())
    .action(async (id: string, { reason }: { reason: string }) => {
      const present = await find(cli, id);
      told(
        cli,
        await cli.client.call(revokeIssuingCa, { id, reason: reason as never }),
        `is revoked, with ${present.usableCertificates} certificates that were usable`,
      );
    });
}

function told(cli: Cli, ca: IssuingCaView, what: string): void {
  cli.output.done(`${ca.subject} ${what}.`, ca);
  tellPending(cli.output, ca);
}

async function find(cli: Cli, id: string): Promise<IssuingCaView> {
  for await (const ca of cli.client.list(listIssuingCas, {})) if (ca.id === id) return ca;
  throw new CommandFailed(`There is no issuing CA ${id}: sluice ca list shows those there are.`, exitCode.notFound);
}
