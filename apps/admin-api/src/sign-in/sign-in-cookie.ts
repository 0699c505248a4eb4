import { signInSeconds } from './begun-sign-in.js';

interface CookieRequest {
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

/** With the prefix no other host of the same domain can set it, and so give a browser a sign-in that somebody else began. */
const nameOf = (secure: boolean) => (secure ? '__Host-sluice-sign-in' : 'sluice-sign-in');

/** What the cookie of a begun sign-in holds; undefined when there is none, or more than one of the name. */
export function signInCookieOf({ headers }: CookieRequest, secure: boolean): string | undefined {
  const given = headers['cookie'];
  if (typeof given !== 'string') return undefined;
  const prefix = `${nameOf(secure)}=`;
  const [value, ...more] = given
    .split(';')
    .map((part) => part.trim())
    .filter((part) => part.startsWith(prefix));
  return value === undefined || more.length > 0 ? undefined : value.slice(prefix.length);
}

/** `Lax`, because it comes along when the provider sends the browser back; it opens nothing by itself. @param value absent: it is taken away */
export function signInCookie(value: string | undefined, secure: boolean): string {
  return `${nameOf(secure)}=${value ?? ''}; Path=/; HttpOnly; SameSite=Lax; Max-Age=${value === undefined ? 0 : signInSeconds}${secure ? '; Secure' : ''}`;
}
