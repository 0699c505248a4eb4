import { generateKeyPair as generate, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';

export type KeyPairSpecification =
  { readonly algorithm: 'RSA'; readonly modulusLength: number } | { readonly algorithm: 'P-256' | 'P-384' };

export interface KeyPair {
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}

const generateAsync = promisify(generate);

/** Makes a key pair in the thread pool: an RSA pair takes up to seconds, which the event loop must not. */
export async function generateKeyPair(specification: KeyPairSpecification): Promise<KeyPair> {
  if (specification.algorithm === 'RSA') {
    return generateAsync('rsa', { modulusLength: specification.modulusLength, publicExponent: 0x10001 });
  }
  return generateAsync('ec', { namedCurve: specification.algorithm });
}
