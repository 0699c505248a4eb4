import type { FieldViolation } from '../error/sluice-error.js';

/** NUL, which Postgres stores in no text, and half of a surrogate pair, which no UTF-8 can hold. */
const unstorable = /[\0\p{Cs}]/u;

/** @returns what keeps a text from being stored, or undefined */
export function unstorableTextFault(text: string): string | undefined {
  const found = unstorable.exec(text);
  if (found === null) return undefined;
  const code = found[0].charCodeAt(0).toString(16).toUpperCase().padStart(4, '0');
  const what = code === '0000' ? 'the character NUL' : 'half of a surrogate pair';
  return `must not hold ${what} (U+${code}, at position ${found.index})`;
}

/**
 * Texts anywhere in a JSON value that cannot be stored, names of members among them.
 * @param field path of the value, as the caller wrote it; empty for the whole
 */
export function findUnstorableText(value: unknown, field = ''): FieldViolation[] {
  const violations: FieldViolation[] = [];
  // Not by recursion: how deep it is nested is the caller's choice.
  const open: [value: unknown, field: string][] = [[value, field]];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const [part, path] = next;
    if (typeof part === 'string') {
      const message = unstorableTextFault(part);
      if (message !== undefined) violations.push({ field: path || 'body', message });
    } else if (Array.isArray(part)) {
      part.forEach((each, index) => open.push([each, `${path}[${index}]`]));
    } else if (typeof part === 'object' && part !== null) {
      for (const [name, each] of Object.entries(part)) {
        const message = unstorableTextFault(name);
        if (message === undefined) open.push([each, path === '' ? name : `${path}.${name}`]);
        else violations.push({ field: path || 'body', message: `has a member whose name ${message}` });
      }
    }
  }
  return violations.reverse();
}

/** A text as it can be stored: what cannot stands as U+FFFD. For reports of what was refused, never for what is kept. */
export function toStorableText(text: string): string {
  return text.replace(/[\0\p{Cs}]/gu, '\ufffd');
}
