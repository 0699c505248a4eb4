import type { DistinguishedName } from '@sluice/domain';
import { createPublicKey, randomFillSync, type KeyObject } from 'node:crypto';
import { extendedKeyUsages, extensionOids } from '../certificate/decode-extensions.js';
import { explicit, implicit } from '../der/der-reader.js';
import {
  bitString,
  derTrue,
  element,
  encodeOid,
  encodeSmallInteger,
  encodeTime,
  encodeUnsignedInteger,
  octetString,
  sequence,
} from '../der/write-der.js';
import { encodeName } from './encode-name.js';
import { encodeExtension, keyIdentifier, signingAlgorithmOf, signStructure } from './sign-structure.js';

export interface CertificateContent {
  readonly subject: DistinguishedName;
  /** SubjectPublicKeyInfo in DER. */
  readonly publicKey: Uint8Array;
  /** Milliseconds since 1970; X.509 keeps whole seconds. */
  readonly notBefore: number;
  readonly notAfter: number;
  readonly profile: CertificateProfile;
  /** Where the issuer's CRL is fetched (RFC 5280 §4.2.1.13). */
  readonly crlUrl?: string;
}

export type CertificateProfile =
  | { readonly kind: 'certificate-authority'; readonly pathLength?: number }
  | { readonly kind: 'client' }
  | {
      /** `peer`: it also connects to others of its kind, and shows the same certificate. */
      readonly kind: 'server' | 'peer';
      readonly dnsNames: readonly string[];
      readonly ipAddresses: readonly string[];
    };

/** Who signs: its name, and its key pair. For a self-signed root the certificate's own. */
export interface CertificateIssuer {
  readonly name: DistinguishedName;
  readonly privateKey: KeyObject;
  /** SubjectPublicKeyInfo in DER. */
  readonly publicKey: Uint8Array;
}

export interface IssuedCertificate {
  readonly der: Uint8Array;
  /** Lower-case hexadecimal, without `0x`. */
  readonly serialNumber: string;
}

/** RFC 5280 §4.2.1.3: bit 0 digitalSignature, 5 keyCertSign, 6 cRLSign. */
const keyUsage = {
  'certificate-authority': encodeExtension(extensionOids.keyUsage, true, bitString(Uint8Array.of(0b0000_0110), 1)),
  client: encodeExtension(extensionOids.keyUsage, true, bitString(Uint8Array.of(0b1000_0000), 7)),
  server: encodeExtension(extensionOids.keyUsage, true, bitString(Uint8Array.of(0b1000_0000), 7)),
  peer: encodeExtension(extensionOids.keyUsage, true, bitString(Uint8Array.of(0b1000_0000), 7)),
};
const endEntity = encodeExtension(extensionOids.basicConstraints, true, sequence());
const extendedKeyUsage = {
  client: encodeExtension(extensionOids.extKeyUsage, false, sequence(encodeOid(extendedKeyUsages.clientAuth))),
  server: encodeExtension(extensionOids.extKeyUsage, false, sequence(encodeOid(extendedKeyUsages.serverAuth))),
  peer: encodeExtension(
    extensionOids.extKeyUsage,
    false,
    sequence(encodeOid(extendedKeyUsages.serverAuth), encodeOid(extendedKeyUsages.clientAuth)),
  ),
};
const version3 = element(explicit(0), encodeSmallInteger(2));
const text = new TextEncoder();

/** Issues a certificate by the profile of RFC 5280 §4 with a random serial number of 128 bits. */
export function issueCertificate(content: CertificateContent, issuer: CertificateIssuer): IssuedCertificate {
  const serial = randomSerialNumber();
  const algorithm = signingAlgorithmOf(issuer.privateKey);
  const toBeSigned = sequence(
    version3,
    encodeUnsignedInteger(serial),
    algorithm.identifier,
    encodeName(issuer.name),
    sequence(encodeTime(content.notBefore), encodeTime(content.notAfter)),
    encodeName(content.subject),
    content.publicKey,
    element(explicit(3), sequence(...extensionsOf(content, issuer))),
  );
  return {
    der: signStructure(toBeSigned, algorithm, issuer.privateKey),
    serialNumber: Buffer.from(serial.buffer, serial.byteOffset, serial.length).toString('hex'),
  };
}

/** One call to the generator costs as much for many numbers as for one. Each octet is used once. */
const randomPool = new Uint8Array(1_024);
let randomUsed = randomPool.length;

/** 128 random bits. The first is 0 so that the integer is positive, the second 1 so that its length does not vary. */
function randomSerialNumber(): Uint8Array {
  if (randomUsed === randomPool.length) {
    randomFillSync(randomPool);
    randomUsed = 0;
  }
  const serial = randomPool.slice(randomUsed, (randomUsed += 16));
  serial[0] = ((serial[0] as number) & 0x7f) | 0x40;
  return serial;
}

function extensionsOf(content: CertificateContent, issuer: CertificateIssuer): Uint8Array[] {
  const { profile } = content;
  const extensions = [
    profile.kind === 'certificate-authority' ? certificateAuthority(profile.pathLength) : endEntity,
    keyUsage[profile.kind],
    encodeExtension(extensionOids.subjectKeyIdentifier, false, octetString(keyIdentifier(content.publicKey))),
    encodeAuthorityKeyIdentifier(issuer.publicKey),
  ];
  if (profile.kind !== 'certificate-authority') extensions.push(extendedKeyUsage[profile.kind]);
  if (profile.kind === 'server' || profile.kind === 'peer') {
    const names = [
      ...profile.dnsNames.map((name) => element(implicit(2), text.encode(name))),
      ...profile.ipAddresses.map((address) => element(implicit(7), ipBytes(address))),
    ];
    extensions.push(encodeExtension(extensionOids.subjectAltName, false, sequence(...names)));
  }
  if (content.crlUrl !== undefined) {
    const fullName = element(explicit(0), element(implicit(6), text.encode(content.crlUrl)));
    extensions.push(
      encodeExtension(extensionOids.cRLDistributionPoints, false, sequence(sequence(element(explicit(0), fullName)))),
    );
  }
  return extensions;
}

function certificateAuthority(pathLength: number | undefined): Uint8Array {
  return encodeExtension(
    extensionOids.basicConstraints,
    true,
    sequence(derTrue, ...(pathLength === undefined ? [] : [encodeSmallInteger(pathLength)])),
  );
}

/** Identifiers of issuers' keys, which are few and stand in every certificate. */
const issuerKeys = new WeakMap<Uint8Array, Uint8Array>();

/** RFC 5280 §4.2.1.1, with the key identifier alone. */
export function encodeAuthorityKeyIdentifier(issuerPublicKey: Uint8Array): Uint8Array {
  let encoded = issuerKeys.get(issuerPublicKey);
  if (!encoded) {
    const identifier = element(implicit(0), keyIdentifier(issuerPublicKey));
    encoded = encodeExtension(extensionOids.authorityKeyIdentifier, false, sequence(identifier));
    issuerKeys.set(issuerPublicKey, encoded);
  }
  return encoded;
}

function ipBytes(address: string): Uint8Array {
  const parts = address.split('.').map(Number);
  if (parts.length === 4 && parts.every((part) => Number.isInteger(part) && part >= 0 && part <= 255)) {
    return Uint8Array.from(parts);
  }
  if (address === '::1') return Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1);
  throw new TypeError(`${address} is no IPv4 address (and of IPv6 ::1 alone is known here).`);
}

/** SubjectPublicKeyInfo in DER of a key pair's public half. */
export function subjectPublicKeyInfo(key: KeyObject): Uint8Array {
  const der = (key.type === 'private' ? createPublicKey(key) : key).export({ type: 'spki', format: 'der' });
  return new Uint8Array(der.buffer, der.byteOffset, der.length);
}
