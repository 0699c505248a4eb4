import { createPublicKey, hash, X509Certificate, type KeyObject } from 'node:crypto';
import { formatDistinguishedName, type DistinguishedName, type RefusedCertificate } from '@sluice/domain';
import { decodePublicKeyInfo, type PublicKeyInfo } from '../algorithm/public-key-info.js';
import { decodeSignatureAlgorithm, type SignatureAlgorithm } from '../algorithm/signature-algorithm.js';
import { DerReader, assertStrictDer, explicit, implicit, MalformedDer, tags } from '../der/der-reader.js';
import {
  bitStringContent,
  readBoolean,
  readIntegerBytes,
  readOctetAlignedBitString,
  readOid,
  readSmallInteger,
  readTime,
} from '../der/decode-value.js';
import {
  decodeAuthorityInfoAccess,
  decodeAuthorityKeyIdentifier,
  decodeBasicConstraints,
  decodeCertificatePolicies,
  decodeDistributionPoints,
  decodeExtendedKeyUsage,
  decodeInhibitAnyPolicy,
  decodeKeyUsage,
  decodeNameConstraints,
  decodePolicyConstraints,
  decodePolicyMappings,
  decodeSubjectAltName,
  decodeSubjectKeyIdentifier,
  extensionOids,
  keyUsageBits,
  type AccessDescription,
  type AuthorityKeyIdentifier,
  type BasicConstraints,
  type DistributionPoint,
  type KeyUsageBit,
  type NameConstraints,
  type PolicyConstraints,
  type PolicyMapping,
} from './decode-extensions.js';
import { type GeneralName } from './decode-general-name.js';
import { decodeName, type DecodedName } from './decode-name.js';

/** Thrown by {@link parseCertificate}: the bytes are no certificate of strict DER. */
export class MalformedCertificate extends Error {
  readonly code = 'malformed';
  constructor(readonly problem: string) {
    super(`The certificate is malformed: ${problem}. Have it issued again by a CA that writes strict DER.`);
    this.name = 'MalformedCertificate';
  }
}

export interface Extension {
  readonly oid: string;
  readonly critical: boolean;
  /** Content of the extnValue. */
  readonly value: Uint8Array;
}

const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex');

const onlyInformative: ReadonlySet<string> = new Set([
  extensionOids.subjectKeyIdentifier,
  extensionOids.authorityKeyIdentifier,
  extensionOids.issuerAltName,
  extensionOids.authorityInfoAccess,
]);

export const sameBytes = (a: Uint8Array, b: Uint8Array): boolean => a.length === b.length && Buffer.compare(a, b) === 0;

/**
 * A parsed certificate. Everything structural was checked when it was made; only hashes and the key object are made
 * on first use and kept. Byte fields are views of `der`, which must not be changed afterwards.
 */
export class Certificate {
  readonly der: Uint8Array;
  /** The signed part. */
  readonly tbs: Uint8Array;
  readonly version: 1 | 2 | 3;
  /** Content octets of the serial number. */
  readonly serialNumberBytes: Uint8Array;
  readonly signatureAlgorithm: SignatureAlgorithm;
  readonly signature: Uint8Array;
  readonly issuerDer: Uint8Array;
  readonly subjectDer: Uint8Array;
  /** Epoch milliseconds, both inclusive. */
  readonly notBefore: number;
  readonly notAfter: number;
  /** SubjectPublicKeyInfo. */
  readonly spki: Uint8Array;
  readonly publicKeyInfo: PublicKeyInfo;
  readonly extensions: readonly Extension[];

  readonly basicConstraints: BasicConstraints | undefined;
  /** Bits in the order of `keyUsageBits`; undefined if the extension is absent (every usage allowed). */
  readonly keyUsageMask: number | undefined;
  /** OIDs; undefined if the extension is absent. */
  readonly extendedKeyUsage: readonly string[] | undefined;
  /** Empty if the extension is absent. */
  readonly subjectAltNames: readonly GeneralName[] = [];
  readonly nameConstraints: NameConstraints | undefined;
  /** OIDs; undefined if the extension is absent. */
  readonly policies: ReadonlySet<string> | undefined;
  readonly policyMappings: readonly PolicyMapping[] | undefined;
  readonly policyConstraints: PolicyConstraints | undefined;
  readonly inhibitAnyPolicy: number | undefined;
  readonly subjectKeyIdentifier: Uint8Array | undefined;
  readonly authorityKeyIdentifier: AuthorityKeyIdentifier | undefined;
  readonly crlDistributionPoints: readonly DistributionPoint[] | undefined;
  readonly freshestCrl: readonly DistributionPoint[] | undefined;
  readonly authorityInfoAccess: readonly AccessDescription[] | undefined;
  /** The first critical extension that is not processed here. */
  readonly unknownCriticalExtension: string | undefined;

  private readonly issuerName: DecodedName;
  private readonly subjectName: DecodedName;
  private sha256Hex: string | undefined;
  private spkiSha256Hex: string | undefined;
  private keyObject: KeyObject | undefined;

  /** Use {@link parseCertificate}. @throws {MalformedDer} */
  constructor(der: Uint8Array) {
    this.der = der;
    const outer = new DerReader(der);
    const certificate = outer.expect(tags.sequence, 'the certificate').enter();
    outer.finish('the certificate');
    const tbs = certificate.expect(tags.sequence, 'tbsCertificate').enter();
    this.tbs = certificate.element();
    const signatureAlgorithm = certificate.expect(tags.sequence, 'signatureAlgorithm').element();
    this.signature = readOctetAlignedBitString(certificate, 'the signature');
    certificate.finish('the certificate');
    assertStrictDer(der, tbs.position, tbs.end);

    this.version = readVersion(tbs);
    this.serialNumberBytes = readIntegerBytes(tbs, 'serialNumber');
    if (this.serialNumberBytes.length > 21 || (this.serialNumberBytes.length === 21 && this.serialNumberBytes[0] !== 0))
      throw new MalformedDer('serialNumber has more than 20 octets');
    // RFC 5280 4.1.1.2: both must hold the same algorithm, else the outer one could be exchanged.
    if (!sameBytes(tbs.expect(tags.sequence, 'signature').element(), signatureAlgorithm))
      throw new MalformedDer('the two signature algorithms differ');
    this.signatureAlgorithm = decodeSignatureAlgorithm(signatureAlgorithm);
    this.issuerDer = tbs.expect(tags.sequence, 'issuer').element();
    this.issuerName = decodeName(this.issuerDer);
    if (this.issuerName.name.length === 0) throw new MalformedDer('the issuer has no name');
    const validity = tbs.expect(tags.sequence, 'validity').enter();
    this.notBefore = readTime(validity, 'notBefore');
    this.notAfter = readTime(validity, 'notAfter');
    validity.finish('validity');
    this.subjectDer = tbs.expect(tags.sequence, 'subject').element();
    this.subjectName = decodeName(this.subjectDer);
    this.spki = tbs.expect(tags.sequence, 'subjectPublicKeyInfo').element();
    this.publicKeyInfo = decodePublicKeyInfo(this.spki);
    for (const [number, what] of [
      [1, 'issuerUniqueID'],
      [2, 'subjectUniqueID'],
    ] as const) {
      if (!tbs.optional(implicit(number))) continue;
      if (this.version === 1) throw new MalformedDer(`${what} in a version 1 certificate`);
      bitStringContent(tbs, what);
    }
    this.extensions = tbs.optional(explicit(3)) ? readExtensions(tbs.enter(), 'the certificate') : [];
    tbs.finish('tbsCertificate');
    if (this.extensions.length > 0 && this.version !== 3)
      throw new MalformedDer('extensions in a certificate that is not of version 3');

    for (const extension of this.extensions) {
      const { value } = extension;
      switch (extension.oid) {
        case extensionOids.basicConstraints:
          this.basicConstraints = decodeBasicConstraints(value);
          break;
        case extensionOids.keyUsage:
          this.keyUsageMask = decodeKeyUsage(value);
          break;
        case extensionOids.extKeyUsage:
          this.extendedKeyUsage = decodeExtendedKeyUsage(value);
          break;
        case extensionOids.subjectAltName:
          this.subjectAltNames = decodeSubjectAltName(value);
          break;
        case extensionOids.issuerAltName:
          decodeSubjectAltName(value);
          break;
        case extensionOids.nameConstraints:
          this.nameConstraints = decodeNameConstraints(value);
          break;
        case extensionOids.certificatePolicies: {
          const { policies, unknownQualifier } = decodeCertificatePolicies(value);
          this.policies = policies;
          if (extension.critical && unknownQualifier !== undefined)
            this.unknownCriticalExtension ??= `${extension.oid} with the policy qualifier ${unknownQualifier}`;
          break;
        }
        case extensionOids.policyMappings:
          this.policyMappings = decodePolicyMappings(value);
          break;
        case extensionOids.policyConstraints:
          this.policyConstraints = decodePolicyConstraints(value);
          break;
        case extensionOids.inhibitAnyPolicy:
          this.inhibitAnyPolicy = decodeInhibitAnyPolicy(value);
          break;
        case extensionOids.subjectKeyIdentifier:
          this.subjectKeyIdentifier = decodeSubjectKeyIdentifier(value);
          break;
        case extensionOids.authorityKeyIdentifier:
          this.authorityKeyIdentifier = decodeAuthorityKeyIdentifier(value);
          break;
        case extensionOids.cRLDistributionPoints:
          this.crlDistributionPoints = decodeDistributionPoints(value);
          break;
        case extensionOids.freshestCRL:
          this.freshestCrl = decodeDistributionPoints(value);
          break;
        case extensionOids.authorityInfoAccess:
          this.authorityInfoAccess = decodeAuthorityInfoAccess(value);
          break;
        default:
          if (extension.critical) this.unknownCriticalExtension ??= extension.oid;
      }
      // Known here, but no rule of section 6 processes them, which is what critical demands (RFC 5280 4.2).
      if (extension.critical && onlyInformative.has(extension.oid)) this.unknownCriticalExtension ??= extension.oid;
    }
  }

  /** SHA-256 of the whole DER, lower-case hex: the certificate's identity. */
  get sha256(): string {
    return (this.sha256Hex ??= hash('sha256', this.der, 'hex'));
  }

  /** SHA-256 of the SubjectPublicKeyInfo, lower-case hex. */
  get spkiSha256(): string {
    return (this.spkiSha256Hex ??= hash('sha256', this.spki, 'hex'));
  }

  /** Lower-case hex without `0x` and without the leading zero octet of DER. */
  get serialNumber(): string {
    const bytes = this.serialNumberBytes;
    return hexOf(bytes.length > 1 && bytes[0] === 0 ? bytes.subarray(1) : bytes);
  }

  get issuer(): DistinguishedName {
    return this.issuerName.name;
  }

  get subject(): DistinguishedName {
    return this.subjectName.name;
  }

  /** The canonical key of the issuer's name (`canonicalDistinguishedName`). */
  get issuerKey(): string {
    return this.issuerName.key;
  }

  /** The canonical key of the subject's name. */
  get subjectKey(): string {
    return this.subjectName.key;
  }

  /** Subject and issuer are the same name (RFC 5280 3.2); says nothing about who signed. */
  get isSelfIssued(): boolean {
    return this.issuerName.key === this.subjectName.key;
  }

  /** Whether a key usage is allowed: the bit is set, or there is no such extension. */
  allowsKeyUsage(bit: KeyUsageBit): boolean {
    return this.keyUsageMask === undefined || (this.keyUsageMask & (1 << keyUsageBits.indexOf(bit))) !== 0;
  }

  /** The key usages that are set; undefined if the extension is absent. */
  get keyUsage(): readonly KeyUsageBit[] | undefined {
    const mask = this.keyUsageMask;
    return mask === undefined ? undefined : keyUsageBits.filter((_, bit) => (mask & (1 << bit)) !== 0);
  }

  extension(oid: string): Extension | undefined {
    return this.extensions.find((extension) => extension.oid === oid);
  }

  /** The key, made once. @throws {MalformedCertificate} if OpenSSL cannot read it (a point that is not on its curve) */
  publicKey(): KeyObject {
    this.keyObject ??= makePublicKey(this.der, this.spki);
    return this.keyObject;
  }

  /** What refusals say of this certificate. */
  describe(): RefusedCertificate {
    return { sha256: this.sha256, subject: formatDistinguishedName(this.subject) };
  }
}

/** OpenSSL makes the key of a certificate a third faster than one of a bare SubjectPublicKeyInfo; the key is the same. */
function makePublicKey(der: Uint8Array, spki: Uint8Array): KeyObject {
  try {
    return new X509Certificate(der).publicKey;
  } catch {
    // OpenSSL may dislike something else about the certificate, which is not asked here.
    try {
      return createPublicKey({ key: spki as Buffer, format: 'der', type: 'spki' });
    } catch (error) {
      throw new MalformedCertificate(`its public key cannot be read (${String(error)})`);
    }
  }
}

function readVersion(tbs: DerReader): 1 | 2 | 3 {
  if (!tbs.optional(explicit(0))) return 1;
  const field = tbs.enter();
  const version = readSmallInteger(field, 'version');
  field.finish('version');
  if (version !== 1 && version !== 2)
    throw new MalformedDer(
      version === 0 ? 'version 1 is written although it is the default' : 'the version is unknown',
    );
  return version === 1 ? 2 : 3;
}

/**
 * Extensions from a reader of the content of their explicit tag.
 * @throws {MalformedDer} also if one occurs twice (RFC 5280 4.2)
 */
export function readExtensions(field: DerReader, what: string): Extension[] {
  const sequence = field.expect(tags.sequence, 'extensions').enter();
  field.finish('extensions');
  const extensions: Extension[] = [];
  while (!sequence.atEnd) {
    const item = sequence.expect(tags.sequence, 'an extension').enter();
    const oid = readOid(item, 'an extension');
    let critical = false;
    if (item.peek() === tags.boolean) {
      critical = readBoolean(item, 'critical');
      if (!critical) throw new MalformedDer('critical FALSE is written although it is the default');
    }
    const value = item.expect(tags.octetString, 'the value of an extension').content();
    item.finish('an extension');
    for (const other of extensions)
      if (other.oid === oid) throw new MalformedDer(`${what} holds the extension ${oid} twice`);
    if (extensions.length >= 64) throw new MalformedDer(`${what} holds more than 64 extensions`);
    extensions.push({ oid, critical, value });
  }
  if (extensions.length === 0) throw new MalformedDer('extensions is empty');
  return extensions;
}

/**
 * Parses a certificate strictly. The bytes are kept, not copied.
 * @throws {MalformedCertificate}
 */
export function parseCertificate(der: Uint8Array): Certificate {
  try {
    return new Certificate(der);
  } catch (error) {
    if (error instanceof MalformedDer) throw new MalformedCertificate(error.message);
    throw error;
  }
}
