import type { RequestContract } from '@sluice/contracts';
import { cursorOf, positionOf, type CursorList } from './cursor.js';

export interface PageRequest {
  readonly limit: number;
  /** `next` of the page before. */
  readonly after?: string | undefined;
}

/** A list of rows in the order of a column that is unique. */
export interface PagedRows<Row> extends Omit<CursorList, 'name'> {
  /** The next rows, at most `take`, after the position; from the first when it is undefined. */
  readonly load: (after: string | undefined, take: number) => Promise<Row[]>;
  /** The value of the column by which the rows are ordered. */
  readonly position: (row: Row) => string;
}

/**
 * One page of what a request lists.
 * @returns `next` unless it is the last
 * @throws SluiceError `invalid-argument` naming `after` when no page of this list gave it
 */
export async function pageOf<Row>(
  { subject }: Pick<RequestContract, 'subject'>,
  { limit, after }: PageRequest,
  { load, position, ...rest }: PagedRows<Row>,
): Promise<{ rows: Row[]; next?: string }> {
  const list = { ...rest, name: nameOf(subject) };
  const rows = await load(after === undefined ? undefined : positionOf(list, after), limit + 1);
  if (rows.length <= limit) return { rows };
  const kept = rows.slice(0, limit);
  return { rows: kept, next: cursorOf(list, position(kept.at(-1) as Row)) };
}

/** `list-user-roles.v1` of `sluice.authorization.list-user-roles.v1`. */
function nameOf(subject: string): string {
  return subject.split('.').slice(2).join('.');
}
