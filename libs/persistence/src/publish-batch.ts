import type { Acknowledgement, OutboxRow } from './outbox.js';

/** State records that are published side by side. */
export const statesAtOnce = 32;

export interface BatchPublication {
  /** Publishes one row; returns when the bus has it. */
  readonly publish: (row: OutboxRow) => Promise<Acknowledgement>;
  readonly onPublishing: () => void;
  readonly onPublished: () => void;
}

/**
 * State records of different keys go side by side, those of one key one after the other. Then the events one after the
 * other, each only if every record with an earlier place is on the bus: who hears of a change finds it made.
 * @param rows in the order of their places
 * @param published is filled with the ids of the rows that the bus has, and what it said
 * @throws what the first publication that failed threw
 */
export async function publishBatch(
  rows: readonly OutboxRow[],
  published: Map<string, Acknowledgement>,
  { publish, onPublishing, onPublished }: BatchPublication,
): Promise<void> {
  const failures: unknown[] = [];
  const publishOne = async (row: OutboxRow): Promise<boolean> => {
    try {
      onPublishing();
      published.set(row.id, await publish(row));
    } catch (error) {
      failures.push(error);
      return false;
    }
    onPublished();
    return true;
  };
  const keys = Map.groupBy(
    rows.filter(({ kind }) => kind === 'state'),
    ({ name }) => name,
  );
  const queue = keys.values();
  const work = async () => {
    for (const ofKey of queue) {
      for (const row of ofKey) if (failures.length > 0 || !(await publishOne(row))) return;
    }
  };
  await Promise.all(Array.from({ length: Math.min(statesAtOnce, keys.size) }, work));
  for (const row of rows) {
    if (row.kind === 'state' ? !published.has(row.id) : !(await publishOne(row))) break;
  }
  if (failures.length > 0) throw failures[0];
}
