/** How certificates below a trusted root are checked for revocation, as an administrator sets it. */
export interface RevocationPolicy {
  /** `hard`: who cannot be shown not to be revoked is refused. `soft`: only who is found revoked. */
  readonly failure: 'hard' | 'soft';
  /** Which certificates below the root are checked. */
  readonly scope: 'all' | 'leaf';
  /** A CRL or OCSP answer older than this is not used, even before its nextUpdate. */
  readonly maximumAgeSeconds?: number;
  /** How far the issuers' clocks may be ahead of ours. */
  readonly clockSkewSeconds: number;
  /** CRLs fetched over HTTP. */
  readonly crls: readonly { readonly url: string; readonly refreshSeconds: number }[];
  /** PEM; certificates of CRL issuers and OCSP responders that senders do not send. */
  readonly issuerCertificates: readonly string[];
  readonly ocsp?: OcspPolicy;
}

export interface OcspPolicy {
  /** Absent: the responder that the certificate names (RFC 5280 §4.2.2.1), once its path has been found valid. */
  readonly url?: string;
  /** RFC 9654. `optional`: an answer without it will do, one with another will not. */
  readonly nonce: 'required' | 'optional' | 'none';
  readonly timeoutMilliseconds: number;
}
