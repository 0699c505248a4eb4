import type { DataSource } from 'typeorm';
import type { TimerClaims } from './fire-timers.js';

/** Claims as rows: the primary key decides between runtimes. */
export class PostgresTimerClaims implements TimerClaims {
  constructor(
    private readonly dataSource: DataSource,
    private readonly now: () => number,
  ) {}

  async claim(flowId: string, timer: string, due: string): Promise<boolean> {
    // A flow that was undeployed meanwhile has no timers.
    const claimed = await this.dataSource.query<unknown[]>(
      `INSERT INTO timer_firing (flow_id, timer, due, fired_at)
       SELECT id, $2, $3, $4 FROM flow WHERE id = $1 ON CONFLICT DO NOTHING RETURNING due`,
      [flowId, timer, due, new Date(this.now())],
    );
    return claimed.length > 0;
  }
}
