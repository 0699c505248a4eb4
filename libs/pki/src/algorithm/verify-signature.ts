import { constants, verify, type KeyObject } from 'node:crypto';
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
  switch (algorithm.kind) {
    case 'rsa-pkcs1':
      return keyInfo.kind === 'rsa' && tryVerify(algorithm.hash, data, key, signature);
    case 'rsa-pss':
      if (keyInfo.kind !== 'rsa' && keyInfo.kind !== 'rsa-pss') return false;
      return tryVerify(
        algorithm.hash,
        data,
        { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: algorithm.saltLength },
        signature,
      );
    case 'ecdsa':
      return keyInfo.kind === 'ec' && tryVerify(algorithm.hash, data, key, signature);
    case 'ed25519':
    case 'ed448':
      return keyInfo.kind === algorithm.kind && tryVerify(null, data, key, signature);
    default:
      return false;
  }
}

function tryVerify(
  hash: string | null,
  data: Uint8Array,
  key: Parameters<typeof verify>[2],
  signature: Uint8Array,
): boolean {
  try {
    return verify(hash, data, key, signature);
  } catch {
    // OpenSSL throws on a signature it cannot even decode, or on parameters a PSS key forbids: no match either.
    return false;
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
