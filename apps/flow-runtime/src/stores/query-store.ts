import { FlowProcessingError, type FlowErrorCode } from '@sluice/flow-engine';
import { tookChunk } from '../event-loop/collect-chunks.js';
import { notNow } from '@sluice/persistence';
import type { DataSource } from 'typeorm';

const milliseconds = 86_400_000;
/** Postgres knows no later time than the year 294276; ours end far before. */
const maxDays = 36_500;

/** @returns when what is stored now for so many days is forgotten */
export function expiryOf(nowMs: number, days: number): Date {
  return new Date(nowMs + Math.min(Math.max(days, 0), maxDays) * milliseconds);
}

/**
 * Runs one statement for a flow.
 * @throws FlowProcessingError `store-unavailable` when Postgres can do nothing now, else with the code; its own words are in the cause
 */
export async function queryStore<Row>(
  dataSource: DataSource,
  code: FlowErrorCode,
  what: string,
  statement: string,
  parameters: readonly unknown[],
): Promise<Row[]> {
  try {
    return await dataSource.query<Row[]>(statement, [...parameters]);
  } catch (error) {
    if (notNow(error))
      throw new FlowProcessingError('store-unavailable', `The ${what} cannot be reached or written on now.`, {
        cause: error,
      });
    throw new FlowProcessingError(code, `The ${what} refused a value.`, { cause: error });
  } finally {
    // Twice in the driver, and once where it was sealed.
    for (const parameter of parameters) if (Buffer.isBuffer(parameter)) tookChunk(3 * parameter.length);
  }
}
