import {
  stateKey,
  type CaRecord,
  type CredentialRecord,
  type InstanceRecord,
  type RootRecord,
  type UnpinnedRecord,
} from '@sluice/contracts';
import type { RevocationPolicy } from '@sluice/domain';
import { decodePem } from '@sluice/pki';
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

/** @param lists those in force; `der` for the ones that go into the record */
export function toRootRecord(
  row: TrustedRootRow,
  lists: readonly { readonly sha256: string; readonly bytes: number; readonly der?: Buffer }[],
): RootRecord {
  return {
    key: stateKey.root(row.sha256),
    version: Number(row.version),
    deleted: false,
    sha256: row.sha256,
    certificate: row.certificate.toString('base64'),
    ...(row.revocation ? { revocation: toRootRevocation(row.revocation, lists) } : {}),
  };
}

function toRootRevocation(
  policy: RevocationPolicy,
  lists: Parameters<typeof toRootRecord>[1],
): NonNullable<RootRecord['revocation']> {
  return {
    failure: policy.failure,
    scope: policy.scope,
    ...(policy.maximumAgeSeconds === undefined ? {} : { maximumAgeMs: policy.maximumAgeSeconds * 1_000 }),
    clockSkewMs: policy.clockSkewSeconds * 1_000,
    lists: lists.map(({ sha256, bytes, der }) => ({
      sha256,
      bytes,
      ...(der === undefined ? {} : { der: der.toString('base64') }),
    })),
    issuers: policy.issuerCertificates.flatMap((pem) =>
      decodePem(pem).map((der) => Buffer.from(der).toString('base64')),
    ),
    ...(policy.ocsp
      ? {
          ocsp: {
            ...(policy.ocsp.url === undefined ? {} : { url: policy.ocsp.url }),
            nonce: policy.ocsp.nonce,
            timeoutMs: policy.ocsp.timeoutMilliseconds,
          },
        }
      : {}),
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
