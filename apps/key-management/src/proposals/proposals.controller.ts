import {
  approveProposal,
  listProposals,
  withdrawProposal,
  type DecodedRequestOf,
  type ResponseOf,
} from '@sluice/contracts';
import { currentRequest, Handles } from '@sluice/messaging';
import { CLOCK, pageOf } from '@sluice/service-shell';
import { Controller, Inject } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import { DataSource } from 'typeorm';
import { uuid } from '../persistence/row-lock-mode.js';
import { DecideProposal, operationsShownTo } from './decide-proposal.js';
import { ProposalRow } from './proposal.entity.js';
import { toProposalView } from './proposal.view.js';

@Controller()
export class ProposalsController {
  constructor(
    private readonly dataSource: DataSource,
    private readonly decideProposal: DecideProposal,
    @Inject(CLOCK) private readonly now: () => number,
  ) {}

  /** The newest first; of the operations whose things the caller may see, and its own. */
  @Handles(listProposals)
  async list(@Payload() request: DecodedRequestOf<typeof listProposals>): Promise<ResponseOf<typeof listProposals>> {
    const { rights = [], actor = '' } = currentRequest() ?? {};
    const shown = operationsShownTo(rights);
    const { rows, ...end } = await pageOf(listProposals, request, {
      isPosition: (text) =>
        /^\d{1,14}$/.test(text.slice(0, text.indexOf('.'))) && uuid.test(text.slice(text.indexOf('.') + 1)),
      load: (after, take) => {
        const query = this.dataSource.manager
          .createQueryBuilder(ProposalRow, 'proposal')
          .where('(proposal.operation = ANY(:shown) OR proposal.proposed_by = :actor)', { shown, actor });
        const [at, id] = after?.split('.') ?? [];
        if (at !== undefined)
          query.andWhere('(proposal.proposed_at, proposal.id) < (:at, :id::uuid)', { at: new Date(Number(at)), id });
        return query.orderBy('proposal.proposed_at', 'DESC').addOrderBy('proposal.id', 'DESC').take(take).getMany();
      },
      position: (row) => `${row.proposedAt.getTime()}.${row.id}`,
    });
    const now = this.now();
    return { items: rows.map((row) => toProposalView(row, now)), ...end };
  }

  @Handles(approveProposal)
  async approve(
    @Payload() { id, actor }: DecodedRequestOf<typeof approveProposal>,
  ): Promise<ResponseOf<typeof approveProposal>> {
    const { value, propagation } = await this.decideProposal.approve({ id, actor: actor.name });
    return { proposal: toProposalView(value, this.now()), propagation };
  }

  @Handles(withdrawProposal)
  async withdraw(
    @Payload() { id, actor }: DecodedRequestOf<typeof withdrawProposal>,
  ): Promise<ResponseOf<typeof withdrawProposal>> {
    const { value, propagation } = await this.decideProposal.withdraw({ id, actor: actor.name });
    return { proposal: toProposalView(value, this.now()), propagation };
  }
}
