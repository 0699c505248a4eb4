import { stateKey } from '@sluice/contracts';
import { planRetirements } from '@sluice/domain';
import { nextRecordVersion } from '@sluice/persistence';
import type { ChangeScope } from '@sluice/service-shell';
import { toEventCertificate, toEventServiceKey } from './service-key.view.js';
import { CredentialRow } from './credential.entity.js';
import type { ServiceKeyRow } from './service-key.entity.js';
import { toPlanned } from './retirement.js';
import { toCredentialRecord } from './service-key.record.js';

/** Of a key that the transaction holds locked. */
export interface CertificatesOfKey {
  readonly key: ServiceKeyRow;
  /** All of them, as they are to be. */
  readonly rows: readonly CredentialRow[];
  /** SHA-256 of those that differ from what is stored. */
  readonly changed: ReadonlySet<string>;
}

/**
 * Stores what a change made of a key's certificates and publishes their records. Ends that would leave the key without
 * a usable certificate are put off first, and that is said: once, for it is stored with the row.
 * @returns the rows as they are stored
 */
export async function writeCertificates(
  change: ChangeScope,
  { key, rows, changed }: CertificatesOfKey,
  actor: string,
  now: number,
): Promise<CredentialRow[]> {
  const kept = planRetirements(rows.map(toPlanned), now);
  const written: CredentialRow[] = [];
  for (const given of rows) {
    const postponed = kept.has(given.sha256) && given.postponedAt === null;
    if (!postponed && !changed.has(given.sha256)) {
      written.push(given);
      continue;
    }
    const row = {
      ...given,
      postponedAt: postponed ? new Date(now) : given.postponedAt,
      version: String(await nextRecordVersion(change.manager, stateKey.credential(given.sha256))),
    };
    const { status, retiresAt, retireAfterUnusedDays, postponedAt, revokedAt, revocationReason, version } = row;
    await change.manager.update(
      CredentialRow,
      { sha256: row.sha256 },
      { status, retiresAt, retireAfterUnusedDays, postponedAt, revokedAt, revocationReason, version },
    );
    if (row.pinned) change.state(toCredentialRecord(row, key));
    if (postponed && row.retiresAt) {
      change.event('service-key.retirement-postponed', key.id, {
        actor,
        serviceKey: toEventServiceKey(key),
        certificate: toEventCertificate(row),
        retiresAt: row.retiresAt.toISOString(),
      });
    }
    written.push(row);
  }
  return written;
}
