import { stateKey, type CredentialRecord, type UnpinnedRecord } from '@sluice/contracts';
import type { CredentialRow } from './credential.entity.js';
import { scheduledEnd } from './scheduled-end.js';
import type { ServiceKeyRow } from './service-key.entity.js';
import type { UnpinnedKeyRow } from './unpinned-key.entity.js';

/** Rows as the deciding services see them. */
export function toCredentialRecord(
  row: CredentialRow,
  key: Pick<ServiceKeyRow, 'id' | 'name' | 'serviceInstanceId'>,
): CredentialRecord {
  const end = scheduledEnd(row);
  return {
    key: stateKey.credential(row.sha256),
    version: Number(row.version),
    deleted: false,
    sha256: row.sha256,
    serviceKeyId: key.id,
    serviceKeyName: key.name,
    serviceInstanceId: key.serviceInstanceId,
    status: row.status === 'retired' ? 'retiring' : row.status,
    ...(end ? { retiresAtMs: end.getTime() } : {}),
    notAfterMs: row.notAfter.getTime(),
  };
}

export function toUnpinnedRecord(
  row: UnpinnedKeyRow,
  key: Pick<ServiceKeyRow, 'id' | 'name' | 'serviceInstanceId' | 'status'>,
): UnpinnedRecord {
  return {
    key: stateKey.unpinned(row.digest),
    version: Number(row.version),
    deleted: false,
    digest: row.digest,
    serviceKeyId: key.id,
    serviceKeyName: key.name,
    serviceInstanceId: key.serviceInstanceId,
    status: key.status,
    ...(row.issuerKeySha256 ? { issuerKeySha256: row.issuerKeySha256 } : {}),
    accepted: { sha256: row.acceptedSha256, notBeforeMs: row.acceptedNotBefore.getTime() },
  };
}
