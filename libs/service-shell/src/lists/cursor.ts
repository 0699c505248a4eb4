import { invalidArgument, unstorableTextFault } from '@sluice/domain';
import { createHash } from 'node:crypto';

/** A list that is read page by page. */
export interface CursorList {
  /** With the version of what its positions mean: `list-user-roles.v1`. */
  readonly name: string;
  /** What the list is of, where there are several by the name: a service instance. */
  readonly scope?: string | undefined;
  /** Whether a text can be a position of the list; any text when absent. */
  readonly isPosition?: (text: string) => boolean;
}

const checkBytes = 4;

/**
 * What a page gives as `next`: base64url of the list's name, a check sum and the position. Not a secret and not signed:
 * a position tells nothing that the page does not, and the check sum is against mistakes.
 */
export function cursorOf(list: CursorList, position: string): string {
  const check = createHash('sha256')
    .update(`${list.name}\0${list.scope ?? ''}\0${position}`)
    .digest();
  const parts = [Buffer.from(`${list.name}:`), check.subarray(0, checkBytes), Buffer.from(position)];
  return Buffer.concat(parts).toString('base64url');
}

/** @throws SluiceError `invalid-argument` naming `after` when no page of this list gave it */
export function positionOf(list: CursorList, cursor: string): string {
  const start = Buffer.byteLength(list.name) + 1 + checkBytes;
  const position = Buffer.from(cursor, 'base64url').subarray(start).toString('utf8');
  const isOurs = cursorOf(list, position) === cursor && unstorableTextFault(position) === undefined;
  if (isOurs && (list.isPosition?.(position) ?? true)) return position;
  throw invalidArgument([
    { field: 'after', message: 'must be `next` of a page of this list; leave it out to begin with the first page' },
  ]);
}
