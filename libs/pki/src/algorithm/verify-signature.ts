import { constants, verify, type KeyObject, type VerifyKeyObjectInput } from 'node:crypto';
import { type PublicKeyInfo } from './public-key-info.js';
import { type SignatureAlgorithm } from './signature-algorithm.js';

/**
 * Whether `signature` over `data` was made with the key. A key of another kind than the algorithm's is simply no match.
 * Synchronous: a check takes 30 µs (RSA-2048) to some milliseconds (RSA-16384); see {@link signatureCost}.
 */
export function verifySignature(
  data: Uint8Array,
  algorithm: SignatureAlgorithm,
  signature: Uint8Array,
  key: KeyObject,
  keyInfo: PublicKeyInfo,
): boolean {
  const parameters = verificationParameters(algorithm, key, keyInfo);
  if (parameters === undefined) return false;
  try {
    return verify(parameters.hash, data, parameters.key, signature);
  } catch {
    // OpenSSL throws on a signature it cannot even decode, or on parameters a PSS key forbids: no match either.
    return false;
  }
}

/** The same in a thread of libuv's pool. */
export function verifySignatureOffLoop(
  data: Uint8Array,
  algorithm: SignatureAlgorithm,
  signature: Uint8Array,
  key: KeyObject,
  keyInfo: PublicKeyInfo,
): Promise<boolean> {
  const parameters = verificationParameters(algorithm, key, keyInfo);
  if (parameters === undefined) return Promise.resolve(false);
  return new Promise((resolve) => {
    try {
      verify(parameters.hash, data, parameters.key, signature, (error, signed) => resolve(error === null && signed));
    } catch {
      resolve(false);
    }
  });
}

/** What `verify` of node:crypto is to be given; undefined where the key is of another kind than the algorithm's. */
function verificationParameters(
  algorithm: SignatureAlgorithm,
  key: KeyObject,
  keyInfo: PublicKeyInfo,
): { readonly hash: string | null; readonly key: KeyObject | VerifyKeyObjectInput } | undefined {
  switch (algorithm.kind) {
    case 'rsa-pkcs1':
      return keyInfo.kind === 'rsa' ? { hash: algorithm.hash, key } : undefined;
    case 'rsa-pss':
      if (keyInfo.kind !== 'rsa' && keyInfo.kind !== 'rsa-pss') return undefined;
      return {
        hash: algorithm.hash,
        key: { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: algorithm.saltLength },
      };
    case 'ecdsa':
      return keyInfo.kind === 'ec' ? { hash: algorithm.hash, key } : undefined;
    case 'ed25519':
    case 'ed448':
      return keyInfo.kind === algorithm.kind ? { hash: null, key } : undefined;
    default:
      return undefined;
  }
}

/** Cost of a check with this key in units of one RSA-2048 check, for budgets. Measured, rounded up. */
export function signatureCost(key: PublicKeyInfo): number {
  switch (key.kind) {
    case 'rsa':
    case 'rsa-pss':
      return Math.max(1, (key.bits / 2048) ** 2) * Math.max(1, key.exponentBits / 17);
    case 'ec':
      return key.curve === 'P-256' ? 3 : key.curve === 'P-384' ? 20 : 55;
    default:
      return 4;
  }
}
