import { createHash } from 'node:crypto';

/** 16 hexadecimal digits of the SHA-256 of issuer and subject, which together are an account for good (OpenID Connect Core §5.7). */
export function personIdFor(issuer: string, subject: string): string {
  return createHash('sha256')
    .update(JSON.stringify([issuer, subject]))
    .digest('hex')
    .slice(0, 16);
}
