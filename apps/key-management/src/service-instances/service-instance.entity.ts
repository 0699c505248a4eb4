import type { Plan, ServiceInstanceParameters } from '@sluice/domain';
import { EntitySchema } from 'typeorm';
import { timestamp } from '../persistence/timestamp.js';

/** Rows of the schema `key_management`. `version` is that of the row's state record. */
export interface ServiceInstanceRow {
  id: string;
  name: string;
  plan: Plan;
  parameters: ServiceInstanceParameters;
  version: string;
  createdAt: Date;
  updatedAt: Date;
}

export const serviceInstanceSchema = new EntitySchema<ServiceInstanceRow>({
  name: 'service_instance',
  columns: {
    id: { type: 'uuid', primary: true },
    name: { type: 'text' },
    plan: { type: 'text' },
    parameters: { type: 'jsonb' },
    version: { type: 'bigint' },
    createdAt: { ...timestamp, name: 'created_at' },
    updatedAt: { ...timestamp, name: 'updated_at' },
  },
});
