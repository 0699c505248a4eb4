import type { ChangeScope, PublishedChanges } from '@sluice/service-shell';
import { In } from 'typeorm';
import { ClientSecretRow } from '../client-secrets/client-secret.entity.js';
import { toEventSecret } from '../client-secrets/client-secret.view.js';
import { findClientSecrets } from '../client-secrets/find-client-secrets.js';
import { isUsable } from '../service-keys/scheduled-end.js';
import { ServiceKeyRow } from '../service-keys/service-key.entity.js';
import { toEventServiceKey } from '../service-keys/service-key.view.js';

const actor = 'key-management';
const batchSize = 200;

/** In use until it expires: not revoked, and not to end by a schedule before that. */
const livesToExpiry = `
  held.status IN ('active', 'retiring')
  AND NOT (held.retires_at IS NOT NULL AND held.retires_at < held.not_after
    AND held.retire_after_unused_days IS NULL AND held.postponed_at IS NULL)`;

/** One that never lived longer than the threshold is not news at that distance. */
const wasFartherOff = `held.not_after - days * interval '1 day' > held.created_at + interval '1 hour'`;

/** Says when secrets are about to expire and when they have, as `NotifyExpiring` says it of certificates. */
export class NotifyExpiringSecrets {
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
    const due: { id: string; threshold: number }[] = await change.manager.query(
      `SELECT held.id, due.threshold FROM client_secret AS held
       JOIN service_key ON service_key.id = held.service_key_id AND service_key.status = 'active'
       CROSS JOIN LATERAL (
         SELECT min(days) AS threshold FROM unnest($2::int[]) AS days
         WHERE held.not_after <= $1::timestamptz + days * interval '1 day' AND ${wasFartherOff}) AS due
       WHERE held.not_after > $1 AND held.not_after <= $1::timestamptz + $3 * interval '1 day'
         AND held.expired_told_at IS NULL AND due.threshold IS NOT NULL
         AND (held.expiring_told IS NULL OR held.expiring_told > due.threshold) AND ${livesToExpiry}
       ORDER BY held.not_after LIMIT ${batchSize} FOR UPDATE OF held SKIP LOCKED`,
      [new Date(now), this.#thresholds, this.#thresholds[0] ?? 0],
    );
    if (due.length === 0) return 0;
    const found = await read(
      change,
      due.map(({ id }) => id),
    );
    for (const { id, threshold } of due) {
      const { key, row } = found(id);
      change.event('service-key.expiring', key.id, {
        actor,
        serviceKey: toEventServiceKey(key),
        secret: toEventSecret(row),
        daysLeft: threshold,
      });
    }
    await change.manager.query(
      `UPDATE client_secret SET expiring_told = told.threshold FROM unnest($1::uuid[], $2::int[]) AS told (id, threshold)
       WHERE client_secret.id = told.id`,
      [due.map(({ id }) => id), due.map(({ threshold }) => threshold)],
    );
    return due.length;
  }

  async #notifyExpired(change: ChangeScope, now: number): Promise<number> {
    const due: { id: string }[] = await change.manager.query(
      `SELECT held.id FROM client_secret AS held
       JOIN service_key ON service_key.id = held.service_key_id AND service_key.status = 'active'
       WHERE held.not_after <= $1 AND held.expired_told_at IS NULL AND ${livesToExpiry}
       ORDER BY held.not_after LIMIT ${batchSize} FOR UPDATE OF held SKIP LOCKED`,
      [new Date(now)],
    );
    if (due.length === 0) return 0;
    const expired = due.map(({ id }) => id);
    await change.manager.update(ClientSecretRow, { id: In(expired) }, { expiredToldAt: new Date(now) });
    const found = await read(change, expired);
    for (const id of expired) {
      const { key, row } = found(id);
      const held = await findClientSecrets(change.manager, key.id);
      change.event('service-key.expired', key.id, {
        actor,
        serviceKey: toEventServiceKey(key),
        secret: toEventSecret(row),
        usableCertificates: 0,
        usableSecrets: held.filter((other) => isUsable(other, now)).length,
      });
    }
    return due.length;
  }
}

/** Secrets with their keys, by id. */
async function read(change: ChangeScope, ids: readonly string[]) {
  const secrets = await change.manager.findBy(ClientSecretRow, { id: In([...ids]) });
  const holders = await change.manager.findBy(ServiceKeyRow, {
    id: In([...new Set(secrets.map(({ serviceKeyId }) => serviceKeyId))]),
  });
  const rows = new Map<string, ClientSecretRow>(secrets.map((row) => [row.id, row]));
  const keys = new Map<string, ServiceKeyRow>(holders.map((key) => [key.id, key]));
  return (id: string) => {
    const row = rows.get(id);
    const key = row && keys.get(row.serviceKeyId);
    if (!row || !key) throw new Error(`The secret ${id} is locked, and yet gone.`);
    return { row, key };
  };
}
