import type { ChangeScope, PublishedChanges } from '@sluice/service-shell';
import { credentialSchema, serviceKeySchema, type CredentialRow } from '../persistence/entities.js';
import { findCredentials } from '../persistence/find-rows.js';
import { isUsable } from '../retirement/scheduled-end.js';
import { toEventCertificate, toEventServiceKey } from '../view/service-key-view.js';

const actor = 'key-management';
const batchSize = 200;

/** In use until it expires: not revoked, and not to end by a schedule before that. */
const livesToExpiry = `
  credential.status IN ('active', 'retiring')
  AND NOT (credential.retires_at IS NOT NULL AND credential.retires_at < credential.not_after
    AND credential.retire_after_unused_days IS NULL AND credential.postponed_at IS NULL)`;

/** An unpinned key moves on without being told here: the certificate it was registered with counts while it is the newest. */
const isHeld = `
  (credential.pinned OR EXISTS (SELECT 1 FROM unpinned_key
    WHERE unpinned_key.service_key_id = credential.service_key_id AND unpinned_key.accepted_sha256 = credential.sha256))`;

/**
 * Says when certificates are about to expire, once for each threshold, and when they have. After a downtime the newest
 * threshold that is due is said, not the ones before it. Rows are locked and marked in the transaction of their events, so
 * any number of processes may do this at once.
 */
export class TellExpiry {
  readonly #thresholds: readonly number[];

  /** @param thresholds days before the end */
  constructor(
    private readonly changes: PublishedChanges,
    thresholds: readonly number[],
  ) {
    this.#thresholds = [...thresholds].sort((a, b) => b - a);
  }

  /** @param now milliseconds since 1970 */
  async execute(now: number): Promise<void> {
    while (await this.#batch((change) => this.#tellExpired(change, now)));
    while (await this.#batch((change) => this.#tellExpiring(change, now)));
  }

  /** @returns whether there may be more */
  async #batch(work: (change: ChangeScope) => Promise<number>): Promise<boolean> {
    const { value } = await this.changes.commit(work);
    return value === batchSize;
  }

  async #tellExpiring(change: ChangeScope, now: number): Promise<number> {
    const due: { sha256: string; threshold: number }[] = await change.manager.query(
      `SELECT credential.sha256, due.threshold FROM credential
       JOIN service_key ON service_key.id = credential.service_key_id AND service_key.status = 'active'
       CROSS JOIN LATERAL (
         SELECT min(days) AS threshold FROM unnest($2::int[]) AS days
         WHERE credential.not_after <= $1::timestamptz + days * interval '1 day') AS due
       WHERE credential.not_after > $1 AND credential.not_after <= $1::timestamptz + $3 * interval '1 day'
         AND credential.expired_told_at IS NULL
         AND (credential.expiring_told IS NULL OR credential.expiring_told > due.threshold)
         AND ${livesToExpiry} AND ${isHeld}
       ORDER BY credential.not_after LIMIT ${batchSize} FOR UPDATE OF credential SKIP LOCKED`,
      [new Date(now), this.#thresholds, this.#thresholds[0] ?? 0],
    );
    for (const { sha256, threshold } of due) {
      await change.manager.update(credentialSchema, { sha256 }, { expiringTold: threshold });
      const { key, row } = await read(change, sha256);
      change.event('service-key.expiring', key.id, {
        actor,
        serviceKey: toEventServiceKey(key),
        certificate: toEventCertificate(row),
        daysLeft: threshold,
      });
    }
    return due.length;
  }

  async #tellExpired(change: ChangeScope, now: number): Promise<number> {
    const due: { sha256: string }[] = await change.manager.query(
      `SELECT credential.sha256 FROM credential
       JOIN service_key ON service_key.id = credential.service_key_id AND service_key.status = 'active'
       WHERE credential.not_after <= $1 AND credential.expired_told_at IS NULL AND ${livesToExpiry} AND ${isHeld}
       ORDER BY credential.not_after LIMIT ${batchSize} FOR UPDATE OF credential SKIP LOCKED`,
      [new Date(now)],
    );
    for (const { sha256 } of due) {
      await change.manager.update(credentialSchema, { sha256 }, { expiredToldAt: new Date(now) });
      const { key, row } = await read(change, sha256);
      const held = await findCredentials(change.manager, key.id);
      change.event('service-key.expired', key.id, {
        actor,
        serviceKey: toEventServiceKey(key),
        certificate: toEventCertificate(row),
        usableCertificates: held.filter((other) => isUsable(other, now)).length,
      });
    }
    return due.length;
  }
}

async function read(change: ChangeScope, sha256: string) {
  const row: CredentialRow = await change.manager.findOneByOrFail(credentialSchema, { sha256 });
  return { row, key: await change.manager.findOneByOrFail(serviceKeySchema, { id: row.serviceKeyId }) };
}
