import { readTimestamp, timestampForm } from '@sluice/domain';
import { z } from 'zod';
import { textOf, wholeNumber } from '../operation/violations.js';

/** Shapes that several requests share. Times are ISO 8601 in UTC unless a name ends in `Ms` (milliseconds since 1970). */
export const sha256Hex = z.string().regex(/^[0-9a-f]{64}$/);
/** An entity tag (RFC 9110 §8.8.3) without its quotes: another one after each change that administrators make. */
export const etag = z.string().regex(/^[\x21\x23-\x7e]+$/);
/** Members that are a header of the call each. Tags that cannot match, because they are weak, are left out. */
export const ifMatch = z.union([z.literal('*'), z.array(z.string())]).optional();
export const ifNoneMatch = z.literal('*').optional();
export const idempotencyKey = z
  .string()
  .regex(/^[\x21-\x7e]{1,255}$/)
  .optional();
export const base64 = z.string().regex(/^[A-Za-z0-9+/]*={0,2}$/);
export const timestamp = z.iso.datetime();
/** A time that a caller gives: ISO 8601, a date means its beginning in UTC. */
export const pointInTime = z
  .string()
  .refine((text) => readTimestamp(text) !== undefined, { error: `must be ${timestampForm}` });
export const position = z.object({ epoch: z.string(), sequence: z.number().int().nonnegative() });
export const dependency = z.object({ key: z.string(), sequence: z.number().int().nonnegative() });

/** `published`: every reader can see the change. `pending`: committed; it is published when the bus is back. */
export const propagation = z.enum(['published', 'pending']).meta({
  description:
    '`published`: every reader can see the change. `pending`: it is committed, and published when the bus is back.',
});

/** Who asked, for the audit: the name of the admin token, the service key or the person. */
export const actor = z.object({ name: z.string() });
export const byActor = z.object({ actor });
export const changed = z.object({ propagation });

/** What is named by its id in a path. What no id can be is simply not found. */
export const idInPath = (description: string) => z.string().min(1).meta({ description });

export const pageRequest = z.object({
  limit: wholeNumber(1, 1_000).default(100).meta({ description: 'How many items a page has at most.' }),
  after: z.string().optional().meta({ description: '`next` of the page before.' }),
});
export const paging = ['limit', 'after'] as const;

export function page<Item extends z.ZodType>(item: Item) {
  return z.object({
    items: z.array(item),
    next: z.string().optional().meta({ description: 'Goes into `after` of the next page; absent on the last.' }),
  });
}

/** Names of service instances and service keys. */
export const entityName = textOf(/^[A-Za-z0-9._-]{1,32}$/, 'must be 1 to 32 of the characters A-Z a-z 0-9 . _ -').meta({
  examples: ['orders'],
});

export const empty = z.object({});
