import type { ProposalView, ProposedOperation } from '@sluice/contracts';
import type { RevocationReason } from '@sluice/domain';
import { Column, Entity, PrimaryColumn } from 'typeorm';

/** What was given with the call that was proposed. */
export interface ProposedParameters {
  readonly force?: boolean;
  readonly reason?: RevocationReason;
}

@Entity({ name: 'proposal' })
export class ProposalRow {
  @PrimaryColumn({ type: 'uuid' })
  id!: string;

  @Column({ type: 'text' })
  operation!: ProposedOperation;

  /** Id, or SHA-256, of what it is about. */
  @Column({ type: 'text' })
  subject!: string;

  @Column({ type: 'text' })
  name!: string;

  @Column({ type: 'jsonb' })
  parameters!: ProposedParameters;

  /** Of all that the operation would end, as it was when it was proposed. */
  @Column({ type: 'text' })
  tag!: string;

  /** One that is past its time is open here until somebody looks. */
  @Column({ type: 'text' })
  status!: ProposalView['status'];

  @Column({ type: 'text', name: 'proposed_by' })
  proposedBy!: string;

  /** Who made what the proposer is known by. */
  @Column({ type: 'text', array: true, name: 'proposer_makers' })
  proposerMakers!: string[];

  @Column({ type: 'timestamptz', name: 'proposed_at' })
  proposedAt!: Date;

  @Column({ type: 'timestamptz', name: 'expires_at' })
  expiresAt!: Date;

  @Column({ type: 'text', name: 'decided_by', nullable: true })
  decidedBy!: string | null;

  @Column({ type: 'timestamptz', name: 'decided_at', nullable: true })
  decidedAt!: Date | null;
}
