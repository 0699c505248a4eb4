import { tokenGrounds, type TokenAudience } from '@sluice/contracts';
import { sign, verify, type KeyObject } from 'node:crypto';
import { z } from 'zod';
import type { SigningKey } from '../token-keys/token-keys.js';

const claims = z.object({
  iss: z.string(),
  aud: z.string(),
  sub: z.string(),
  client_id: z.string(),
  /** Seconds since 1970, as `exp`. */
  iat: z.number().int(),
  exp: z.number().int(),
  jti: z.string().max(128),
  scope: z.string(),
  /** RFC 8705 §3.1. */
  cnf: z.object({ 'x5t#S256': z.string() }).optional(),
  sluice: tokenGrounds,
});
export type Claims = z.infer<typeof claims> & { readonly aud: TokenAudience };

const header = z.object({ typ: z.literal('at+jwt'), alg: z.literal('ES256'), kid: z.string().max(128) });

const encoded = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');

/** Signs an access token (RFC 9068 §2): a JWS of ES256, whose signature is r and s side by side (RFC 7518 §3.4). */
export function signAccessToken(content: Claims, { kid, privateKey }: SigningKey): string {
  const input = `${encoded({ typ: 'at+jwt', alg: 'ES256', kid })}.${encoded(content)}`;
  return `${input}.${sign('sha256', Buffer.from(input), { key: privateKey, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`;
}

export interface ReadToken {
  readonly kid: string;
  readonly content: z.infer<typeof claims>;
  /** Nothing of it is believed before. */
  isSignedBy(publicKey: KeyObject): boolean;
}

/** @returns undefined for what is no access token of ours in its form */
export function readAccessToken(token: string): ReadToken | undefined {
  const [first, second, third, ...more] = token.split('.');
  if (first === undefined || second === undefined || third === undefined || more.length > 0) return undefined;
  const readHeader = header.safeParse(decoded(first));
  const content = claims.safeParse(decoded(second));
  if (!readHeader.success || !content.success) return undefined;
  return {
    kid: readHeader.data.kid,
    content: content.data,
    isSignedBy: (key) =>
      verify(
        'sha256',
        Buffer.from(`${first}.${second}`),
        { key, dsaEncoding: 'ieee-p1363' },
        Buffer.from(third, 'base64url'),
      ),
  };
}

function decoded(part: string): unknown {
  try {
    return JSON.parse(Buffer.from(part, 'base64url').toString('utf8'));
  } catch {
    return undefined;
  }
}
