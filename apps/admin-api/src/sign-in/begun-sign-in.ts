import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

/** How long somebody may take at the provider, in seconds. */
export const signInSeconds = 600;

/** A sign-in between its start and its end. What it needs is made of a secret that the browser alone keeps, so that no other browser ends it. */
export interface BegunSignIn {
  /** For the cookie. */
  readonly value: string;
  /** Goes to the provider and comes back in the URL. */
  readonly state: string;
  /** Comes back in the id token. */
  readonly nonce: string;
  /** PKCE (RFC 7636 §4.1); goes to the token end point. */
  readonly verifier: string;
  /** Where the browser goes afterwards. */
  readonly returnPath: string;
}

/** @param now milliseconds since 1970 */
export function beginSignIn(returnPath: string, now: number): BegunSignIn {
  const secret = randomBytes(32).toString('base64url');
  return madeOf(secret, now, returnPath);
}

/**
 * @param cookie as the browser sent it @param state as the provider sent it back
 * @returns undefined where this browser began no such sign-in, or too long ago
 */
export function readSignIn(cookie: string | undefined, state: string, now: number): BegunSignIn | undefined {
  const [, secret = '', at = '', path = ''] =
    /^([\w-]{43})\.([0-9a-z]{1,11})\.([\w-]{1,800})$/.exec(cookie ?? '') ?? [];
  if (secret === '') return undefined;
  const begunAt = Number.parseInt(at, 36);
  if (begunAt > now || begunAt + signInSeconds * 1_000 <= now) return undefined;
  const begun = madeOf(secret, begunAt, Buffer.from(path, 'base64url').toString('utf8'));
  return isSame(begun.state, state) ? begun : undefined;
}

function madeOf(secret: string, begunAt: number, returnPath: string): BegunSignIn {
  const at = begunAt.toString(36);
  const path = Buffer.from(returnPath, 'utf8').toString('base64url');
  // None of them tells another, nor the secret. All are of the whole cookie: no part of it can be another's.
  const made = (what: string) => createHmac('sha256', secret).update(`${what}.${at}.${path}`).digest('base64url');
  return {
    value: `${secret}.${at}.${path}`,
    state: made('state'),
    nonce: made('nonce'),
    verifier: made('verifier'),
    returnPath,
  };
}

function isSame(one: string, other: string): boolean {
  const [first, second] = [Buffer.from(one), Buffer.from(other)];
  return first.length === second.length && timingSafeEqual(first, second);
}
