import { lstatSync, realpathSync, type Stats } from 'node:fs';
import { dirname } from 'node:path';

const sticky = 0o1000;
const writableByGroup = 0o020;
const writableByOthers = 0o002;

/**
 * Requires that nobody but this user, or root, can change what a path names: they own the file and every folder on the way,
 * and nobody else may write there. A folder like /tmp, in which each may change only what is theirs, is good on the way.
 *
 * @param whole a folder whose content must be own too: then it may not be such a folder itself
 * @throws Error with a sentence that says what is wrong, and what to do
 */
export function requireOwn(path: string, { whole = false }: { whole?: boolean } = {}): void {
  const self = process.getuid?.();
  // Without users that are numbers there are no such modes either.
  if (self === undefined) return;
  if (lstatSync(path).isSymbolicLink()) refuse(path, 'is a link', path);
  for (let part = realpathSync(path); ; part = dirname(part)) {
    const status = lstatSync(part);
    if (status.uid !== self && status.uid !== 0) refuse(part, `belongs to user ${status.uid}`, path);
    if (othersMayChange(status, whole && part === realpathSync(path)))
      refuse(part, 'may be written to by other users', path);
    if (part === dirname(part)) return;
  }
}

function othersMayChange({ mode, uid, gid }: Stats, itself: boolean): boolean {
  // Where each user has a group of its own, of the same number, what the group may do only the user may.
  const writable = uid === gid ? writableByOthers : writableByOthers | writableByGroup;
  return (mode & writable) !== 0 && (itself || (mode & sticky) === 0);
}

function refuse(part: string, why: string, path: string): never {
  throw new Error(
    `${part} ${why}, so ${path} is not executed: remove it, or set XDG_CACHE_HOME to a folder of your own.`,
  );
}
