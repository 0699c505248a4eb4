import { approveProposal, listProposals, withdrawProposal } from '@sluice/contracts';
import type { Command } from 'commander';
import { tellPending, type Cli } from '../cli.js';
import { limitOption } from './options.js';

export function addProposal(program: Command, cli: Cli): void {
  const proposal = program
    .command('proposal')
    .description('what one administrator proposed under the four-eyes rule, for another to approve');

  proposal
    .command('list')
    .description('lists them, the newest first')
    .option('--open', 'only those that wait', false)
    .addOption(limitOption())
    .action(async ({ open, limit }: { open: boolean; limit: number }) => {
      // What waits may stand behind many that were decided.
      const found = await cli.first(listProposals, {}, open ? 1_000_000 : limit);
      const waiting = found.items.filter(({ status }) => !open || status === 'open');
      const items = waiting.slice(0, limit);
      const more = found.more || waiting.length > items.length;
      cli.output.list(
        items,
        [
          { title: 'ID', of: ({ id }) => id, style: () => 'bold' },
          { title: 'CALL', of: ({ operation }) => operation },
          { title: 'OF', of: ({ name }) => name },
          {
            title: 'STATUS',
            of: ({ status }) => status,
            style: ({ status }) => (status === 'open' ? 'yellow' : undefined),
          },
          { title: 'PROPOSED BY', of: ({ proposedBy }) => proposedBy },
          { title: 'EXPIRES', of: ({ status, expiresAt }) => (status === 'open' ? cli.time(expiresAt) : '') },
          { title: 'DECIDED BY', of: ({ decidedBy }) => decidedBy },
        ],
        { more, empty: 'There are none.' },
      );
    });

  proposal
    .command('approve <id>')
    .description('carries out what somebody else proposed; it cannot be undone')
    .action(async (id: string) => {
      const answer = await cli.client.call(approveProposal, { id });
      cli.output.done(
        `What ${answer.proposedBy} proposed was carried out: ${answer.operation} of ${answer.name}.`,
        answer,
      );
      tellPending(cli.output, answer);
    });

  proposal
    .command('withdraw <id>')
    .description('ends a proposal, and nothing is carried out')
    .action(async (id: string) => {
      const answer = await cli.client.call(withdrawProposal, { id });
      cli.output.done(`Withdrawn: ${answer.operation} of ${answer.name}.`, answer);
      tellPending(cli.output, answer);
    });
}
