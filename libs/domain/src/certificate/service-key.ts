export const keyTypes = ['client_secret', 'certificate', 'certificate_external', 'certificate_request'] as const;
export type KeyType = (typeof keyTypes)[number];

export const keyAlgorithms = ['RSA', 'P-256', 'P-384'] as const;
export type KeyAlgorithm = (typeof keyAlgorithms)[number];

export const rsaKeyLengths = [2048, 3072, 4096] as const;

/** Parameters of a service key, by type. `validity` is in days. */
export type ServiceKeyParameters =
  | { readonly 'key-type': 'client_secret' }
  | {
      readonly 'key-type': 'certificate';
      readonly validity: number;
      readonly 'key-algorithm': KeyAlgorithm;
      readonly 'key-length'?: number;
    }
  | { readonly 'key-type': 'certificate_external'; readonly 'X.509': string; readonly 'pin-certificate': boolean }
  | {
      readonly 'key-type': 'certificate_request';
      readonly validity: number;
      /** PKCS#10 in PEM. */
      readonly 'certificate-request': string;
    };

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
