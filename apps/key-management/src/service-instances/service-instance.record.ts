import { stateKey, type InstanceRecord } from '@sluice/contracts';
import type { ServiceInstanceRow } from './service-instance.entity.js';

export function toInstanceRecord(row: ServiceInstanceRow): InstanceRecord {
  return {
    key: stateKey.instance(row.id),
    version: Number(row.version),
    deleted: false,
    id: row.id,
    name: row.name,
    plan: row.plan,
    roles: [...row.parameters.roles],
  };
}
