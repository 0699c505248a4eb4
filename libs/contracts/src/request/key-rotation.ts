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
