import { RepeatedWork } from '@sluice/service-shell';
import type { DataSource } from 'typeorm';

const everyMs = 10 * 60_000;
const batch = 1_000;
const tables = ['data_store_entry', 'variable', 'persisted_message'] as const;

/** Removes what has expired, a part at a time. Several runtimes doing so do no harm: expired is expired. */
export class SweepExpired {
  readonly #repeated: RepeatedWork;
  #stopped = false;

  constructor(
    private readonly dataSource: DataSource,
    private readonly now: () => number,
    onFault: (error: unknown, what: string) => void,
  ) {
    this.#repeated = new RepeatedWork({
      work: () => this.sweep(),
      what: 'removing what has expired',
      everyMs,
      onFault,
    });
  }

  start(): void {
    this.#repeated.start();
  }

  /** Ends after the part that is being removed. */
  stop(): Promise<void> {
    this.#stopped = true;
    return this.#repeated.stop();
  }

  async sweep(): Promise<void> {
    for (const table of tables) {
      for (let removed = batch; removed === batch && !this.#stopped;) {
        const rows = await this.dataSource.query<unknown[]>(
          `WITH gone AS (DELETE FROM ${table} WHERE ctid = ANY(ARRAY(
             SELECT ctid FROM ${table} WHERE expires_at <= $1 LIMIT ${batch})) RETURNING 1) SELECT 1 FROM gone`,
          [new Date(this.now())],
        );
        removed = rows.length;
      }
    }
    // A cron timer's firing is claimed within seconds; that of a timer that fires once is kept as long as its flow.
    await this.dataSource.query(`DELETE FROM timer_firing WHERE due NOT LIKE 'once %' AND fired_at < $1`, [
      new Date(this.now() - 7 * 86_400_000),
    ]);
  }
}
