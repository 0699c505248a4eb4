import { z } from 'zod';
import type { StateWriter } from '../state/state-records.js';
import { defineRequest } from './request-contract.js';
import { empty } from './shapes.js';

/**
 * How a record of the state bucket differs from Postgres, which is right. `missing`: it is not there, or as deleted.
 * `unexpected`: it is there, and Postgres has nothing of the kind. `behind`, `ahead`: of another version. `different`: of the
 * same version with other content. `refused`: no reader believes it (its signature, or its shape).
 */
export const stateDifference = z.object({
  key: z.string(),
  kind: z.enum(['missing', 'unexpected', 'behind', 'ahead', 'different', 'refused']),
  postgresVersion: z.number().int().optional(),
  bucketVersion: z.number().int().optional(),
});
export type StateDifference = z.infer<typeof stateDifference>;

export const stateComparison = z.object({
  /** Of the bucket that was compared; absent when there is none. */
  epoch: z.string().optional(),
  /** Whether this service has put all its records into the bucket. */
  complete: z.boolean(),
  /** Records compared, and those left out because a change of them is still on its way. */
  compared: z.number().int(),
  pending: z.number().int(),
  /** How many differ; `differences` has the first thousand of them. */
  differing: z.number().int(),
  differences: z.array(stateDifference),
});
export type StateComparison = z.infer<typeof stateComparison>;

/** A reply is let through for a minute after its request. */
const maxWaitMs = 55_000;

const compare = (service: StateWriter) => defineRequest(service, 'compare-state', empty, stateComparison, maxWaitMs);

/** Each writing service compares the records it writes with its tables. */
export const compareState = {
  'key-management': compare('key-management'),
  authorization: compare('authorization'),
  'flow-runtime': compare('flow-runtime'),
} as const satisfies Record<StateWriter, unknown>;
