import { rebuildState, showStateComparison } from '@sluice/contracts';
import type { AnswerOf } from '@sluice/admin-client';
import type { Command } from 'commander';
import { setTimeout as pause } from 'node:timers/promises';
import type { Cli } from '../cli.js';
import { CommandFailed, exitCode } from '../exit-code.js';

export type Comparison = AnswerOf<typeof showStateComparison>;

/** Of many service keys: a million take minutes. */
const maxFillMs = 60 * 60_000;

export function addState(program: Command, cli: Cli): void {
  const state = program.command('state').description('the state stream, by which senders are let in');

  state
    .command('compare')
    .description('compares the state stream with Postgres; ends with code 7 when something differs')
    .action(async () => tell(cli, await cli.client.call(showStateComparison, {})));

  state
    .command('rebuild')
    .description('makes the state stream anew from Postgres; calls are answered 503 until it is filled')
    .requiredOption('--yes', 'that calls may be refused meanwhile')
    .action(async () => {
      const { epoch } = await cli.client.call(rebuildState, {});
      cli.output.hint(`The stream is made anew (${epoch}); waiting until it is filled.`);
      const deadline = cli.now() + maxFillMs;
      for (;;) {
        const comparison = await cli.client.call(showStateComparison, {});
        if (comparison.services.every((service) => service.complete && service.epoch === epoch))
          return tell(cli, comparison);
        if (cli.now() > deadline) {
          const missing = comparison.services.filter(({ complete }) => !complete).map(({ service }) => service);
          throw new CommandFailed(
            `The stream is not filled after an hour; ${missing.join(', ')} has not put its records there.`,
            exitCode.unavailable,
          );
        }
        await pause(500);
      }
    });
}

export function isInStep({ differing, services }: Comparison): boolean {
  return differing === 0 && services.every(({ complete }) => complete);
}

function tell(cli: Cli, comparison: Comparison): void {
  const { output } = cli;
  if (output.form !== 'table') output.done('', comparison);
  else
    for (const { service, compared, pending, complete, differing, differences } of comparison.services) {
      const fine = complete && differing === 0;
      const what = !complete ? 'not complete' : differing === 0 ? 'the same' : `${differing} differ`;
      output.line(
        `${output.style('bold', service.padEnd(16))} ${output.style(fine ? 'green' : 'red', what)}  ${output.style('dim', `${compared} compared, ${pending} on their way`)}`,
      );
      for (const { key, kind, postgresVersion, bucketVersion } of differences)
        output.line(`  ${kind.padEnd(10)} ${key}  Postgres ${postgresVersion ?? '-'}, stream ${bucketVersion ?? '-'}`);
      if (differing > differences.length) output.line(`  … and ${differing - differences.length} more`);
    }
  if (isInStep(comparison)) return;
  output.hint('Postgres is right: sluice state rebuild --yes makes the stream anew from it.');
  cli.found();
}
