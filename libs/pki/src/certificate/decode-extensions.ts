import { DerReader, explicit, implicit, MalformedDer, tags } from '../der/der-reader.js';
import {
  bitStringContent,
  booleanContent,
  checkInteger,
  readBitString,
  readBoolean,
  readOid,
  readSmallInteger,
  smallIntegerContent,
} from '../der/decode-value.js';
import { readGeneralName, readGeneralNames, type GeneralName } from './decode-general-name.js';
import { readRdn } from './decode-name.js';
import { canonicalDistinguishedName, type RelativeDistinguishedName } from '@sluice/domain';

/** Decoders of the contents of extensions. Each takes the extnValue's octets and throws {@link MalformedDer}. */

export const extensionOids = {
  subjectKeyIdentifier: '2.5.29.14',
  keyUsage: '2.5.29.15',
  subjectAltName: '2.5.29.17',
  issuerAltName: '2.5.29.18',
  basicConstraints: '2.5.29.19',
  cRLNumber: '2.5.29.20',
  reasonCode: '2.5.29.21',
  invalidityDate: '2.5.29.24',
  deltaCRLIndicator: '2.5.29.27',
  issuingDistributionPoint: '2.5.29.28',
  certificateIssuer: '2.5.29.29',
  nameConstraints: '2.5.29.30',
  cRLDistributionPoints: '2.5.29.31',
  certificatePolicies: '2.5.29.32',
  policyMappings: '2.5.29.33',
  authorityKeyIdentifier: '2.5.29.35',
  policyConstraints: '2.5.29.36',
  extKeyUsage: '2.5.29.37',
  freshestCRL: '2.5.29.46',
  inhibitAnyPolicy: '2.5.29.54',
  authorityInfoAccess: '1.3.6.1.5.5.7.1.1',
  ocspNoCheck: '1.3.6.1.5.5.7.48.1.5',
} as const;

export const anyPolicy = '2.5.29.32.0';
export const anyExtendedKeyUsage = '2.5.29.37.0';

/** Names of extended key usages (RFC 5280 4.2.1.12 and well-known others). */
export const extendedKeyUsages = {
  serverAuth: '1.3.6.1.5.5.7.3.1',
  clientAuth: '1.3.6.1.5.5.7.3.2',
  codeSigning: '1.3.6.1.5.5.7.3.3',
  emailProtection: '1.3.6.1.5.5.7.3.4',
  timeStamping: '1.3.6.1.5.5.7.3.8',
  OCSPSigning: '1.3.6.1.5.5.7.3.9',
} as const;

export type ExtendedKeyUsageName = keyof typeof extendedKeyUsages;

export interface BasicConstraints {
  readonly ca: boolean;
  readonly pathLength: number | undefined;
}

export const keyUsageBits = [
  'digitalSignature',
  'nonRepudiation',
  'keyEncipherment',
  'dataEncipherment',
  'keyAgreement',
  'keyCertSign',
  'cRLSign',
  'encipherOnly',
  'decipherOnly',
] as const;
export type KeyUsageBit = (typeof keyUsageBits)[number];

export interface NameConstraints {
  readonly permitted: readonly GeneralName[];
  readonly excluded: readonly GeneralName[];
}

export interface PolicyMapping {
  readonly issuerDomainPolicy: string;
  readonly subjectDomainPolicy: string;
}

export interface PolicyConstraints {
  readonly requireExplicitPolicy: number | undefined;
  readonly inhibitPolicyMapping: number | undefined;
}

export interface AuthorityKeyIdentifier {
  readonly keyIdentifier: Uint8Array | undefined;
  readonly authorityCertIssuer: readonly GeneralName[] | undefined;
  readonly authorityCertSerialNumber: Uint8Array | undefined;
}

/** A distribution point's name: full names, or an RDN that continues the CRL issuer's name. */
export type DistributionPointName =
  | { readonly form: 'fullName'; readonly names: readonly GeneralName[] }
  | { readonly form: 'nameRelativeToCRLIssuer'; readonly rdn: RelativeDistinguishedName };

/** A set of revocation reasons as the bits of ReasonFlags (bit 1 keyCompromise … bit 8 aACompromise). */
export type ReasonMask = number;
export const allReasons: ReasonMask = 0b1_1111_1110;

export interface DistributionPoint {
  readonly name: DistributionPointName | undefined;
  readonly reasons: ReasonMask | undefined;
  readonly crlIssuer: readonly GeneralName[] | undefined;
}

export interface AccessDescription {
  readonly method: string;
  readonly location: GeneralName;
}

/** The reader of the content of the one element that an extension's value is. */
export function enterSequence(value: Uint8Array, what: string): DerReader {
  const reader = new DerReader(value);
  const inner = reader.expect(tags.sequence, what).enter();
  reader.finish(what);
  return inner;
}

export function decodeBasicConstraints(value: Uint8Array): BasicConstraints {
  const reader = enterSequence(value, 'basicConstraints');
  // An explicit FALSE breaks X.690 11.5, but CAs wrote it for decades and it can be read in one way only.
  const ca = reader.peek() === tags.boolean && readBoolean(reader, 'cA');
  const pathLength = reader.peek() === tags.integer ? readSmallInteger(reader, 'pathLenConstraint') : undefined;
  reader.finish('basicConstraints');
  return { ca, pathLength };
}

/** The key usage as a bit mask in the order of {@link keyUsageBits}. At least one bit must be set (RFC 5280 4.2.1.3). */
export function decodeKeyUsage(value: Uint8Array): number {
  const reader = new DerReader(value);
  const mask = maskOf(readBitString(reader, 'keyUsage'));
  reader.finish('keyUsage');
  if (mask === 0) throw new MalformedDer('keyUsage has no bit set');
  return mask;
}

function maskOf({ octets, unused }: { octets: Uint8Array; unused: number }): number {
  let mask = 0;
  const bits = Math.min(octets.length * 8 - unused, 16);
  for (let bit = 0; bit < bits; bit++) if (((octets[bit >> 3] as number) >> (7 - (bit & 7))) & 1) mask |= 1 << bit;
  return mask;
}

export function decodeSubjectAltName(value: Uint8Array): GeneralName[] {
  return readGeneralNames(enterSequence(value, 'subjectAltName'), 'subjectAltName');
}

export function decodeNameConstraints(value: Uint8Array): NameConstraints {
  const reader = enterSequence(value, 'nameConstraints');
  const permitted = reader.optional(explicit(0)) ? readSubtrees(reader.enter()) : [];
  const excluded = reader.optional(explicit(1)) ? readSubtrees(reader.enter()) : [];
  reader.finish('nameConstraints');
  if (permitted.length + excluded.length === 0) throw new MalformedDer('nameConstraints is empty');
  return { permitted, excluded };
}

function readSubtrees(reader: DerReader): GeneralName[] {
  const subtrees: GeneralName[] = [];
  while (!reader.atEnd) {
    const subtree = reader.expect(tags.sequence, 'a subtree of nameConstraints').enter();
    const base = readGeneralName(subtree, [8, 32]);
    checkConstraint(base);
    // RFC 5280 4.2.1.10: minimum is 0 and maximum absent in this profile; anything else cannot be honoured.
    if (subtree.optional(implicit(0)) && smallIntegerContent(subtree, 'minimum') !== 0)
      throw new MalformedDer('nameConstraints has a minimum that is not 0');
    subtree.finish('a subtree of nameConstraints');
    subtrees.push(base);
  }
  if (subtrees.length === 0) throw new MalformedDer('nameConstraints has an empty list of subtrees');
  return subtrees;
}

function checkConstraint(base: GeneralName): void {
  if (base.form === 'iPAddress') {
    const half = base.address.length / 2;
    let ended = false;
    for (let at = half; at < base.address.length; at++) {
      for (let bit = 7; bit >= 0; bit--) {
        const set = ((base.address[at] as number) >> bit) & 1;
        if (set && ended) throw new MalformedDer('an iPAddress constraint has a mask with a gap');
        if (!set) ended = true;
      }
    }
  } else if (base.form === 'rfc822Name' && base.value.indexOf('@') !== base.value.lastIndexOf('@')) {
    throw new MalformedDer('an rfc822Name constraint has two at signs');
  }
}

/** id-qt-cps and id-qt-unotice, RFC 5280 4.2.1.4. Neither bears on validity. */
const knownQualifiers = ['1.3.6.1.5.5.7.2.1', '1.3.6.1.5.5.7.2.2'];

export interface CertificatePolicies {
  /** OIDs in their order. */
  readonly policies: ReadonlySet<string>;
  /** A qualifier that is not known here: fatal if the extension is critical (RFC 5280 4.2.1.4). */
  readonly unknownQualifier: string | undefined;
}

export function decodeCertificatePolicies(value: Uint8Array): CertificatePolicies {
  let unknownQualifier: string | undefined;
  const reader = enterSequence(value, 'certificatePolicies');
  const policies = new Set<string>();
  while (!reader.atEnd) {
    const information = reader.expect(tags.sequence, 'a policy').enter();
    const policy = readOid(information, 'a policy');
    if (!information.atEnd) {
      const qualifiers = information.expect(tags.sequence, 'policy qualifiers').enter();
      if (qualifiers.atEnd) throw new MalformedDer('policyQualifiers is empty');
      while (!qualifiers.atEnd) {
        const qualifier = qualifiers.expect(tags.sequence, 'a policy qualifier').enter();
        const id = readOid(qualifier, 'a policy qualifier');
        qualifier.next();
        qualifier.finish('a policy qualifier');
        if (!knownQualifiers.includes(id)) unknownQualifier ??= id;
      }
    }
    information.finish('a policy');
    if (policies.has(policy)) throw new MalformedDer(`the policy ${policy} occurs twice`);
    policies.add(policy);
  }
  if (policies.size === 0) throw new MalformedDer('certificatePolicies is empty');
  return { policies, unknownQualifier };
}

export function decodePolicyMappings(value: Uint8Array): PolicyMapping[] {
  const reader = enterSequence(value, 'policyMappings');
  const mappings: PolicyMapping[] = [];
  while (!reader.atEnd) {
    const mapping = reader.expect(tags.sequence, 'a policy mapping').enter();
    mappings.push({
      issuerDomainPolicy: readOid(mapping, 'issuerDomainPolicy'),
      subjectDomainPolicy: readOid(mapping, 'subjectDomainPolicy'),
    });
    mapping.finish('a policy mapping');
  }
  if (mappings.length === 0) throw new MalformedDer('policyMappings is empty');
  return mappings;
}

export function decodePolicyConstraints(value: Uint8Array): PolicyConstraints {
  const reader = enterSequence(value, 'policyConstraints');
  const requireExplicitPolicy = reader.optional(implicit(0))
    ? smallIntegerContent(reader, 'requireExplicitPolicy')
    : undefined;
  const inhibitPolicyMapping = reader.optional(implicit(1))
    ? smallIntegerContent(reader, 'inhibitPolicyMapping')
    : undefined;
  reader.finish('policyConstraints');
  if (requireExplicitPolicy === undefined && inhibitPolicyMapping === undefined)
    throw new MalformedDer('policyConstraints is empty');
  return { requireExplicitPolicy, inhibitPolicyMapping };
}

export function decodeInhibitAnyPolicy(value: Uint8Array): number {
  const reader = new DerReader(value);
  const skip = readSmallInteger(reader, 'inhibitAnyPolicy');
  reader.finish('inhibitAnyPolicy');
  return skip;
}

export function decodeExtendedKeyUsage(value: Uint8Array): string[] {
  const reader = enterSequence(value, 'extKeyUsage');
  const usages: string[] = [];
  while (!reader.atEnd) usages.push(readOid(reader, 'an extended key usage'));
  if (usages.length === 0) throw new MalformedDer('extKeyUsage is empty');
  return usages;
}

export function decodeSubjectKeyIdentifier(value: Uint8Array): Uint8Array {
  const reader = new DerReader(value);
  const identifier = reader.expect(tags.octetString, 'subjectKeyIdentifier').content();
  reader.finish('subjectKeyIdentifier');
  return identifier;
}

export function decodeAuthorityKeyIdentifier(value: Uint8Array): AuthorityKeyIdentifier {
  const reader = enterSequence(value, 'authorityKeyIdentifier');
  const keyIdentifier = reader.optional(implicit(0)) ? reader.content() : undefined;
  const authorityCertIssuer = reader.optional(explicit(1))
    ? readGeneralNames(reader.enter(), 'authorityCertIssuer')
    : undefined;
  let authorityCertSerialNumber: Uint8Array | undefined;
  if (reader.optional(implicit(2))) {
    checkInteger(reader, 'authorityCertSerialNumber');
    authorityCertSerialNumber = reader.content();
  }
  reader.finish('authorityKeyIdentifier');
  if ((authorityCertIssuer === undefined) !== (authorityCertSerialNumber === undefined))
    throw new MalformedDer('authorityKeyIdentifier has an issuer without a serial number, or the other way round');
  return { keyIdentifier, authorityCertIssuer, authorityCertSerialNumber };
}

/** cRLDistributionPoints and freshestCRL. */
export function decodeDistributionPoints(value: Uint8Array): DistributionPoint[] {
  const reader = enterSequence(value, 'cRLDistributionPoints');
  const points: DistributionPoint[] = [];
  while (!reader.atEnd) {
    const point = reader.expect(tags.sequence, 'a distribution point').enter();
    const name = point.optional(explicit(0)) ? readDistributionPointName(point.enter()) : undefined;
    const reasons = point.optional(implicit(1)) ? reasonContent(point) : undefined;
    const crlIssuer = point.optional(explicit(2)) ? readGeneralNames(point.enter(), 'cRLIssuer') : undefined;
    point.finish('a distribution point');
    if (name === undefined && crlIssuer === undefined)
      throw new MalformedDer('a distribution point names neither itself nor a cRLIssuer');
    points.push({ name, reasons, crlIssuer });
  }
  if (points.length === 0) throw new MalformedDer('cRLDistributionPoints is empty');
  return points;
}

/** ReasonFlags (implicitly tagged) just read, as a mask. */
export function reasonContent(reader: DerReader): ReasonMask {
  return maskOf(bitStringContent(reader, 'reasons'));
}

/** A DistributionPointName from a reader of its explicit tag's content. */
export function readDistributionPointName(reader: DerReader): DistributionPointName {
  if (reader.optional(explicit(0))) {
    const names = readGeneralNames(reader.enter(), 'a distribution point name');
    reader.finish('a distribution point name');
    return { form: 'fullName', names };
  }
  reader.expect(explicit(1), 'a distribution point name');
  const rdn = readRdn(reader.enter());
  reader.finish('a distribution point name');
  return { form: 'nameRelativeToCRLIssuer', rdn };
}

/** A key under which two RDNs are equal by RFC 5280 section 7.1. */
export const rdnKey = (rdn: RelativeDistinguishedName): string => canonicalDistinguishedName([rdn]);

export function decodeAuthorityInfoAccess(value: Uint8Array): AccessDescription[] {
  const reader = enterSequence(value, 'authorityInfoAccess');
  const descriptions: AccessDescription[] = [];
  while (!reader.atEnd) {
    const description = reader.expect(tags.sequence, 'an access description').enter();
    const method = readOid(description, 'accessMethod');
    descriptions.push({ method, location: readGeneralName(description, [4, 16]) });
    description.finish('an access description');
  }
  if (descriptions.length === 0) throw new MalformedDer('authorityInfoAccess is empty');
  return descriptions;
}

/** An implicitly tagged BOOLEAN that is present only when TRUE. */
export function optionalFlag(reader: DerReader, tag: number, what: string): boolean {
  return reader.optional(tag) && booleanContent(reader, what);
}
