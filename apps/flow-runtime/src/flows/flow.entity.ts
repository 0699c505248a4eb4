import type { FlowDefinition, FlowProblem } from '@sluice/flow-engine';
import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { DeploymentWarning } from './judge-flows.js';

/** Rows of the schema `flow_runtime`. */
@Entity({ name: 'flow' })
export class FlowRow {
  @PrimaryColumn({ type: 'text' })
  id!: string;

  @Column({ type: 'text' })
  name!: string;

  @Column({ type: 'jsonb' })
  definition!: FlowDefinition;

  @Column({ type: 'jsonb' })
  warnings!: readonly DeploymentWarning[];

  @Column({ type: 'bigint' })
  version!: string;

  @Column({ type: 'timestamptz', name: 'deployed_at' })
  deployedAt!: Date;
}

/** An address belongs to one flow: the primary key decides between two that are deployed at once. */
@Entity({ name: 'address' })
export class AddressRow {
  @PrimaryColumn({ type: 'text' })
  address!: string;

  @Column({ type: 'text', name: 'flow_id' })
  flowId!: string;
}

/** The last deployment of a flow that was refused, until one succeeds or the flow is removed. */
@Entity({ name: 'failed_deployment' })
export class FailedDeploymentRow {
  @PrimaryColumn({ type: 'text', name: 'flow_id' })
  flowId!: string;

  @Column({ type: 'text' })
  name!: string;

  @Column({ type: 'timestamptz', name: 'failed_at' })
  failedAt!: Date;

  @Column({ type: 'text' })
  actor!: string;

  @Column({ type: 'text' })
  code!: string;

  @Column({ type: 'text' })
  error!: string;

  @Column({ type: 'jsonb' })
  problems!: readonly FlowProblem[];
}
