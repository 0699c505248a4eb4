import { canonicalDistinguishedName, type DistinguishedName } from './distinguished-name.js';

/**
 * What a digest of a certificate's two names is taken over, for keys that are not pinned: JSON, so that no name can reach
 * into the other. Names compare as RFC 5280 §7.1 says.
 */
export function namesDigestInput(subject: DistinguishedName, issuer: DistinguishedName): string {
  return JSON.stringify([canonicalDistinguishedName(subject), canonicalDistinguishedName(issuer)]);
}
