import { stateKey, type RootRecord } from '@sluice/contracts';
import type { RevocationPolicy } from '@sluice/domain';
import { decodePem } from '@sluice/pki';
import type { TrustedRootRow } from './trusted-root.entity.js';

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
