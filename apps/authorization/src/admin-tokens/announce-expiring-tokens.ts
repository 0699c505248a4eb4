import { PublishedChanges } from '@sluice/service-shell';
import { Injectable } from '@nestjs/common';
import { expiringMs } from './admin-token.view.js';

const actor = 'authorization';
const day = 86_400_000;

interface DueToken {
  readonly name: string;
  readonly roles: string[];
  readonly expires_at: Date;
}

/**
 * Says of each admin token once that it is about to expire. Rows are locked and marked in the transaction of their events, so any number of
 * processes may do this at once.
 */
@Injectable()
export class AnnounceExpiringTokens {
  constructor(private readonly changes: PublishedChanges) {}

  /** @param now milliseconds since 1970 */
  async execute(now: number): Promise<void> {
    await this.changes.commit(async (change) => {
      const due = await change.manager.query<DueToken[]>(
        `SELECT name, roles, expires_at FROM admin_token
         WHERE expires_at > $1 AND expires_at <= $2 AND expiry_announced_at IS NULL
         ORDER BY expires_at FOR UPDATE SKIP LOCKED`,
        [new Date(now), new Date(now + expiringMs)],
      );
      for (const { name, roles, expires_at: expiresAt } of due)
        change.event('admin-token.expiring', name, {
          actor,
          adminToken: { name, roles, expiresAt: expiresAt.toISOString() },
          daysLeft: Math.ceil((expiresAt.getTime() - now) / day),
        });
      await change.manager.query('UPDATE admin_token SET expiry_announced_at = $1 WHERE name = ANY ($2)', [
        new Date(now),
        due.map(({ name }) => name),
      ]);
    });
  }
}
