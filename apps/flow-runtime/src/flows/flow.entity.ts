import type { FlowDefinition, FlowProblem } from '@sluice/flow-engine';
import { EntitySchema } from 'typeorm';
import type { DeploymentWarning } from './judge-flows.js';

/** Rows of the schema `flow_runtime`. */
export interface FlowRow {
  id: string;
  name: string;
  definition: FlowDefinition;
  warnings: readonly DeploymentWarning[];
  version: string;
  deployedAt: Date;
}

/** An address belongs to one flow: the primary key decides between two that are deployed at once. */
export interface AddressRow {
  address: string;
  flowId: string;
}

/** The last deployment of a flow that was refused, until one succeeds or the flow is removed. */
export interface FailedDeploymentRow {
  flowId: string;
  name: string;
  failedAt: Date;
  actor: string;
  code: string;
  error: string;
  problems: readonly FlowProblem[];
}

export const flowSchema = new EntitySchema<FlowRow>({
  name: 'flow',
  columns: {
    id: { type: 'text', primary: true },
    name: { type: 'text' },
    definition: { type: 'jsonb' },
    warnings: { type: 'jsonb' },
    version: { type: 'bigint' },
    deployedAt: { type: 'timestamptz', name: 'deployed_at' },
  },
});

export const addressSchema = new EntitySchema<AddressRow>({
  name: 'address',
  columns: {
    address: { type: 'text', primary: true },
    flowId: { type: 'text', name: 'flow_id' },
  },
});

export const failedDeploymentSchema = new EntitySchema<FailedDeploymentRow>({
  name: 'failed_deployment',
  columns: {
    flowId: { type: 'text', primary: true, name: 'flow_id' },
    name: { type: 'text' },
    failedAt: { type: 'timestamptz', name: 'failed_at' },
    actor: { type: 'text' },
    code: { type: 'text' },
    error: { type: 'text' },
    problems: { type: 'jsonb' },
  },
});
