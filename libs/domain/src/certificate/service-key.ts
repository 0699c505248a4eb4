import type { FieldViolation } from '../error/sluice-error.js';

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

const fields: Readonly<Record<KeyType, readonly string[]>> = {
  client_secret: [],
  certificate: ['validity', 'key-algorithm', 'key-length'],
  certificate_external: ['X.509', 'pin-certificate'],
  certificate_request: ['certificate-request', 'validity'],
};

/** @returns the parameters with their defaults, or every rule that was broken. The default type is `certificate`. */
export function readServiceKeyParameters(
  given: unknown,
): { parameters: ServiceKeyParameters } | { violations: FieldViolation[] } {
  const at = (name: string) => `parameters.${name}`;
  if (given !== undefined && (typeof given !== 'object' || given === null || Array.isArray(given))) {
    return { violations: [{ field: 'parameters', message: 'must be an object' }] };
  }
  const values: Record<string, unknown> = { ...(given as Record<string, unknown> | undefined) };
  /** The default is for what is not named; null is a wrong value like any other. */
  const valueOf = (name: string, otherwise: unknown) => (name in values ? values[name] : otherwise);
  const type = valueOf('key-type', 'certificate') as KeyType;
  if (!keyTypes.includes(type)) {
    return { violations: [{ field: at('key-type'), message: `must be one of ${keyTypes.join(', ')}` }] };
  }
  const violations: FieldViolation[] = Object.keys(values)
    .filter((name) => name !== 'key-type' && !fields[type].includes(name))
    .map((name) => ({
      field: at(name),
      message: `is not a parameter of key type ${type}${fields[type].length ? `; known are ${fields[type].join(', ')}` : ''}`,
    }));
  const refuse = (name: string, message: string) => violations.push({ field: at(name), message });

  const validity = valueOf('validity', 365);
  if (
    'validity' in values &&
    !(Number.isInteger(validity) && (validity as number) >= 1 && (validity as number) <= 365)
  ) {
    refuse('validity', 'must be a whole number of days from 1 to 365');
  }
  const algorithm = valueOf('key-algorithm', 'RSA') as KeyAlgorithm;
  if (!keyAlgorithms.includes(algorithm)) refuse('key-algorithm', `must be one of ${keyAlgorithms.join(', ')}`);
  const length = valueOf('key-length', algorithm === 'RSA' ? 2048 : undefined);
  if (algorithm === 'RSA' && !rsaKeyLengths.includes(length as 2048)) {
    refuse('key-length', `must be one of ${rsaKeyLengths.join(', ')}`);
  } else if (algorithm !== 'RSA' && 'key-length' in values) {
    refuse('key-length', 'goes with key-algorithm RSA only');
  }
  const pinned = valueOf('pin-certificate', true);
  if (typeof pinned !== 'boolean') refuse('pin-certificate', 'must be true or false');
  const pem = values['X.509'];
  if (type === 'certificate_external' && (typeof pem !== 'string' || pem.trim() === '')) {
    refuse('X.509', 'must be one X.509 certificate in PEM');
  }
  const request = values['certificate-request'];
  if (type === 'certificate_request' && (typeof request !== 'string' || request.trim() === '')) {
    refuse('certificate-request', 'must be one PKCS#10 certification request in PEM');
  }
  if (violations.length > 0) return { violations };

  switch (type) {
    case 'client_secret':
      return { parameters: { 'key-type': type } };
    case 'certificate':
      return {
        parameters: {
          'key-type': type,
          validity: validity as number,
          'key-algorithm': algorithm,
          ...(algorithm === 'RSA' ? { 'key-length': length as number } : {}),
        },
      };
    case 'certificate_external':
      return {
        parameters: { 'key-type': type, 'X.509': pem as string, 'pin-certificate': pinned as boolean },
      };
    case 'certificate_request':
      return {
        parameters: { 'key-type': type, validity: validity as number, 'certificate-request': request as string },
      };
  }
}

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

/** @returns the reason, `unspecified` when none is given, or what is wrong with it */
export function readRevocationReason(given: unknown): { reason: RevocationReason } | { violation: FieldViolation } {
  const reason = given ?? 'unspecified';
  if (revocationReasons.includes(reason as RevocationReason)) return { reason: reason as RevocationReason };
  const hold = reason === 'certificateHold' || reason === 'removeFromCRL';
  return {
    violation: {
      field: 'reason',
      message: `must be one of ${revocationReasons.join(', ')}${hold ? '; a revocation here is for good, so nothing can be put on hold' : ''}`,
    },
  };
}
