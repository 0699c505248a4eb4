import { isPublicKey, isSignedBy, type SigningKey } from './nkey.js';

/** A JSON Web Token as NATS has them: Ed25519 by an nkey, which is the issuer. */
const algorithm = 'ed25519-nkey';
const header = encode({ typ: 'JWT', alg: algorithm });

/** @param claims without issuer and time, which are added; times are in seconds */
export function signToken(key: SigningKey, now: number, claims: Readonly<Record<string, unknown>>): string {
  const signed = `${header}.${encode({ ...claims, iss: key.publicKey, iat: Math.floor(now / 1_000) })}`;
  return `${signed}.${key.sign(Buffer.from(signed)).toString('base64url')}`;
}

/**
 * What a token of a server says.
 * @returns undefined when it is not one, or its signature is not its issuer's
 */
export function readServerToken(text: string): Readonly<Record<string, unknown>> | undefined {
  const [head, body, signature, ...more] = text.split('.');
  if (!head || !body || !signature || more.length > 0) return undefined;
  const [said, claims] = [decode(head), decode(body)];
  if (said?.['alg'] !== algorithm || !claims || !isPublicKey('N', claims['iss'])) return undefined;
  const signed = isSignedBy(claims['iss'], Buffer.from(`${head}.${body}`), Buffer.from(signature, 'base64url'));
  return signed ? claims : undefined;
}

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

function decode(part: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString());
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    // No JSON, and so no token.
    return undefined;
  }
}
