import { z } from 'zod';
import { etag } from '../request/shapes.js';

const untagged = new WeakMap<z.ZodType, z.ZodType>();

/** What a service answers of one thing that can be changed: as it is shown, and beside it the tag, which is a header. */
export function tagged<Shape extends z.ZodRawShape>(schema: z.ZodObject<Shape>) {
  // A service of the version before gives none.
  const withTag = z.object({ ...schema.shape, etag: etag.optional() });
  untagged.set(withTag, schema);
  return withTag;
}

/** What is shown of an answer; the schema itself when it is not {@link tagged}. */
export function withoutTag(schema: z.ZodType): z.ZodType {
  return untagged.get(schema) ?? schema;
}
