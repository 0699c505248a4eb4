import { type RefusalCode, type RefusalValues } from '@sluice/domain';
import { type PublicKeyInfo } from './public-key-info.js';
import { type HashName, type SignatureAlgorithm } from './signature-algorithm.js';

/** Which keys and signatures are good enough. */
export interface AlgorithmPolicy {
  readonly rsaMinimumBits: number;
  /** Cost grows with the square of the bits: this bounds what a stranger can make us compute. */
  readonly rsaMaximumBits: number;
  readonly rsaMaximumExponentBits: number;
  /** Names as in `PublicKeyInfo.curve`, e.g. `P-256`. */
  readonly curves: readonly string[];
  readonly edwardsCurves: readonly ('ed25519' | 'ed448')[];
  readonly hashes: readonly HashName[];
  readonly rsaPss: boolean;
}

export const defaultAlgorithmPolicy: AlgorithmPolicy = Object.freeze({
  rsaMinimumBits: 2048,
  rsaMaximumBits: 16384,
  rsaMaximumExponentBits: 64,
  curves: ['P-256', 'P-384', 'P-521'],
  edwardsCurves: ['ed25519'],
  hashes: ['sha224', 'sha256', 'sha384', 'sha512', 'sha512-224', 'sha512-256'],
  rsaPss: true,
} as const);

/** A code and its values; the caller adds the certificate. */
export interface AlgorithmObjection {
  readonly code: RefusalCode;
  readonly values: RefusalValues;
}

/** What the policy has against a key, or undefined. */
export function judgePublicKey(key: PublicKeyInfo, policy: AlgorithmPolicy): AlgorithmObjection | undefined {
  switch (key.kind) {
    case 'rsa':
    case 'rsa-pss':
      if (key.kind === 'rsa-pss' && !policy.rsaPss) return unsupportedKey(key);
      if (!key.sound)
        return {
          code: 'weak-key',
          values: { key: `${key.name}, no sound RSA key`, allowed: 'an odd modulus and an odd exponent above 1' },
        };
      if (key.bits < policy.rsaMinimumBits)
        return { code: 'weak-key', values: { key: key.name, allowed: `RSA ${policy.rsaMinimumBits} bits` } };
      if (key.bits > policy.rsaMaximumBits)
        return { code: 'oversized-key', values: { key: key.name, allowed: `RSA ${policy.rsaMaximumBits} bits` } };
      if (key.exponentBits > policy.rsaMaximumExponentBits)
        return {
          code: 'oversized-key',
          values: {
            key: `${key.name} with an exponent of ${key.exponentBits} bits`,
            allowed: `an exponent of ${policy.rsaMaximumExponentBits} bits`,
          },
        };
      return undefined;
    case 'ec':
      return policy.curves.includes(key.curve) ? undefined : unsupportedKey(key);
    case 'ed25519':
    case 'ed448':
      return policy.edwardsCurves.includes(key.kind) ? undefined : unsupportedKey(key);
    default:
      return unsupportedKey(key);
  }
}

const unsupportedKey = (key: PublicKeyInfo): AlgorithmObjection => ({
  code: 'unsupported-key',
  values: { key: key.name },
});

/** Longest PSS salt of any use: that of a 4096-bit key filled up, as `openssl` writes by default. */
const maxSalt = 2048;

/** What the policy has against a signature algorithm, or undefined. */
export function judgeSignatureAlgorithm(
  algorithm: SignatureAlgorithm,
  policy: AlgorithmPolicy,
): AlgorithmObjection | undefined {
  const unsupported: AlgorithmObjection = {
    code: 'unsupported-signature-algorithm',
    values: { algorithm: algorithm.name },
  };
  switch (algorithm.kind) {
    case 'rsa-pkcs1':
    case 'ecdsa':
      return judgeHash(algorithm.hash, algorithm.name, policy);
    case 'rsa-pss':
      if (!policy.rsaPss || algorithm.maskHash !== algorithm.hash || algorithm.saltLength > maxSalt) return unsupported;
      return judgeHash(algorithm.hash, algorithm.name, policy);
    case 'ed25519':
    case 'ed448':
      return policy.edwardsCurves.includes(algorithm.kind) ? undefined : unsupported;
    default:
      return unsupported;
  }
}

const forgeable: ReadonlySet<HashName> = new Set<HashName>(['md2', 'md5', 'sha1']);

function judgeHash(hash: HashName, name: string, policy: AlgorithmPolicy): AlgorithmObjection | undefined {
  if (policy.hashes.includes(hash)) return undefined;
  return {
    code: forgeable.has(hash) ? 'weak-signature-algorithm' : 'unsupported-signature-algorithm',
    values: { algorithm: name },
  };
}
