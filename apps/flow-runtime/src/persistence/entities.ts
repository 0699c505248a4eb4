import type { FlowDefinition, FlowWarning } from '@sluice/flow-engine';
import { EntitySchema } from 'typeorm';

/** Rows of the schema `flow_runtime`. */
export interface FlowRow {
  id: string;
  name: string;
  definition: FlowDefinition;
  warnings: FlowWarning[];
  version: string;
  deployedAt: Date;
}

/** An address belongs to one flow: the primary key decides between two that are deployed at once. */
export interface AddressRow {
  address: string;
  flowId: string;
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

export const entities = [flowSchema, addressSchema] as const;
export const schema = 'flow_runtime';
