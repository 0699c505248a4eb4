import { DataSource } from 'typeorm';
import { Inject, Injectable } from '@nestjs/common';
import { CLOCK } from '@sluice/service-shell';
import { enterSecretUse, type UsedSecret } from '../client-secrets/enter-secret-use.js';

export interface UsedCertificate {
  readonly sha256: string;
  readonly serviceKeyId: string;
  /** Milliseconds since 1970. */
  readonly atMs: number;
}

/** A gap longer than this in the reports of all runtimes is a downtime: what was not seen in it means nothing. */
const maxGapMs = 5 * 60_000;

/** Keeps when certificates and secrets were seen last, as the runtimes report it. */
@Injectable()
export class ReportUsage {
  constructor(
    private readonly dataSource: DataSource,
    @Inject(CLOCK) private readonly now: () => number,
  ) {}

  async execute(used: readonly UsedCertificate[], secrets: readonly UsedSecret[] = []): Promise<void> {
    const now = this.now();
    await enterSecretUse(this.dataSource.manager, secrets, now);
    if (used.length > 0) {
      // Of an unpinned key another certificate than the stored one is seen; it is the key that is in use. Rows are locked
      // in one order, so that two reports cannot wait for each other.
      await this.dataSource.query(
        `UPDATE credential SET last_used_at = GREATEST(credential.last_used_at, seen.at)
         FROM (
           SELECT locked.sha256, max(report.at) AS at
           FROM (SELECT sha256, service_key_id, pinned FROM credential
                 WHERE service_key_id = ANY($2::uuid[]) ORDER BY sha256 FOR NO KEY UPDATE) AS locked
           JOIN unnest($1::text[], $2::uuid[], $3::timestamptz[]) AS report (sha256, service_key_id, at)
             ON report.service_key_id = locked.service_key_id AND (report.sha256 = locked.sha256 OR NOT locked.pinned)
           GROUP BY locked.sha256) AS seen
         WHERE credential.sha256 = seen.sha256`,
        [
          used.map(({ sha256 }) => sha256),
          used.map(({ serviceKeyId }) => serviceKeyId),
          // A clock that is ahead must not keep a certificate alive.
          used.map(({ atMs }) => new Date(Math.min(atMs, now))),
        ],
      );
    }
    await this.dataSource.query(
      `INSERT INTO usage_watch (since, last) VALUES ($1, $1)
       ON CONFLICT (id) DO UPDATE SET last = GREATEST(usage_watch.last, $1),
         since = CASE WHEN usage_watch.last < $2 THEN $1 ELSE usage_watch.since END`,
      [new Date(now), new Date(now - maxGapMs)],
    );
  }
}
