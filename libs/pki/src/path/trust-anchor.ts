import { type Certificate } from '../certificate/certificate.js';

/** How much of an anchor's own certificate counts (RFC 5937; see docs/adr). */
export interface AnchorEnforcement {
  /** An anchor outside its validity anchors nothing. */
  readonly validity: boolean;
  /** Its name constraints, path length, policies, key usage, extended key usage and critical extensions bind the paths below. */
  readonly constraints: boolean;
  /** With `constraints`: a version 3 anchor without basicConstraints is refused. */
  readonly basicConstraints: boolean;
}

export interface TrustAnchor {
  readonly certificate: Certificate;
  readonly enforce: AnchorEnforcement;
}

const everything: AnchorEnforcement = Object.freeze({ validity: true, constraints: true, basicConstraints: true });

/** Makes a certificate a trust anchor. By default everything its certificate says is enforced. */
export function trustAnchor(certificate: Certificate, enforce: Partial<AnchorEnforcement> = {}): TrustAnchor {
  return Object.freeze({ certificate, enforce: Object.freeze({ ...everything, ...enforce }) });
}
