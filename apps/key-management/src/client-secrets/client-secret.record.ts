import { stateKey, type SecretRecord } from '@sluice/contracts';
import { scheduledEnd } from '../service-keys/scheduled-end.js';
import type { ServiceKeyRow } from '../service-keys/service-key.entity.js';
import type { ClientSecretRow } from './client-secret.entity.js';

/** A secret as the deciding services see it: by its id alone. */
export function toSecretRecord(
  row: ClientSecretRow,
  key: Pick<ServiceKeyRow, 'id' | 'name' | 'serviceInstanceId'>,
): SecretRecord {
  const end = scheduledEnd(row);
  return {
    key: stateKey.secret(row.id),
    version: Number(row.version),
    deleted: false,
    id: row.id,
    serviceKeyId: key.id,
    serviceKeyName: key.name,
    serviceInstanceId: key.serviceInstanceId,
    status: row.status,
    ...(end ? { retiresAtMs: end.getTime() } : {}),
    ...(row.notAfter ? { notAfterMs: row.notAfter.getTime() } : {}),
  };
}
