import { getDecision, listDecisions, type DecisionRecord, type ListedDecision } from '@sluice/contracts';
import { Option, type Command } from 'commander';
import { duration, type Cli } from '../cli.js';
import { limitOption } from './options.js';

export function addDecision(program: Command, cli: Cli): void {
  const decision = program.command('decision').description('why a call was let in or refused');

  decision
    .command('list')
    .description('lists refused calls and a sample of those let in, alike ones together, newest first')
    .addOption(new Option('--since <time>', 'how far back').argParser(duration))
    .option('--sender <name>', 'name of a service key, or subject of a certificate that no key holds')
    .option('--certificate <sha256>', 'SHA-256 of the certificate that came')
    .option('--flow <id>', 'of this flow')
    .addOption(new Option('--outcome <outcome>').choices(['permitted', 'denied', 'undecided']))
    .addOption(limitOption())
    .action(
      async (given: {
        since?: number;
        sender?: string;
        certificate?: string;
        flow?: string;
        outcome?: string;
        limit: number;
      }) => {
        const { since, sender, certificate, flow, outcome, limit } = given;
        const { items, more } = await cli.first(
          listDecisions,
          {
            ...(since === undefined ? {} : { since: new Date(cli.now() - since * 1_000).toISOString() }),
            ...(sender === undefined ? {} : { sender }),
            ...(certificate === undefined ? {} : { certificate }),
            ...(flow === undefined ? {} : { flow }),
            ...(outcome === undefined ? {} : { outcome: outcome as ListedDecision['outcome'] }),
          },
          limit,
        );
        cli.output.list(
          items,
          [
            { title: 'LAST', of: ({ lastAt }) => lastAt },
            { title: 'CALLS', of: ({ count }) => count },
            { title: 'STATUS', of: ({ status }) => status, style: ({ status }) => (status < 400 ? 'green' : 'red') },
            { title: 'REASON', of: ({ reason }) => reason, style: () => 'bold' },
            { title: 'FLOW', of: (item) => item.flow ?? item.path },
            { title: 'SENDER', of: (item) => item.sender ?? item.certificate?.subjectdn ?? item.certificate?.sha256 },
            { title: 'ID', of: ({ id }) => id },
          ],
          { more, empty: 'No call fits.' },
        );
      },
    );

  decision
    .command('show <id>')
    .description('shows every check of a decision, by the decisionId that the refused sender was told')
    .action(async (id: string) => {
      const shown = await cli.client.call(getDecision, { id });
      showDecision(cli, shown);
    });
}

export function showDecision(cli: Cli, shown: DecisionRecord): void {
  cli.output.show(shown, [
    ['outcome', `${shown.outcome} (${shown.status})`, shown.outcome === 'permitted' ? 'green' : 'red'],
    ['reason', shown.reason, 'bold'],
    ['at', cli.time(shown.at)],
    ['flow', shown.flow],
    ['path', shown.path],
    [
      'certificate',
      shown.certificate && [shown.certificate.subjectdn, shown.certificate.sha256].filter(Boolean).join('  '),
    ],
    ['service key', shown.serviceKey && (shown.serviceKey.name ?? shown.serviceKey.id)],
    ['nearest match', shown.nearestMatch],
  ]);
  for (const { check, ok, explanation } of shown.checks)
    cli.output.line(
      `${cli.output.style(ok ? 'green' : 'red', ok ? '✓' : '✗')} ${cli.output.style('bold', check)}  ${explanation}`,
    );
}
