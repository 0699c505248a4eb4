import { z } from 'zod';

/** Shapes that several requests share. Times are ISO 8601 in UTC unless a name ends in `Ms` (milliseconds since 1970). */
export const sha256Hex = z.string().regex(/^[0-9a-f]{64}$/);
export const base64 = z.string().regex(/^[A-Za-z0-9+/]*={0,2}$/);
export const timestamp = z.iso.datetime();
export const position = z.object({ epoch: z.string(), sequence: z.number().int().nonnegative() });
export const dependency = z.object({ key: z.string(), sequence: z.number().int().nonnegative() });

/** `published`: every reader can see the change. `pending`: committed; it is published when the bus is back. */
export const propagation = z.enum(['published', 'pending']);

/** Who asked, for the audit: the name of the admin token. */
export const actor = z.object({ name: z.string() });

export const pageRequest = z.object({
  limit: z.number().int().min(1).max(1_000).default(100),
  after: z.string().optional(),
});

export function page<Item extends z.ZodType>(item: Item) {
  return z.object({ items: z.array(item), next: z.string().optional() });
}

export const empty = z.object({});
