import { z } from 'zod';
import { defineRequest } from './request-contract.js';
import { actor } from './shapes.js';

/** A reply is let through for a minute after its request. */
const longestMs = 55_000;

/** Seals what is sealed under an older master key under the newest of the file. To be repeated as often as one likes. */
export const resealKeys = defineRequest(
  'key-management',
  'reseal-keys',
  z.object({ actor }),
  z.object({
    /** Id of the newest master key, as this process has it. */
    masterKey: z.string(),
    /** Sealed anew by this request. */
    resealed: z.number().int(),
    /** Still sealed under an older master key; 0: the older ones can be removed. */
    remaining: z.number().int(),
  }),
  longestMs,
);

/**
 * Signs state records anew that are signed with an older key, one stretch of the stream a request. To be repeated with `after`
 * until there is no `next`, and from the beginning until none is `left`.
 */
export const resignRecords = defineRequest(
  'key-management',
  'resign-records',
  z.object({
    actor,
    /** Sequence of the stream up to which is done. */
    after: z.number().int().min(0),
  }),
  z.object({
    /** Id of the key that is signed with, as this process has it. */
    signingKey: z.string(),
    /** Signed anew by this request. */
    resigned: z.number().int(),
    /** Not in step with Postgres at the moment: to be looked at again. */
    left: z.number().int(),
    /** Records that Postgres does not know; they stay as they are, and are believed no longer than the older key is. */
    unexpected: z.number().int(),
    /** Where the next request goes on; absent at the end. */
    next: z.number().int().optional(),
  }),
  longestMs,
);
