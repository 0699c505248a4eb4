import type { Certificate } from './certificate.js';

/**
 * Octets that the names of CAs may take in a handshake that asks for a certificate (RFC 5246 §7.4.4, RFC 8446 §4.2.4). Clients
 * take no more: SChannel keeps to 12,228 itself, several to one record of 16,384, Java to 32,768 for the whole message, and
 * fail before HTTP, whatever their certificate. A list that is left out means that any will do.
 */
export const maxAuthorityNamesBytes = 12_228;

/** @returns the octets that the names of these CAs take in a handshake, each with its length */
export function authorityNamesBytes(authorities: Iterable<Certificate>): number {
  let bytes = 0;
  for (const { subjectDer } of authorities) bytes += 2 + subjectDer.length;
  return bytes;
}
