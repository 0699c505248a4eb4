import { tryLockRow } from '@sluice/persistence';
import type { DataSource, EntityManager } from 'typeorm';
import { dropTallies } from '../decisions/store-tallies.postgres.js';
import { createPartitions, dropPartitions } from './partitions.js';

export interface KeepMessageLogOptions {
  readonly retentionDays: number;
  readonly decisionRetentionHours: number;
  /** So long a runtime is not seen before what it worked on counts as abandoned. */
  readonly runtimeGoneAfterMs: number;
  readonly now: () => number;
  readonly onFault: (error: unknown, what: string) => void;
}

const hour = 3_600_000;
const day = 24 * hour;
const abandonEveryMs = 5_000;
const dropEveryMs = hour;
/** Lock of the one process that sweeps. */
const sweepLock = 'message-log-sweep';

/** Keeps the log in order: a partition a day, nothing older than the retention, and no message in PROCESSING for ever. */
export class KeepMessageLog {
  #timers: NodeJS.Timeout[] = [];
  #sweeping: Promise<void> = Promise.resolve();

  constructor(
    private readonly dataSource: DataSource,
    private readonly options: KeepMessageLogOptions,
  ) {}

  start(): void {
    const sweep = (what: string, work: () => Promise<unknown>) => () => {
      this.#sweeping = this.#sweeping.then(() =>
        work().then(
          () => undefined,
          (error: unknown) => this.options.onFault(error, what),
        ),
      );
    };
    const drop = sweep('keeping the partitions of the message processing log', () => this.keepPartitions());
    const dropDecisions = sweep('keeping the list of decisions', () => this.dropDecisions());
    const abandon = sweep('looking for abandoned messages', () => this.abandon());
    this.#timers = [
      setInterval(abandon, abandonEveryMs),
      setInterval(drop, dropEveryMs),
      setInterval(dropDecisions, dropEveryMs),
    ];
    drop();
    dropDecisions();
  }

  async stop(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer);
    await this.#sweeping;
  }

  /** Makes the partitions of the days to come and drops those past the retention. */
  async keepPartitions(): Promise<void> {
    await this.#alone(async (manager) => {
      const query = (sql: string) => manager.query(sql);
      // Making and dropping a partition waits for every reader of the log; nobody is to wait behind it for long.
      await query(`SET LOCAL lock_timeout = '3s'`);
      await createPartitions(query, this.options.now());
      const partitions = await manager.query<{ name: string }[]>(
        `SELECT inhrelid::regclass::text AS name FROM pg_inherits
         WHERE inhparent IN ('message_processing_log'::regclass, 'message_attachment'::regclass)`,
      );
      const before = this.options.now() - this.options.retentionDays * day;
      await dropPartitions(
        query,
        partitions.map(({ name }) => name),
        before,
      );
      await manager.query('DELETE FROM message_count WHERE hour < $1', [new Date(before - hour)]);
    });
  }

  /** Deletes what is past its retention in the list of decisions. */
  async dropDecisions(): Promise<void> {
    const before = this.options.now() - this.options.decisionRetentionHours * hour;
    await this.#alone((manager) => dropTallies(manager, before));
  }

  /**
   * Ends what runtimes that are gone have worked on. One that was only frozen may still complete it, and then that is what
   * counts. A runtime that could not reach Postgres itself cannot be seen either, so this one must have been seen for as
   * long without a gap.
   */
  async abandon(): Promise<number> {
    let count = 0;
    await this.#alone(async (manager) => {
      const gone = `${this.options.runtimeGoneAfterMs} * interval '1 millisecond'`;
      const abandoned = await manager.query<[unknown[], number]>(
        `UPDATE message_processing_log AS log
         SET status = 'ABANDONED', end_at = now(), runtime_id = NULL,
             detail = coalesce(detail, '{}') || jsonb_build_object('error',
               'The flow runtime that worked on the message ended before it was done: what the flow did until then is not undone.')
         WHERE status = 'PROCESSING' AND start_at < now() - ${gone}
           AND NOT EXISTS (SELECT 1 FROM runtime WHERE runtime.id = log.runtime_id AND seen_at > now() - ${gone})
           AND EXISTS (SELECT 1 FROM runtime WHERE reachable_since < now() - ${gone} AND seen_at > now() - ${gone})`,
      );
      count = abandoned[1];
      await manager.query(`DELETE FROM runtime WHERE seen_at < now() - 10 * ${gone}`);
    });
    return count;
  }

  /** Runs work in a transaction, unless another process sweeps right now. */
  async #alone(work: (manager: EntityManager) => Promise<void>): Promise<void> {
    await this.dataSource.transaction(async (manager) => {
      if (await tryLockRow(manager, sweepLock)) await work(manager);
    });
  }
}
