import { hash, sign, type KeyObject } from 'node:crypto';
import { DerReader, tags } from '../der/der-reader.js';
import { readOctetAlignedBitString } from '../der/decode-value.js';
import { bitString, derNull, derTrue, encodeOid, octetString, sequence } from '../der/write-der.js';

export interface SigningAlgorithm {
  /** AlgorithmIdentifier in DER. */
  readonly identifier: Uint8Array;
  readonly digest: 'sha256' | 'sha384' | 'sha512' | null;
}

const rsa: SigningAlgorithm = { identifier: sequence(encodeOid('1.2.840.113549.1.1.11'), derNull), digest: 'sha256' };
const ed25519: SigningAlgorithm = { identifier: sequence(encodeOid('1.3.101.112')), digest: null };
const ecdsa: Readonly<Record<string, SigningAlgorithm>> = {
  prime256v1: { identifier: sequence(encodeOid('1.2.840.10045.4.3.2')), digest: 'sha256' },
  secp384r1: { identifier: sequence(encodeOid('1.2.840.10045.4.3.3')), digest: 'sha384' },
  secp521r1: { identifier: sequence(encodeOid('1.2.840.10045.4.3.4')), digest: 'sha512' },
};

/** Asking a key for its details goes down to OpenSSL. */
const remembered = new WeakMap<KeyObject, SigningAlgorithm>();

/** What a private key signs with here. @throws TypeError for a key no certificate is signed with */
export function signingAlgorithmOf(key: KeyObject): SigningAlgorithm {
  let algorithm = remembered.get(key);
  if (!algorithm) {
    algorithm = chooseSigningAlgorithm(key);
    remembered.set(key, algorithm);
  }
  return algorithm;
}

function chooseSigningAlgorithm(key: KeyObject): SigningAlgorithm {
  const curve = key.asymmetricKeyDetails?.namedCurve;
  const algorithm =
    key.asymmetricKeyType === 'rsa'
      ? rsa
      : key.asymmetricKeyType === 'ed25519'
        ? ed25519
        : key.asymmetricKeyType === 'ec'
          ? ecdsa[curve ?? '']
          : undefined;
  if (algorithm) return algorithm;
  throw new TypeError(`Nothing is signed here with a key of type ${key.asymmetricKeyType} ${curve ?? ''}.`);
}

/** The outer SEQUENCE of a certificate, CRL or request: what is signed, with what, and the signature. */
export function signStructure(toBeSigned: Uint8Array, algorithm: SigningAlgorithm, key: KeyObject): Uint8Array {
  return sequence(toBeSigned, algorithm.identifier, bitString(sign(algorithm.digest, toBeSigned, key)));
}

/** An Extension; `value` is the DER its octets hold. */
export function encodeExtension(oid: string, critical: boolean, value: Uint8Array): Uint8Array {
  return critical
    ? sequence(encodeOid(oid), derTrue, octetString(value))
    : sequence(encodeOid(oid), octetString(value));
}

/** RFC 5280 §4.2.1.2, method (1): SHA-1 of the subjectPublicKey bits. A name for the key, not a protection. */
export function keyIdentifier(spki: Uint8Array): Uint8Array {
  const info = new DerReader(spki).expect(tags.sequence, 'the public key').enter();
  info.expect(tags.sequence, 'the public key algorithm');
  return hash('sha1', readOctetAlignedBitString(info, 'the public key'), 'buffer');
}
