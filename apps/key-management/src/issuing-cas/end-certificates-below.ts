import type { RevocationReason } from '@sluice/domain';
import type { ChangeScope } from '@sluice/service-shell';
import { writeCertificates } from '../service-keys/write-certificates.js';
import { revoked } from '../service-keys/revoke-key.js';
import { toEventCertificate, toEventServiceKey } from '../service-keys/service-key.view.js';
import { ServiceKeyRow } from '../service-keys/service-key.entity.js';
import { findCredentials } from '../service-keys/find-service-key.js';

/**
 * Revokes every certificate that a CA issued, so that each key shows it and its subscribers hear of it. The record of the CA
 * alone ends them all; keys with a certificate of another CA live on with that.
 */
export async function endCertificatesBelow(
  change: ChangeScope,
  authorityId: string,
  reason: RevocationReason,
  actor: string,
  now: number,
): Promise<void> {
  const keys = await change.manager
    .getRepository(ServiceKeyRow)
    .createQueryBuilder('key')
    .where(
      `EXISTS (SELECT 1 FROM credential WHERE service_key_id = key.id AND issued_by = :authorityId AND status <> 'revoked')`,
      { authorityId },
    )
    .orderBy('key.id')
    .setLock('pessimistic_write')
    .getMany();
  const revokedAt = new Date(now);
  for (const key of keys) {
    const before = await findCredentials(change.manager, key.id);
    const ending = before.filter((row) => row.issuedBy === authorityId && row.status !== 'revoked');
    const changed = new Set(ending.map(({ sha256 }) => sha256));
    await writeCertificates(
      change,
      { key, rows: before.map((row) => (changed.has(row.sha256) ? revoked(row, reason, revokedAt) : row)), changed },
      actor,
      now,
    );
    if (key.status === 'revoked') continue;
    change.event('service-key.revoked', key.id, {
      actor,
      serviceKey: toEventServiceKey(key),
      reason,
      certificates: ending.map(toEventCertificate),
      keyRevoked: false,
    });
  }
}
