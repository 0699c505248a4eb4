import { SluiceError } from '@sluice/domain';

interface CookieRequest {
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

/** No prefix `__Host-`: the local stack is plain HTTP on loopback. */
const cookieName = 'sluice-session';
const cookie = new RegExp(`(?:^|;)\\s*${cookieName}=([^;]*)`, 'g');

/** What the cookie of a session holds; undefined when there is none. Of two, another host of the domain may have set one: none of them counts. */
export function sessionOf({ headers }: CookieRequest): string | undefined {
  const given = headers['cookie'];
  if (typeof given !== 'string') return undefined;
  const [value, ...more] = Array.from(given.matchAll(cookie), ([, held = '']) => held.trim());
  return value !== undefined && more.length === 0 && /^[\w-]{43}$/.test(value) ? value : undefined;
}

/** @param secure whether the request came by TLS @param maxAgeSeconds 0 takes it away */
export function sessionCookie(
  value: string,
  { secure, maxAgeSeconds }: { secure: boolean; maxAgeSeconds: number },
): string {
  return `${cookieName}=${value}; Path=/; HttpOnly; SameSite=Strict; Max-Age=${maxAgeSeconds}${secure ? '; Secure' : ''}`;
}

/**
 * A page of another site may make a browser send the cookie, and must change nothing by it. Browsers say whose page asks, in a header that
 * no script can set (Fetch Metadata), older ones in `Origin`.
 * @throws SluiceError `permission-denied`
 */
export function requireSameOrigin({ headers }: CookieRequest): void {
  const site = headers['sec-fetch-site'];
  const same = site === undefined ? isOfHost(headers['origin'], headers['host']) : site === 'same-origin';
  if (same) return;
  throw new SluiceError(
    'permission-denied',
    'A call with the cookie of a session changes something only from a page of the same origin: send a token from elsewhere.',
  );
}

function isOfHost(origin: string | string[] | undefined, host: string | string[] | undefined): boolean {
  if (typeof origin !== 'string' || typeof host !== 'string' || !URL.canParse(origin)) return false;
  return new URL(origin).host === host.toLowerCase();
}
