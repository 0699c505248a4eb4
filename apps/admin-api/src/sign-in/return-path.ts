import { invalidArgument } from '@sluice/domain';

/** Stands for the address of the console: what is resolved against it and leads elsewhere is no path of it. */
const here = 'http://here.invalid';

/**
 * Where a browser goes after a sign-in: a page of the console, never another site (RFC 9700 §4.11).
 * @returns as it goes into `Location` @throws SluiceError `invalid-argument`
 */
export function readReturnPath(given: string | undefined): string {
  if (given === undefined || given === '') return '/';
  const target =
    /^\/(?![/\\])[\x21-\x5b\x5d-\x7e]*$/.test(given) && URL.canParse(given, here) ? new URL(given, here) : undefined;
  // A page, and no call: that would be made in the name of who signs in.
  if (target?.origin === here && !/^\/+v1(?:\/|$)/.test(target.pathname) && !target.pathname.startsWith('//'))
    return `${target.pathname}${target.search}`;
  throw invalidArgument([{ field: 'return', message: 'must be the path of a page of the console, such as /flows' }]);
}
