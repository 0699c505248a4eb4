import { stateKey } from '@sluice/contracts';
import { planRetirements, type RevocationReason } from '@sluice/domain';
import { nextRecordVersion } from '@sluice/persistence';
import type { ChangeScope } from '@sluice/service-shell';
import { toPlanned } from '../service-keys/retirement.js';
import type { ServiceKeyRow } from '../service-keys/service-key.entity.js';
import { toEventServiceKey } from '../service-keys/service-key.view.js';
import { ClientSecretRow } from './client-secret.entity.js';
import { toSecretRecord } from './client-secret.record.js';
import { toEventSecret } from './client-secret.view.js';

/** Of a key that the transaction holds locked. */
export interface SecretsOfKey {
  readonly key: ServiceKeyRow;
  /** All of them, as they are to be. */
  readonly rows: readonly ClientSecretRow[];
  /** Ids of those that differ from what is stored. */
  readonly changed: ReadonlySet<string>;
}

/**
 * Stores what a change made of a key's secrets and publishes their records. As with certificates, a schedule never ends the last
 * usable one: its end is put off, and that is said once.
 * @returns the rows as they are stored
 */
export async function writeClientSecrets(
  change: ChangeScope,
  { key, rows, changed }: SecretsOfKey,
  actor: string,
  now: number,
): Promise<ClientSecretRow[]> {
  const kept = planRetirements(rows.map(toPlanned), now);
  const written: ClientSecretRow[] = [];
  for (const given of rows) {
    const postponed = kept.has(given.id) && given.postponedAt === null;
    if (!postponed && !changed.has(given.id)) {
      written.push(given);
      continue;
    }
    const row = {
      ...given,
      postponedAt: postponed ? new Date(now) : given.postponedAt,
      version: String(await nextRecordVersion(change.manager, stateKey.secret(given.id))),
    };
    const { status, retiresAt, retireAfterUnusedDays, postponedAt, revokedAt, revocationReason, version } = row;
    await change.manager.update(
      ClientSecretRow,
      { id: row.id },
      { status, retiresAt, retireAfterUnusedDays, postponedAt, revokedAt, revocationReason, version },
    );
    change.state(toSecretRecord(row, key));
    if (postponed && row.retiresAt) {
      change.event('service-key.retirement-postponed', key.id, {
        actor,
        serviceKey: toEventServiceKey(key),
        secret: toEventSecret(row),
        retiresAt: row.retiresAt.toISOString(),
      });
    }
    written.push(row);
  }
  return written;
}

export function revokedSecret(row: ClientSecretRow, reason: RevocationReason, revokedAt: Date): ClientSecretRow {
  return { ...row, status: 'revoked', revokedAt, revocationReason: reason };
}
