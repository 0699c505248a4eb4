import type { ChangeScope, PublishedChanges } from '@sluice/service-shell';
import { In } from 'typeorm';
import { isUsable } from '../service-keys/scheduled-end.js';
import { toEventCertificate, toEventServiceKey } from '../service-keys/service-key.view.js';
import { CredentialRow } from '../service-keys/credential.entity.js';
import { ServiceKeyRow } from '../service-keys/service-key.entity.js';
import { findCredentials } from '../service-keys/find-service-key.js';

const actor = 'key-management';
const batchSize = 200;

/** In use until it expires: not revoked, and not to end by a schedule before that. */
const livesToExpiry = `
  credential.status IN ('active', 'retiring')
  AND NOT (credential.retires_at IS NOT NULL AND credential.retires_at < credential.not_after
    AND credential.retire_after_unused_days IS NULL AND credential.postponed_at IS NULL)`;

/** A certificate that never lived longer than the threshold is not news at that distance: one for 30 days is first told of at 14. */
const wasFartherOff = `credential.not_after - days * interval '1 day' > credential.not_before + interval '1 hour'`;

/** An unpinned key moves on without being told here: the certificate it was registered with counts while it is the newest. */
const isHeld = `
  (credential.pinned OR EXISTS (SELECT 1 FROM unpinned_key
    WHERE unpinned_key.service_key_id = credential.service_key_id AND unpinned_key.accepted_sha256 = credential.sha256))`;

/**
 * Says when certificates are about to expire, once for each threshold, and when they have. After a downtime the newest
 * threshold that is due is said, not the ones before it. Rows are locked and marked in the transaction of their events, so
 * any number of processes may do this at once.
 */
export class NotifyExpiring {
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
    while (await this.#batch((change) => this.#notifyExpired(change, now)));
    while (await this.#batch((change) => this.#notifyExpiring(change, now)));
  }

  /** @returns whether there may be more */
  async #batch(work: (change: ChangeScope) => Promise<number>): Promise<boolean> {
    const { value } = await this.changes.commit(work);
    return value === batchSize;
  }

  async #notifyExpiring(change: ChangeScope, now: number): Promise<number> {
    const due: { sha256: string; threshold: number }[] = await change.manager.query(
      `SELECT credential.sha256, due.threshold FROM credential
       JOIN service_key ON service_key.id = credential.service_key_id AND service_key.status = 'active'
       CROSS JOIN LATERAL (
         SELECT min(days) AS threshold FROM unnest($2::int[]) AS days
         WHERE credential.not_after <= $1::timestamptz + days * interval '1 day'
           AND ${wasFartherOff}) AS due
       WHERE credential.not_after > $1 AND credential.not_after <= $1::timestamptz + $3 * interval '1 day'
         AND credential.expired_told_at IS NULL AND due.threshold IS NOT NULL
         AND (credential.expiring_told IS NULL OR credential.expiring_told > due.threshold)
         AND ${livesToExpiry} AND ${isHeld}
       ORDER BY credential.not_after LIMIT ${batchSize} FOR UPDATE OF credential SKIP LOCKED`,
      [new Date(now), this.#thresholds, this.#thresholds[0] ?? 0],
    );
    if (due.length === 0) return 0;
    const marked = await read(
      change,
      due.map(({ sha256 }) => sha256),
    );
    for (const { sha256, threshold } of due) {
      const { key, row } = marked(sha256);
      change.event('service-key.expiring', key.id, {
        actor,
        serviceKey: toEventServiceKey(key),
        certificate: toEventCertificate(row),
        daysLeft: threshold,
      });
    }
    await change.manager.query(
      `UPDATE credential SET expiring_told = told.threshold FROM unnest($1::text[], $2::int[]) AS told (sha256, threshold)
       WHERE credential.sha256 = told.sha256`,
      [due.map(({ sha256 }) => sha256), due.map(({ threshold }) => threshold)],
    );
    return due.length;
  }

  async #notifyExpired(change: ChangeScope, now: number): Promise<number> {
    const due: { sha256: string }[] = await change.manager.query(
      `SELECT credential.sha256 FROM credential
       JOIN service_key ON service_key.id = credential.service_key_id AND service_key.status = 'active'
       WHERE credential.not_after <= $1 AND credential.expired_told_at IS NULL AND ${livesToExpiry} AND ${isHeld}
       ORDER BY credential.not_after LIMIT ${batchSize} FOR UPDATE OF credential SKIP LOCKED`,
      [new Date(now)],
    );
    if (due.length === 0) return 0;
    const expired = due.map(({ sha256 }) => sha256);
    await change.manager.update(CredentialRow, { sha256: In(expired) }, { expiredToldAt: new Date(now) });
    const marked = await read(change, expired);
    for (const sha256 of expired) {
      const { key, row } = marked(sha256);
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

/** Certificates with their keys, by SHA-256. */
async function read(change: ChangeScope, sha256s: readonly string[]) {
  const found = await change.manager.findBy(CredentialRow, { sha256: In([...sha256s]) });
  const rows = new Map<string, CredentialRow>(found.map((row) => [row.sha256, row]));
  const holders = await change.manager.findBy(ServiceKeyRow, {
    id: In([...new Set(found.map(({ serviceKeyId }) => serviceKeyId))]),
  });
  const keys = new Map<string, ServiceKeyRow>(holders.map((key) => [key.id, key]));
  return (sha256: string) => {
    const row = rows.get(sha256);
    const key = row && keys.get(row.serviceKeyId);
    if (!row || !key) throw new Error(`The certificate ${sha256} is locked, and yet gone.`);
    return { row, key };
  };
}
