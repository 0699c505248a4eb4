import type { SenderAuthorization } from './sender-authorization.js';

/** The ways in which a caller may show who it is: its certificate, an access token, or the id and secret of its client (RFC 7617). */
export const senderAuthentications = ['certificate', 'token', 'basic'] as const;
export type SenderAuthentication = (typeof senderAuthentications)[number];

interface Channel {
  readonly authorization: SenderAuthorization;
  /** Absent: what it says is left to us. */
  readonly authentication?: readonly SenderAuthentication[];
}

/**
 * What a sender channel admits. Where pairs of names are compared only a certificate has any; else certificate and token, and a
 * secret with each call only where the channel says so.
 */
export function admittedBy({ authorization, authentication }: Channel): readonly SenderAuthentication[] {
  if (authorization.type === 'ClientCertificate') return ['certificate'];
  return authentication ?? ['certificate', 'token'];
}

/** @returns why a channel cannot have these, with the next step; undefined when it can */
export function authenticationViolation({ authorization, authentication }: Channel): string | undefined {
  if (authentication === undefined) return undefined;
  if (new Set(authentication).size !== authentication.length)
    return 'A way in stands in the list twice: leave one out.';
  const other = authentication.find((way) => way !== 'certificate');
  if (authorization.type === 'ClientCertificate' && (other !== undefined || authentication.length === 0))
    return `Authorization by client certificate compares names of certificates, which ${other ?? 'nothing'} has not: admit certificate alone, or ask for a user role.`;
  return authentication.length === 0 ? 'Nobody could call the channel: name certificate, token or basic.' : undefined;
}
