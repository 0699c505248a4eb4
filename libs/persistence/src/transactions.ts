import type { DataSource } from 'typeorm';
import { Change, outboxChannels } from './outbox.js';

const uniqueViolation = '23505';
const serializationFailure = '40001';
const deadlockDetected = '40P01';

/** A committed change: what it gave, and the outbox rows that are to be published. */
export interface Committed<T> {
  readonly value: T;
  readonly outboxIds: readonly string[];
}

/** What a transaction goes through. */
export type TransactionStep = 'transaction-begun' | 'rows-written' | 'outbox-written' | 'committed';

/** Whose change it is, for the audit trail. */
export interface Attribution {
  readonly actor: string;
  /** What was asked for. */
  readonly action?: string | undefined;
  readonly requestId?: string | undefined;
}

/** Runs changes: each is one transaction that holds the rows changed and the outbox rows that tell of them. */
export class Transactions {
  readonly #added: string;

  constructor(
    private readonly dataSource: DataSource,
    schema: string,
    /** Nobody: then it is a change of the database user's own. */
    private readonly attribute: () => Attribution | undefined = () => undefined,
    /** Told each step, in tests of what a crash there leaves behind. */
    private readonly onStep?: ((step: TransactionStep) => void) | undefined,
  ) {
    this.#added = outboxChannels(schema).added;
  }

  /**
   * Runs again what the database ended for a conflict with another transaction; any other error ends it and nothing is kept.
   * @param finish last in the transaction, told what `work` gave and the outbox rows
   */
  async run<T>(
    work: (change: Change) => Promise<T>,
    finish?: (change: Change, committed: Committed<T>) => Promise<void>,
  ): Promise<Committed<T>> {
    for (let attempt = 1; ; attempt++) {
      try {
        const committed = await this.dataSource.transaction(async (manager) => {
          const by = this.attribute();
          if (by) {
            await manager.query(
              `SELECT set_config('sluice.actor', $1, true), set_config('sluice.action', $2, true), set_config('sluice.request_id', $3, true)`,
              [by.actor, by.action ?? '', by.requestId ?? ''],
            );
          }
          this.onStep?.('transaction-begun');
          const change = new Change(manager);
          const value = await work(change);
          this.onStep?.('rows-written');
          const outboxIds = await change.flush(this.#added);
          await finish?.(change, { value, outboxIds });
          this.onStep?.('outbox-written');
          return { value, outboxIds };
        });
        this.onStep?.('committed');
        return committed;
      } catch (error) {
        const code = sqlState(error);
        if (attempt >= 5 || (code !== serializationFailure && code !== deadlockDetected)) throw error;
      }
    }
  }
}

/** The constraint that a statement broke, when that is why it failed. */
export function violatedUniqueConstraint(error: unknown): string | undefined {
  return sqlState(error) === uniqueViolation ? driverError(error)?.constraint : undefined;
}

function driverError(error: unknown): { code?: string; constraint?: string } | undefined {
  const { driverError } = (error ?? {}) as { driverError?: { code?: string; constraint?: string } };
  return driverError ?? (error as { code?: string; constraint?: string } | undefined);
}

function sqlState(error: unknown): string | undefined {
  return driverError(error)?.code;
}
