import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { fixedRsaKeys } from './fixed-rsa-keys.js';

export const testKeyTypes = ['P-256', 'RSA-2048'] as const;
export type TestKeyType = (typeof testKeyTypes)[number];

/** A key pair in the forms tests need. */
export interface TestKey {
  readonly type: TestKeyType;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
  /** PKCS#8. */
  readonly pem: string;
}

const named = new Map<string, TestKey>();
let rsaUsed = 0;

/**
 * A key pair. P-256 keys are made anew; RSA keys are fixed ones in turn, so two RSA keys in one test are different, and a
 * third is the first again.
 * @param name the same name gives the same key for the life of the process
 */
export function testKey(type: TestKeyType = 'P-256', name?: string): TestKey {
  const id = `${type} ${name}`;
  const known = name === undefined ? undefined : named.get(id);
  if (known) return known;
  const privateKey =
    type === 'P-256'
      ? generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
      : createPrivateKey(fixedRsaKeys[rsaUsed++ % fixedRsaKeys.length] as string);
  const key: TestKey = {
    type,
    privateKey,
    publicKey: createPublicKey(privateKey),
    pem: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
  };
  if (name !== undefined) named.set(id, key);
  return key;
}

const algorithms = {
  'P-256': { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' },
  'RSA-2048': { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' },
} as const satisfies Record<TestKeyType, object>;

/** How certificates are signed with a key of this type. */
export function signingAlgorithm(type: TestKeyType): (typeof algorithms)[TestKeyType] {
  return algorithms[type];
}

export function importPrivateKey(key: TestKey): Promise<CryptoKey> {
  const der = key.privateKey.export({ type: 'pkcs8', format: 'der' });
  return crypto.subtle.importKey('pkcs8', der, algorithms[key.type], true, ['sign']);
}

export function importPublicKey(key: TestKey): Promise<CryptoKey> {
  const der = key.publicKey.export({ type: 'spki', format: 'der' });
  return crypto.subtle.importKey('spki', der, algorithms[key.type], true, ['verify']);
}

/** SHA-256 in lower-case hex. */
export function sha256Hex(data: Uint8Array): string {
  return createHash('sha256').update(data).digest('hex');
}
