import { proposedOperations, type ProposedOperation } from '@sluice/contracts';
import { rightsOf, SluiceError, whyMaybeOnePerson, type Right } from '@sluice/domain';
import { currentRequest } from '@sluice/messaging';
import { CLOCK, PublishedChanges, type ChangeScope } from '@sluice/service-shell';
import { Inject, Injectable } from '@nestjs/common';
import { RetireIssuingCa } from '../issuing-cas/retire-issuing-ca.js';
import { RevokeIssuingCa } from '../issuing-cas/revoke-issuing-ca.js';
import { uuid } from '../persistence/row-lock-mode.js';
import { DeleteServiceInstance } from '../service-instances/delete-service-instance.js';
import { RemoveTrustedRoot } from '../trusted-roots/remove-trusted-root.js';
import { whoAsks, type Eyes } from './four-eyes.js';
import { ProposalRow } from './proposal.entity.js';
import { statusOf, toEventProposal } from './proposal.view.js';

/** What each operation needs, as where it is defined, and what lets its proposals be seen. */
const rightFor: Readonly<Record<ProposedOperation, { readonly needs: Right; readonly shows: Right }>> = {
  deleteServiceInstance: { needs: 'Keys.manage', shows: 'Keys.read' },
  retireIssuingCa: { needs: 'Trust.manage', shows: 'Trust.read' },
  revokeIssuingCa: { needs: 'Trust.manage', shows: 'Trust.read' },
  removeTrustedRoot: { needs: 'Trust.manage', shows: 'Trust.read' },
};

/** The operations whose proposals an administrator with these rights may see. */
export function operationsShownTo(rights: readonly string[]): ProposedOperation[] {
  const held = rightsOf(rights);
  return proposedOperations.filter((operation) => held.has(rightFor[operation].shows));
}

/** Approves and withdraws what was proposed. */
@Injectable()
export class DecideProposal {
  constructor(
    private readonly changes: PublishedChanges,
    private readonly deleteServiceInstance: DeleteServiceInstance,
    private readonly retireIssuingCa: RetireIssuingCa,
    private readonly revokeIssuingCa: RevokeIssuingCa,
    private readonly removeTrustedRoot: RemoveTrustedRoot,
    @Inject(CLOCK) private readonly now: () => number,
  ) {}

  /**
   * Carries out what was proposed, in one transaction with what is kept of the approval.
   * @throws SluiceError `permission-denied` for who may not do it alone, or may be who proposed it; `proposal-state` for one that is not
   * open; `precondition-failed` when the thing has changed since; what the operation throws
   */
  async approve(request: { id: string; actor: string }) {
    requireAny();
    const make = await this.revokeIssuingCa.prepare();
    return this.changes.commit(async (change) => {
      const row = await this.#findOpen(change, request.id);
      requireRight(row, 'approve');
      const why = whyMaybeOnePerson(whoAsks(), { name: row.proposedBy, makers: row.proposerMakers });
      if (why !== undefined)
        throw new SluiceError(
          'permission-denied',
          `Somebody else has to approve what ${row.proposedBy} proposed. ${why}`,
        );
      let asked = false;
      const eyes: Eyes = {
        require: (what) => {
          asked = what.operation === row.operation && what.subject === row.subject && what.tag === row.tag;
          if (!asked) throw changedSince(row);
        },
      };
      const asProposed = { ...row.parameters, actor: request.actor };
      switch (row.operation) {
        case 'deleteServiceInstance':
          await this.deleteServiceInstance.within(change, { force: true, ...asProposed, id: row.subject }, eyes);
          break;
        case 'retireIssuingCa':
          await this.retireIssuingCa.within(change, { force: true, ...asProposed, id: row.subject }, eyes);
          break;
        case 'revokeIssuingCa':
          await this.revokeIssuingCa.within(
            change,
            { reason: 'unspecified', ...asProposed, id: row.subject },
            eyes,
            make,
          );
          break;
        case 'removeTrustedRoot':
          await this.removeTrustedRoot.within(change, { ...asProposed, sha256: row.subject }, eyes);
      }
      // What would end by it is gone already: it is another thing now, and by itself nothing that needs two.
      if (!asked) throw changedSince(row);
      const approved = await this.#decide(change, row, 'approved', request.actor);
      change.event('proposal.approved', row.id, { actor: request.actor, proposal: toEventProposal(row) });
      return approved;
    });
  }

  /** @throws SluiceError `permission-denied` for who neither proposed it nor might approve it; `proposal-state` */
  withdraw(request: { id: string; actor: string }) {
    requireAny();
    return this.changes.commit(async (change) => {
      const row = await this.#findOpen(change, request.id);
      if (row.proposedBy !== request.actor) requireRight(row, 'withdraw');
      const withdrawn = await this.#decide(change, row, 'withdrawn', request.actor);
      change.event('proposal.withdrawn', row.id, { actor: request.actor, proposal: toEventProposal(row) });
      return withdrawn;
    });
  }

  async #findOpen({ manager }: ChangeScope, id: string): Promise<ProposalRow> {
    const row = uuid.test(id)
      ? await manager.findOne(ProposalRow, { where: { id }, lock: { mode: 'pessimistic_write' } })
      : null;
    if (!row) throw new SluiceError('not-found', `There is no proposal ${id}.`);
    const status = statusOf(row, this.now());
    if (status === 'open') return row;
    throw new SluiceError(
      'proposal-state',
      `The proposal is ${status}, not open: propose it anew by making the call again.`,
      {
        status,
      },
    );
  }

  async #decide({ manager }: ChangeScope, row: ProposalRow, status: ProposalRow['status'], decidedBy: string) {
    const decided = { status, decidedBy, decidedAt: new Date(this.now()) };
    await manager.update(ProposalRow, { id: row.id }, decided);
    return Object.assign(row, decided);
  }
}

const heldRights = () => rightsOf(currentRequest()?.rights ?? []);

/** Before anything is looked up: who may decide nothing is told nothing. */
function requireAny(): void {
  const needed = [...new Set(Object.values(rightFor).map(({ needs }) => needs))];
  if (needed.some((right) => heldRights().has(right))) return;
  throw new SluiceError('permission-denied', `This needs a right of the proposed call: ${needed.join(' or ')}.`, {
    missing: needed,
  });
}

function requireRight({ operation }: ProposalRow, verb: string): void {
  const { needs } = rightFor[operation];
  if (heldRights().has(needs)) return;
  throw new SluiceError('permission-denied', `To ${verb} ${operation} needs the right ${needs}, which you have not.`, {
    missing: [needs],
  });
}

function changedSince({ name }: ProposalRow): SluiceError {
  return new SluiceError(
    'precondition-failed',
    `${name} has changed since this was proposed, and other things would end by it: make the call again, for a new proposal.`,
  );
}
