import { createHash } from 'node:crypto';

/** An entity tag made of content, for what has no version that changes with it, and only with it. @param content JSON */
export function contentTag(content: unknown): string {
  return createHash('sha256').update(canonicalJson(content)).digest('hex').slice(0, 32);
}

/** JSON in one form, whatever the order of members: jsonb gives them in another one than they were written in. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_name, each: unknown) =>
    typeof each === 'object' && each !== null && !Array.isArray(each)
      ? Object.fromEntries(Object.entries(each).sort(([a], [b]) => (a < b ? -1 : 1)))
      : each,
  );
}
