import { maxTokenLength, tokenGrounds } from '@sluice/contracts';
import { refuseAccess, type AccessRefusal } from '@sluice/domain';
import { z } from 'zod';

/** What stands in keys of records: neither a wildcard nor a dot of NATS, and never a path or an address (attack 46). */
const keyPart = z.string().regex(/^[A-Za-z0-9_-]{1,128}$/);

/** RFC 9068 §2.1. What else there is in RFC 7515 (`jwk`, `jku`, `x5c`, `crit`, …) has no meaning here, so it is not there. */
const header = z.strictObject({ alg: z.literal('ES256'), typ: z.literal('at+jwt'), kid: keyPart });

/** RFC 9068 §2.2. Times in seconds since 1970. */
const claims = z
  .object({
    iss: z.string(),
    sub: z.string(),
    aud: z.string(),
    client_id: z.string(),
    jti: keyPart,
    iat: z.number().int().nonnegative(),
    exp: z.number().int().positive(),
    nbf: z.number().int().nonnegative().optional(),
    /** What was granted; absent: nothing. */
    scope: z.string().optional(),
    /** RFC 8705 §3.1. Another way to confirm (RFC 7800) is not known here, and what is not known is not passed over. */
    cnf: z.strictObject({ 'x5t#S256': z.string().regex(/^[A-Za-z0-9_-]{43}$/) }).optional(),
    sluice: tokenGrounds.extend({ secret: keyPart.optional() }),
  })
  .transform(({ sluice, ...registered }) => ({ ...registered, ...sluice }));
export type TokenClaims = z.infer<typeof claims>;

/** A token that was read, and of which nothing is proved yet. */
export interface ReadToken {
  readonly kid: string;
  readonly claims: TokenClaims;
  /** What the signature is over (RFC 7515 §5.2). */
  readonly signed: Buffer;
  readonly signature: Buffer;
}

const signatureBytes = 64;

/**
 * Reads an access token: a JWS in the compact form, with the one header that ours have. The size is looked at before anything
 * else, and nothing in the token says where anything is to be fetched.
 */
export function readToken(token: string): ReadToken | AccessRefusal {
  if (token.length > maxTokenLength) return refuseAccess('token-too-large', { allowed: maxTokenLength });
  const parts = token.split('.', 4);
  if (parts.length !== 3) return malformed('it is not three parts with dots between them');
  const [first, second, third] = parts as [string, string, string];
  const signature = bytesOf(third);
  const headerText = bytesOf(first)?.toString();
  const claimsText = bytesOf(second)?.toString();
  if (!signature || headerText === undefined || claimsText === undefined) return malformed('a part is not base64url');
  const writtenHeader = jsonOf(headerText);
  if (writtenHeader === undefined) return malformed('its header is not JSON as it is written without blanks');
  const readHeader = header.safeParse(writtenHeader);
  if (!readHeader.success) return refuseAccess('token-header', { problem: problemOf(readHeader.error) });
  if (signature.length !== signatureBytes) return malformed('its signature has not the length of one by ES256');
  const writtenClaims = jsonOf(claimsText);
  if (writtenClaims === undefined) return malformed('its claims are not JSON as it is written without blanks');
  const readClaims = claims.safeParse(writtenClaims);
  if (!readClaims.success) return malformed(problemOf(readClaims.error));
  return {
    kid: readHeader.data.kid,
    claims: readClaims.data,
    signed: Buffer.from(token.slice(0, first.length + 1 + second.length), 'latin1'),
    signature,
  };
}

/** RFC 7515 §2: no padding, no other character, no bits left over. */
function bytesOf(part: string): Buffer | undefined {
  const bytes = Buffer.from(part, 'base64url');
  return bytes.toString('base64url') === part ? bytes : undefined;
}

/** @returns undefined unless it is written as `JSON.stringify` writes: so no member stands in it twice (RFC 7515 §4) */
function jsonOf(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    return JSON.stringify(value) === text ? value : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function malformed(problem: string): AccessRefusal {
  return refuseAccess('token-malformed', { problem });
}

/** The names of the members at fault, and nothing of their values. */
function problemOf({ issues }: z.ZodError): string {
  const names = issues.map((issue) =>
    issue.code === 'unrecognized_keys' ? issue.keys.map((key) => key.slice(0, 20)).join(', ') : issue.path.join('.'),
  );
  return `at fault: ${names.join(', ').slice(0, 120)}`;
}
