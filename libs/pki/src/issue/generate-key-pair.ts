import { generateKeyPair as generate, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';

export type KeyPairSpecification =
  { readonly algorithm: 'RSA'; readonly modulusLength: number } | { readonly algorithm: 'P-256' | 'P-384' };

export interface KeyPair {
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}

/** A key pair that is given away: nothing is kept of it but the encodings. */
export interface EncodedKeyPair {
  /** SubjectPublicKeyInfo in DER. */
  readonly publicKey: Uint8Array;
  /** PKCS#8. */
  readonly privateKeyPem: string;
}

const generateAsync = promisify(generate);
const publicExponent = 0x10001;

/** Makes a key pair. RSA in the thread pool: it takes up to seconds, which the event loop must not; see {@link generateEncodedKeyPair}. */
export async function generateKeyPair(specification: KeyPairSpecification): Promise<KeyPair> {
  if (specification.algorithm === 'RSA')
    return generateAsync('rsa', { modulusLength: specification.modulusLength, publicExponent });
  return generateKeyPairSync('ec', { namedCurve: specification.algorithm });
}

const publicKeyEncoding: { type: 'spki'; format: 'der' } = { type: 'spki', format: 'der' };
const privateKeyEncoding: { type: 'pkcs8'; format: 'pem' } = { type: 'pkcs8', format: 'pem' };

/**
 * Makes a key pair and encodes it. An elliptic one takes less (P-256: some 0.05 ms) than the way to the thread pool and
 * back, so it is made here and now; an RSA one is made and encoded in the pool.
 */
export function generateEncodedKeyPair(specification: KeyPairSpecification): Promise<EncodedKeyPair> {
  return new Promise((resolve, reject) => {
    if (specification.algorithm === 'RSA') {
      generate(
        'rsa',
        { modulusLength: specification.modulusLength, publicExponent, publicKeyEncoding, privateKeyEncoding },
        (error: Error | null, publicKey: Buffer, privateKeyPem: string) =>
          error ? reject(error) : resolve({ publicKey, privateKeyPem }),
      );
      return;
    }
    const pair = generateKeyPairSync('ec', {
      namedCurve: specification.algorithm,
      publicKeyEncoding,
      privateKeyEncoding,
    });
    resolve({ publicKey: pair.publicKey, privateKeyPem: pair.privateKey });
  });
}
