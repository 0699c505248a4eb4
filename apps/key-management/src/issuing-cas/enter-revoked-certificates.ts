import type { RevocationReason } from '@sluice/domain';
import type { EntityManager } from 'typeorm';
import type { CredentialRow } from '../service-keys/credential.entity.js';

export type RevokedCertificate = Pick<CredentialRow, 'issuedBy' | 'serialNumber' | 'notAfter' | 'publicKeySha256'>;

/**
 * Enters certificates of ours for the next CRL of their issuer. One that stands there with a milder reason (it was
 * superseded, and is now known to be compromised) gets the new one.
 */
export async function enterRevokedCertificates(
  manager: EntityManager,
  certificates: readonly RevokedCertificate[],
  reason: RevocationReason,
  revokedAt: Date,
): Promise<void> {
  const ours = certificates.filter(({ issuedBy }) => issuedBy !== null);
  if (ours.length === 0) return;
  await manager.query(
    `INSERT INTO revoked_certificate AS listed (issued_by, serial_number, not_after, public_key_sha256, reason, revoked_at)
     SELECT entered.*, $5, $6
     FROM unnest($1::uuid[], $2::text[], $3::timestamptz[], $4::text[]) AS entered
     ON CONFLICT (issued_by, serial_number) DO UPDATE SET reason = EXCLUDED.reason, listed_in = NULL
     WHERE listed.reason IN ('unspecified', 'superseded', 'cessationOfOperation') AND listed.reason <> EXCLUDED.reason
       AND EXCLUDED.reason NOT IN ('unspecified', 'superseded', 'cessationOfOperation')`,
    [
      ours.map(({ issuedBy }) => issuedBy),
      ours.map(({ serialNumber }) => serialNumber),
      ours.map(({ notAfter }) => notAfter),
      ours.map(({ publicKeySha256 }) => publicKeySha256),
      reason,
      revokedAt,
    ],
  );
}
