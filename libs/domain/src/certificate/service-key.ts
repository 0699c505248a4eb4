export const keyTypes = ['client_secret', 'certificate', 'certificate_external', 'certificate_request'] as const;
export type KeyType = (typeof keyTypes)[number];

export const keyAlgorithms = ['RSA', 'P-256', 'P-384'] as const;
export type KeyAlgorithm = (typeof keyAlgorithms)[number];

export const rsaKeyLengths = [2048, 3072, 4096] as const;

/** RFC 5280 §5.3.1, by the names the API uses. */
export const revocationReasons = [
  'unspecified',
  'keyCompromise',
  'cACompromise',
  'affiliationChanged',
  'superseded',
  'cessationOfOperation',
  'privilegeWithdrawn',
] as const;
export type RevocationReason = (typeof revocationReasons)[number];
