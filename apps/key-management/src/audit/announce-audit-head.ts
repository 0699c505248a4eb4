import type { EventData } from '@sluice/contracts';
import type { PublishedChanges } from '@sluice/service-shell';

type Heads = EventData<'audit.head'>['heads'];

/**
 * Publishes the newest hash of every service's audit trail, once an hour whichever and however many processes run. What
 * is in the event stream cannot be taken back, so a trail whose end was cut off, or that was written anew, no longer fits.
 */
export class AnnounceAuditHead {
  constructor(
    private readonly changes: PublishedChanges,
    /** Of each service that can be reached. */
    private readonly readHeads: () => Promise<Heads>,
    private readonly now: () => number,
    private readonly intervalMs: number,
  ) {}

  /** @returns whether it was time */
  async execute(): Promise<boolean> {
    const heads = await this.readHeads();
    const { value } = await this.changes.commit(async (change) => {
      const now = new Date(this.now());
      const [due]: [{ id: boolean }[], number] = await change.manager.query(
        'UPDATE audit_head SET announced_at = $1 WHERE announced_at IS NULL OR announced_at <= $2 RETURNING id',
        [now, new Date(now.getTime() - this.intervalMs)],
      );
      if (due.length === 0) return false;
      change.event('audit.head', 'audit', { actor: 'key-management', heads });
      return true;
    });
    return value;
  }
}
