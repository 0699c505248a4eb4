import type { DistinguishedName } from '@sluice/domain';
import * as asn1js from 'asn1js';
import { createHash, createPublicKey, randomBytes, sign, type KeyObject } from 'node:crypto';
import {
  AlgorithmIdentifier,
  AttributeTypeAndValue,
  AuthorityKeyIdentifier,
  BasicConstraints,
  Certificate,
  Extension,
  ExtKeyUsage,
  GeneralName,
  GeneralNames,
  PublicKeyInfo,
  RelativeDistinguishedNames,
  Time,
} from 'pkijs';

export interface CertificateContent {
  readonly subject: DistinguishedName;
  /** SubjectPublicKeyInfo in DER. */
  readonly publicKey: Uint8Array;
  /** Milliseconds since 1970; X.509 keeps whole seconds. */
  readonly notBefore: number;
  readonly notAfter: number;
  readonly profile: CertificateProfile;
}

export type CertificateProfile =
  | { readonly kind: 'certificate-authority'; readonly pathLength?: number }
  | { readonly kind: 'client' }
  | { readonly kind: 'server'; readonly dnsNames: readonly string[]; readonly ipAddresses: readonly string[] };

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

const extensionId = {
  subjectKeyIdentifier: '2.5.29.14',
  keyUsage: '2.5.29.15',
  subjectAltName: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  authorityKeyIdentifier: '2.5.29.35',
  extendedKeyUsage: '2.5.29.37',
} as const;

/** RFC 5280 §4.2.1.3: bit 0 digitalSignature, 5 keyCertSign, 6 cRLSign. */
const keyUsageBits = { 'certificate-authority': 0b0000_0110, client: 0b1000_0000, server: 0b1000_0000 } as const;
const extendedKeyUsage = { client: '1.3.6.1.5.5.7.3.2', server: '1.3.6.1.5.5.7.3.1' } as const;

/**
 * Issues a certificate by the profile of RFC 5280 §4 with a random serial number of 128 bits. PKI.js builds it, node
 * signs it.
 */
export function issueCertificate(content: CertificateContent, issuer: CertificateIssuer): IssuedCertificate {
  const certificate = new Certificate();
  certificate.version = 2;
  const serial = randomSerialNumber();
  certificate.serialNumber = new asn1js.Integer({ valueHex: arrayBuffer(serial) });
  certificate.issuer = toRelativeDistinguishedNames(issuer.name);
  certificate.subject = toRelativeDistinguishedNames(content.subject);
  certificate.notBefore = toTime(content.notBefore);
  certificate.notAfter = toTime(content.notAfter);
  certificate.subjectPublicKeyInfo = PublicKeyInfo.fromBER(arrayBuffer(content.publicKey));
  certificate.extensions = extensionsOf(content, issuer);

  const { algorithm, digest } = signatureAlgorithmOf(issuer.privateKey);
  certificate.signature = algorithm;
  certificate.signatureAlgorithm = algorithm;
  const toBeSigned = new Uint8Array(certificate.encodeTBS().toBER());
  certificate.tbsView = toBeSigned;
  certificate.signatureValue = new asn1js.BitString({
    valueHex: arrayBuffer(sign(digest, toBeSigned, issuer.privateKey)),
  });
  return { der: new Uint8Array(certificate.toSchema().toBER()), serialNumber: Buffer.from(serial).toString('hex') };
}

/** 128 random bits. The first is 0 so that the integer is positive, the second 1 so that its length does not vary. */
function randomSerialNumber(): Uint8Array {
  const serial = randomBytes(16);
  serial[0] = ((serial[0] as number) & 0x7f) | 0x40;
  return serial;
}

function extensionsOf(content: CertificateContent, issuer: CertificateIssuer): Extension[] {
  const { profile } = content;
  const ca = profile.kind === 'certificate-authority';
  const extensions = [
    extension(extensionId.basicConstraints, true, basicConstraints(profile)),
    extension(
      extensionId.keyUsage,
      true,
      new asn1js.BitString({
        valueHex: arrayBuffer(Uint8Array.of(keyUsageBits[profile.kind])),
        unusedBits: ca ? 1 : 7,
      }),
    ),
    extension(
      extensionId.subjectKeyIdentifier,
      false,
      new asn1js.OctetString({ valueHex: keyIdentifier(content.publicKey) }),
    ),
    extension(
      extensionId.authorityKeyIdentifier,
      false,
      new AuthorityKeyIdentifier({
        keyIdentifier: new asn1js.OctetString({ valueHex: keyIdentifier(issuer.publicKey) }),
      }).toSchema(),
    ),
  ];
  if (profile.kind !== 'certificate-authority') {
    extensions.push(
      extension(
        extensionId.extendedKeyUsage,
        false,
        new ExtKeyUsage({ keyPurposes: [extendedKeyUsage[profile.kind]] }).toSchema(),
      ),
    );
  }
  if (profile.kind === 'server') {
    const names = [
      ...profile.dnsNames.map((value) => new GeneralName({ type: 2, value })),
      ...profile.ipAddresses.map(
        (address) => new GeneralName({ type: 7, value: new asn1js.OctetString({ valueHex: ipBytes(address) }) }),
      ),
    ];
    extensions.push(extension(extensionId.subjectAltName, false, new GeneralNames({ names }).toSchema()));
  }
  return extensions;
}

function basicConstraints(profile: CertificateProfile): asn1js.AsnType {
  if (profile.kind !== 'certificate-authority') return new asn1js.Sequence();
  return new BasicConstraints({
    cA: true,
    ...(profile.pathLength === undefined ? {} : { pathLenConstraint: profile.pathLength }),
  }).toSchema();
}

function extension(extnID: string, critical: boolean, value: { toBER(): ArrayBuffer }): Extension {
  return new Extension({ extnID, critical, extnValue: value.toBER() });
}

/** RFC 5280 §4.2.1.2, method (1): SHA-1 of the subjectPublicKey bits. A name for the key, not a protection. */
function keyIdentifier(spki: Uint8Array): ArrayBuffer {
  const bits = PublicKeyInfo.fromBER(arrayBuffer(spki)).subjectPublicKey.valueBlock.valueHexView;
  return arrayBuffer(createHash('sha1').update(bits).digest());
}

function signatureAlgorithmOf(key: KeyObject): { algorithm: AlgorithmIdentifier; digest: string | null } {
  if (key.asymmetricKeyType === 'rsa') {
    return {
      algorithm: new AlgorithmIdentifier({ algorithmId: '1.2.840.113549.1.1.11', algorithmParams: new asn1js.Null() }),
      digest: 'sha256',
    };
  }
  if (key.asymmetricKeyType === 'ed25519')
    return { algorithm: new AlgorithmIdentifier({ algorithmId: '1.3.101.112' }), digest: null };
  const curve = key.asymmetricKeyDetails?.namedCurve;
  if (key.asymmetricKeyType === 'ec' && curve === 'secp384r1') {
    return { algorithm: new AlgorithmIdentifier({ algorithmId: '1.2.840.10045.4.3.3' }), digest: 'sha384' };
  }
  if (key.asymmetricKeyType === 'ec' && curve === 'prime256v1') {
    return { algorithm: new AlgorithmIdentifier({ algorithmId: '1.2.840.10045.4.3.2' }), digest: 'sha256' };
  }
  throw new TypeError(`A certificate cannot be signed with a key of type ${key.asymmetricKeyType} ${curve ?? ''}.`);
}

/** PKI.js would write all attributes into one multi-valued RDN, so the name is encoded here, one RDN for each. */
function toRelativeDistinguishedNames(name: DistinguishedName): RelativeDistinguishedNames {
  const rdns = name.map((rdn) => {
    const attributes = rdn.map(({ type, value }) =>
      new AttributeTypeAndValue({ type, value: new asn1js.Utf8String({ value }) }).toSchema(),
    );
    return new asn1js.Set({ value: attributes });
  });
  return RelativeDistinguishedNames.fromBER(new asn1js.Sequence({ value: rdns }).toBER());
}

/** RFC 5280 §4.1.2.5: UTCTime through 2049, GeneralizedTime after that. */
function toTime(milliseconds: number): Time {
  const value = new Date(Math.floor(milliseconds / 1_000) * 1_000);
  return new Time({ type: value.getUTCFullYear() < 2050 ? 0 : 1, value });
}

function ipBytes(address: string): ArrayBuffer {
  const parts = address.split('.').map(Number);
  if (parts.length === 4 && parts.every((part) => Number.isInteger(part) && part >= 0 && part <= 255)) {
    return arrayBuffer(Uint8Array.from(parts));
  }
  if (address === '::1') return arrayBuffer(Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1));
  throw new TypeError(`${address} is no IPv4 address (and of IPv6 ::1 alone is known here).`);
}

function arrayBuffer(bytes: Uint8Array): ArrayBuffer {
  return new Uint8Array(bytes).buffer;
}

/** SubjectPublicKeyInfo in DER of a key pair's public half. */
export function subjectPublicKeyInfo(key: KeyObject): Uint8Array {
  return new Uint8Array((key.type === 'private' ? createPublicKey(key) : key).export({ type: 'spki', format: 'der' }));
}
