import type { ServiceInstanceRow } from './service-instance.entity.js';

/** The entity tag of an instance: administrators alone change it, and each change gives it another version. */
export function serviceInstanceTag(row: ServiceInstanceRow): string {
  return row.version;
}
