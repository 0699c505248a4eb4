import type { ProposalView } from '@sluice/contracts';
import type { ProposalRow } from './proposal.entity.js';

export function statusOf({ status, expiresAt }: ProposalRow, now: number): ProposalView['status'] {
  return status === 'open' && expiresAt.getTime() <= now ? 'expired' : status;
}

export function toProposalView(row: ProposalRow, now: number): ProposalView {
  const { id, operation, subject, name, parameters, proposedBy, decidedBy, decidedAt } = row;
  return {
    id,
    operation,
    subject,
    name,
    ...(parameters.reason === undefined ? {} : { reason: parameters.reason }),
    status: statusOf(row, now),
    proposedBy,
    proposedAt: row.proposedAt.toISOString(),
    expiresAt: row.expiresAt.toISOString(),
    ...(decidedBy === null ? {} : { decidedBy }),
    ...(decidedAt === null ? {} : { decidedAt: decidedAt.toISOString() }),
  };
}

/** What subscribers are told of one. */
export function toEventProposal(row: ProposalRow) {
  const { id, operation, subject, name, proposedBy } = row;
  return { id, operation, subject, name, proposedBy, expiresAt: row.expiresAt.toISOString() };
}
