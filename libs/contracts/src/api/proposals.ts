import { z } from 'zod';
import { defineOperation } from '../operation/operation.js';
import { byActor, changed, idInPath, page, pageRequest, paging, timestamp } from '../request/shapes.js';

/** What one administrator alone does not do where the four-eyes rule is on: it cannot be undone. */
export const proposedOperations = [
  'deleteServiceInstance',
  'retireIssuingCa',
  'revokeIssuingCa',
  'removeTrustedRoot',
] as const;
export type ProposedOperation = (typeof proposedOperations)[number];

export const proposal = z
  .object({
    id: z.uuid(),
    operation: z.enum(proposedOperations).meta({ description: 'The call that was made.' }),
    subject: z.string().meta({ description: 'Id, or SHA-256, of what it is about.' }),
    name: z.string().meta({ description: 'What people call it.' }),
    reason: z.string().optional().meta({ description: 'Of a revocation.' }),
    status: z.enum(['open', 'approved', 'withdrawn', 'outdated', 'expired']),
    proposedBy: z.string(),
    proposedAt: timestamp,
    expiresAt: timestamp,
    decidedBy: z.string().optional(),
    decidedAt: timestamp.optional(),
  })
  .meta({ id: 'Proposal' });
export type ProposalView = z.infer<typeof proposal>;

const tag = 'Proposals';
const errors = ['permission-denied', 'not-found', 'proposal-state', 'precondition-failed'] as const;

/** Those about what the caller may see; the newest first. */
export const listProposals = defineOperation('key-management', 'list-proposals', {
  request: pageRequest,
  response: page(proposal),
  http: {
    method: 'GET',
    needs: 'any',
    path: '/v1/proposals',
    tag,
    summary: 'Lists what was proposed under the four-eyes rule, of the things that the caller may see.',
    query: paging,
  },
});

/** The time-out is that of the longest operation. */
export const approveProposal = defineOperation('key-management', 'approve-proposal', {
  request: byActor.extend({ id: idInPath('Id of the proposal.') }),
  response: changed.extend({ proposal }),
  timeoutMs: 60_000,
  http: {
    method: 'POST',
    needs: 'any',
    path: '/v1/proposals/{id}/approve',
    tag,
    summary:
      'Carries out what somebody else proposed, as it was proposed; needs the right that the proposed call needs.',
    shows: 'proposal',
    errors,
  },
});

export const withdrawProposal = defineOperation('key-management', 'withdraw-proposal', {
  request: byActor.extend({ id: idInPath('Id of the proposal.') }),
  response: changed.extend({ proposal }),
  http: {
    method: 'POST',
    needs: 'any',
    path: '/v1/proposals/{id}/withdraw',
    tag,
    summary: 'Ends a proposal; by who made it, or by who might approve it.',
    shows: 'proposal',
    errors: ['permission-denied', 'not-found', 'proposal-state'],
  },
});
