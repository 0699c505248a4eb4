import {
  stateKey,
  type CaRecord,
  type CredentialRecord,
  type InstanceRecord,
  type RootRecord,
  type UnpinnedRecord,
} from '@sluice/contracts';
import type {
  CertificateAuthorityRow,
  CredentialRow,
  ServiceInstanceRow,
  ServiceKeyRow,
  TrustedRootRow,
  UnpinnedKeyRow,
} from '../persistence/entities.js';

import { scheduledEnd } from '../retirement/scheduled-end.js';

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

export function toRootRecord(row: TrustedRootRow): RootRecord {
  return {
    key: stateKey.root(row.sha256),
    version: Number(row.version),
    deleted: false,
    sha256: row.sha256,
    certificate: row.certificate.toString('base64'),
  };
}

export function toCaRecord(row: CertificateAuthorityRow): CaRecord {
  return {
    key: stateKey.ca(row.id),
    version: Number(row.version),
    deleted: false,
    id: row.id,
    kind: row.kind,
    status: row.status,
    certificate: row.certificate.toString('base64'),
    sha256: row.sha256,
  };
}
