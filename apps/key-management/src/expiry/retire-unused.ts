import { PublishedChanges } from '@sluice/service-shell';
import { DataSource } from 'typeorm';
import { endIfUnused, isWatched } from '../service-keys/retirement.js';
import { findClientSecrets } from '../client-secrets/find-client-secrets.js';
import { writeClientSecrets } from '../client-secrets/write-client-secrets.js';
import { writeCertificates } from '../service-keys/write-certificates.js';
import { findCredentials, findServiceKey } from '../service-keys/find-service-key.js';
import { Injectable } from '@nestjs/common';

const actor = 'key-management';

const isUnused = `status = 'retiring' AND retire_after_unused_days IS NOT NULL AND postponed_at IS NULL AND retires_at <= $1
  AND COALESCE(last_used_at, created_at) <= $1::timestamptz - retire_after_unused_days * interval '1 day'`;

/**
 * Ends certificates and secrets that were to end once unused. Not seen means something only while runtimes report: after a downtime
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
    const [watch]: { since: Date; last: Date }[] = await this.dataSource.query('SELECT since, last FROM usage_watch');
    if (!isWatched(watch, now)) return;
    const due: { id: string }[] = await this.dataSource.query(
      `SELECT service_key_id AS id FROM credential WHERE ${isUnused}
       UNION SELECT service_key_id FROM client_secret WHERE ${isUnused}
       LIMIT 1000`,
      [new Date(now)],
    );
    for (const { id } of due) await this.#retire(id, now);
  }

  async #retire(serviceKeyId: string, now: number): Promise<void> {
    await this.changes.commit(async (change) => {
      const key = await findServiceKey(change.manager, serviceKeyId, 'update');
      // Read again under the lock: another process may have done it, and a report may have come.
      const before = await findCredentials(change.manager, key.id);
      const rows = before.map((row) => endIfUnused(row, now));
      const changed = new Set(rows.filter((row, index) => row !== before[index]).map(({ sha256 }) => sha256));
      await writeCertificates(change, { key, rows, changed }, actor, now);
      const secretsBefore = await findClientSecrets(change.manager, key.id);
      const secrets = secretsBefore.map((row) => endIfUnused(row, now));
      const changedSecrets = new Set(secrets.filter((row, index) => row !== secretsBefore[index]).map(({ id }) => id));
      await writeClientSecrets(change, { key, rows: secrets, changed: changedSecrets }, actor, now);
    });
  }
}
