import { PublishedChanges } from '@sluice/service-shell';
import { DataSource } from 'typeorm';
import { isUsable } from '../service-keys/scheduled-end.js';
import { writeCertificates } from '../service-keys/write-certificates.js';
import type { CredentialRow } from '../service-keys/credential.entity.js';
import { findCredentials, findServiceKey } from '../service-keys/find-service-key.js';
import { Injectable } from '@nestjs/common';

const actor = 'key-management';
const day = 86_400_000;
/** Longer than a runtime needs to deliver what it kept while it could not report. */
const settlingMs = 5 * 60_000;

/**
 * Ends certificates that were to end once unused. Not seen means something only while runtimes report: after a downtime
 * their reports come first.
 */
@Injectable()
export class RetireUnused {
  constructor(
    private readonly dataSource: DataSource,
    private readonly changes: PublishedChanges,
  ) {}

  /** @param now milliseconds since 1970 */
  async execute(now: number): Promise<void> {
    if (!(await this.#isWatched(now))) return;
    const due: { id: string }[] = await this.dataSource.query(
      `SELECT DISTINCT service_key_id AS id FROM credential
       WHERE status = 'retiring' AND retire_after_unused_days IS NOT NULL AND postponed_at IS NULL AND retires_at <= $1
         AND COALESCE(last_used_at, created_at) <= $1::timestamptz - retire_after_unused_days * interval '1 day'
       LIMIT 1000`,
      [new Date(now)],
    );
    for (const { id } of due) await this.#retire(id, now);
  }

  /** Reports have come without a gap for a while, and still come. */
  async #isWatched(now: number): Promise<boolean> {
    const [watch]: { since: Date; last: Date }[] = await this.dataSource.query('SELECT since, last FROM usage_watch');
    return watch !== undefined && watch.last.getTime() > now - settlingMs && watch.since.getTime() <= now - settlingMs;
  }

  async #retire(serviceKeyId: string, now: number): Promise<void> {
    await this.changes.commit(async (change) => {
      const key = await findServiceKey(change.manager, serviceKeyId, 'update');
      // Read again under the lock: another process may have done it, and a report may have come.
      const before = await findCredentials(change.manager, key.id);
      const rows = before.map((row) =>
        isDue(row, now) ? { ...row, retiresAt: new Date(now), retireAfterUnusedDays: null } : row,
      );
      const changed = new Set(rows.filter((row, index) => row !== before[index]).map(({ sha256 }) => sha256));
      await writeCertificates(change, { key, rows, changed }, actor, now);
    });
  }
}

function isDue(row: CredentialRow, now: number): boolean {
  if (row.retireAfterUnusedDays === null || !row.retiresAt || !isUsable(row, now) || row.postponedAt) return false;
  const seen = (row.lastUsedAt ?? row.createdAt).getTime();
  return row.retiresAt.getTime() <= now && seen <= now - row.retireAfterUnusedDays * day;
}
