import type { ServiceInstanceView } from '@sluice/contracts';
import type { ServiceInstanceRow } from './service-instance.entity.js';

export function toServiceInstanceView(row: ServiceInstanceRow): ServiceInstanceView {
  return {
    id: row.id,
    name: row.name,
    plan: row.plan,
    parameters: {
      roles: [...row.parameters.roles],
      'grant-types': [...row.parameters['grant-types']],
      'redirect-uris': [...row.parameters['redirect-uris']],
      'token-validity': row.parameters['token-validity'],
    },
    createdAt: row.createdAt.toISOString(),
    updatedAt: row.updatedAt.toISOString(),
  };
}
