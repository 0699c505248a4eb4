import { findUnstorableText, invalidArgument, unstorableTextFault, type FieldViolation } from '@sluice/domain';
import { type z } from 'zod';
import { violationsOf } from './violations.js';

/**
 * Reads what is sent as text in a path or a query: numbers and truth values are made of it where the operation has them.
 * @throws SluiceError `invalid-argument` naming every parameter that is wrong, given twice, or not known, with those that are
 */
export function readParameters<Schema extends z.ZodObject>(
  schema: Schema,
  given: Readonly<Record<string, unknown>>,
): z.output<Schema> {
  const violations: FieldViolation[] = [];
  const read: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(given)) {
    const fault = typeof value === 'string' ? unstorableTextFault(value) : 'must be given once';
    if (fault !== undefined) violations.push({ field: name, message: fault });
    else
      read[name] = fromText(
        Object.hasOwn(schema.shape, name) ? (schema.shape[name] as z.ZodType) : undefined,
        value as string,
      );
  }
  if (violations.length > 0) throw invalidArgument(violations);
  const parsed = schema.safeParse(read);
  if (parsed.success) return parsed.data;
  throw invalidArgument(violationsOf(parsed.error, 'query'));
}

/**
 * Reads a JSON body.
 * @throws SluiceError `invalid-argument` naming every member that is wrong, and every text that cannot be stored
 */
export function readBody<Schema extends z.ZodType>(schema: Schema, body: unknown): z.output<Schema> {
  if (typeof body !== 'object' || body === null || Array.isArray(body) || body instanceof Uint8Array)
    throw invalidArgument([{ field: 'body', message: 'must be a JSON object (content-type: application/json)' }]);
  const unstorable = findUnstorableText(body);
  if (unstorable.length > 0) throw invalidArgument(unstorable);
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  throw invalidArgument(violationsOf(parsed.error));
}

function fromText(schema: z.ZodType | undefined, text: string): unknown {
  const { type } = schema ? withinWrappers(schema)._zod.def : {};
  // Anything else stays text, and is refused by the schema.
  if (type === 'number' && /^-?\d{1,15}$/.test(text)) return Number(text);
  if (type === 'boolean' && (text === 'true' || text === 'false')) return text === 'true';
  return text;
}

function withinWrappers(schema: z.ZodType): z.ZodType {
  const definition = schema._zod.def as { type: string; innerType?: z.ZodType };
  const wraps = ['optional', 'default', 'nullable', 'prefault', 'readonly'].includes(definition.type);
  return wraps && definition.innerType ? withinWrappers(definition.innerType) : schema;
}
