import type { ProposedOperation } from '@sluice/contracts';
import { SluiceError, type KnownAdministrator } from '@sluice/domain';
import { currentRequest } from '@sluice/messaging';
import { violatedUniqueConstraint } from '@sluice/persistence';
import { canonicalJson, CLOCK, CONFIG, PublishedChanges, type ChangeScope } from '@sluice/service-shell';
import { Inject, Injectable } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import type { Config } from '../config.js';
import { ProposalRow, type ProposedParameters } from './proposal.entity.js';
import { statusOf, toEventProposal } from './proposal.view.js';

/** What cannot be undone, found out under the locks of the change that would do it. */
export interface Irrevocable {
  readonly operation: ProposedOperation;
  readonly subject: string;
  readonly name: string;
  /** Another one as soon as something else would end by it. */
  readonly tag: string;
  readonly parameters: ProposedParameters;
}

/** Asked by an operation before its first irrevocable step. */
export interface Eyes {
  /** Returns when the change may go on. */
  require(what: Irrevocable): void;
}

const oneSuffices: Eyes = { require: () => undefined };

class NeedsApproval extends Error {
  override readonly name = 'NeedsApproval';
  constructor(readonly what: Irrevocable) {
    super(`${what.operation} needs the approval of another administrator.`);
  }
}

const two: Eyes = {
  require: (what) => {
    throw new NeedsApproval(what);
  },
};

/**
 * The four-eyes rule: what cannot be undone is proposed by one administrator and approved by another. It stands where the change is made, so no way
 * leads round it.
 */
@Injectable()
export class FourEyes {
  constructor(
    private readonly changes: PublishedChanges,
    @Inject(CLOCK) private readonly now: () => number,
    @Inject(CONFIG) private readonly config: Pick<Config, 'FOUR_EYES' | 'FOUR_EYES_HOURS'>,
  ) {}

  /**
   * Commits a change; one that is irrevocable is rolled back and proposed where the rule is on.
   * @throws SluiceError `approval-required` with the id of the proposal; what `work` throws
   */
  async commit<T>(
    work: (change: ChangeScope, eyes: Eyes) => Promise<T>,
  ): ReturnType<typeof PublishedChanges.prototype.commit<T>> {
    if (this.config.FOUR_EYES === 'off') return this.changes.commit((change) => work(change, oneSuffices));
    try {
      return await this.changes.commit((change) => work(change, two));
    } catch (error) {
      if (!(error instanceof NeedsApproval)) throw error;
      const proposal = await this.#propose(error.what);
      throw new SluiceError(
        'approval-required',
        `Nothing was changed: this cannot be undone, and waits as proposal ${proposal.id} for another administrator to approve it by ${proposal.expiresAt.toISOString()}.`,
        { proposal: proposal.id, expiresAt: proposal.expiresAt.toISOString() },
      );
    }
  }

  async #propose(what: Irrevocable): Promise<ProposalRow> {
    const proposer = whoAsks();
    if (proposer.makers === undefined)
      throw new SluiceError(
        'permission-denied',
        `This cannot be undone and needs two administrators, and it is not known who made what ${proposer.name} is known by: propose it by an admin token that was made by an administrator, not by a service key.`,
      );
    const makers = [...proposer.makers];
    try {
      return (await this.changes.commit((change) => this.#enter(change, what, proposer.name, makers))).value;
    } catch (error) {
      if (violatedUniqueConstraint(error) !== 'proposal_open') throw error;
      // Somebody else proposed it in the same moment.
      return (await this.changes.commit((change) => this.#enter(change, what, proposer.name, makers))).value;
    }
  }

  /** One that is open for the same thing as it is now stays the one. */
  async #enter(change: ChangeScope, what: Irrevocable, proposedBy: string, makers: string[]): Promise<ProposalRow> {
    const now = this.now();
    const { operation, subject } = what;
    const before = await change.manager.findOne(ProposalRow, {
      where: { operation, subject, status: 'open' },
      lock: { mode: 'pessimistic_write' },
    });
    if (before) {
      const expired = statusOf(before, now) === 'expired';
      const same = before.tag === what.tag && canonicalJson(before.parameters) === canonicalJson(what.parameters);
      if (same && !expired) return before;
      const status = expired ? 'expired' : 'outdated';
      await change.manager.update(ProposalRow, { id: before.id }, { status, decidedAt: new Date(now) });
    }
    const row: ProposalRow = {
      id: randomUUID(),
      ...what,
      status: 'open',
      proposedBy,
      proposerMakers: makers,
      proposedAt: new Date(now),
      expiresAt: new Date(now + this.config.FOUR_EYES_HOURS * 3_600_000),
      decidedBy: null,
      decidedAt: null,
    };
    await change.manager.insert(ProposalRow, row);
    change.event('proposal.created', row.id, { actor: proposedBy, proposal: toEventProposal(row) });
    return row;
  }
}

/** @throws SluiceError `permission-denied` when nobody says who asks */
export function whoAsks(): KnownAdministrator {
  const request = currentRequest();
  if (request?.actor === undefined)
    throw new SluiceError(
      'permission-denied',
      'This cannot be undone and needs two administrators, and nobody says who asks.',
    );
  return { name: request.actor, makers: request.makers };
}
