/** JSON as Postgres takes it: neither NUL nor half of a surrogate pair, which it refuses. */
export function storableJson(value: unknown): string {
  return JSON.stringify(value).replace(/\\u(?:0000|d[89a-f][0-9a-f]{2})/g, '\\ufffd');
}
