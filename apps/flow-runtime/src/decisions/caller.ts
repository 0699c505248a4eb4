/** The leaf a sender proved to have the key of, and the other certificates it sent, in any order. DER. */
export interface CallerCertificate {
  readonly sha256: string;
  readonly leaf: Uint8Array;
  /** Read when the chain is needed: a request that was decided before does not. */
  chain(): readonly Uint8Array[];
}

/** Who shows an access token: the token alone says who calls, and the certificate only whether it may be used here (ADR 52). */
export interface TokenCaller {
  /** A digest of the token and of the certificate that came with it, by which answers are found again. It tells nothing of either. */
  readonly shown: string;
  readonly token: string;
  readonly certificate?: CallerCertificate | undefined;
}

/** Who shows the id and the secret of a client. */
export interface SecretCaller {
  /** A digest of both. */
  readonly shown: string;
  readonly clientId: string;
  readonly secret: string;
  /** Where it came from, for the delay after wrong secrets. */
  readonly address: string;
}

/** What a caller shows of itself. */
export type Caller = CallerCertificate | TokenCaller | SecretCaller;

/** The name of what was shown, in the caches: of a certificate its SHA-256 in hex, which no other name is written like. */
export function shownBy(caller: Caller): string {
  return 'shown' in caller ? caller.shown : caller.sha256;
}

/** The certificate that came, whatever says who calls. */
export function certificateOf(caller: Caller): CallerCertificate | undefined {
  if ('token' in caller) return caller.certificate;
  return 'secret' in caller ? undefined : caller;
}
