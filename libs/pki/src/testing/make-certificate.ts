import { createPublicKey, generateKeyPairSync, randomBytes, sign, constants, type KeyObject } from 'node:crypto';
import * as asn1js from 'asn1js';
import { parseDistinguishedName, type DistinguishedName } from '@sluice/domain';
import { parseCertificate, type Certificate } from '../certificate/certificate.js';

/** Certificates for tests, written with asn1js: an encoder that shares nothing with the reader under test. */

export interface TestKeyPair {
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}

export type TestKeyKind = 'P-256' | 'P-384' | 'P-521' | 'ed25519' | `rsa-${number}` | 'secp256k1';

const keys = new Map<string, TestKeyPair>();

/** A key pair by kind and name; the same one every time in a process, for making RSA keys is slow. */
export function testKey(kind: TestKeyKind, name = 'default'): TestKeyPair {
  const id = `${kind} ${name}`;
  let pair = keys.get(id);
  if (pair === undefined) {
    if (kind === 'ed25519') pair = generateKeyPairSync('ed25519');
    else if (kind.startsWith('rsa-')) pair = generateKeyPairSync('rsa', { modulusLength: Number(kind.slice(4)) });
    else pair = generateKeyPairSync('ec', { namedCurve: kind });
    keys.set(id, pair);
  }
  return pair;
}

export interface TestExtension {
  readonly oid: string;
  readonly critical?: boolean;
  readonly value: asn1js.BaseBlock | Uint8Array;
}

/** A general name: `dns:`, `email:`, `uri:`, `ip:` (also `ip:10.0.0.0/8` as a constraint), `dir:CN=…`, `rid:1.2.3`, `other:1.2.3`. */
export type TestGeneralName = string;

export interface CertificateContent {
  /** RFC 4514, or the DER of a Name. */
  readonly subject: string | Uint8Array;
  readonly issuer?: TestCertificate;
  /** Signs instead of the issuer's key: a forged signature. */
  readonly signingKey?: TestKeyPair;
  readonly issuerName?: string | Uint8Array;
  readonly keyKind?: TestKeyKind;
  readonly key?: TestKeyPair;
  readonly serial?: Uint8Array;
  readonly notBefore?: number;
  readonly notAfter?: number;
  readonly version?: 1 | 2 | 3;
  readonly ca?: boolean;
  readonly pathLength?: number;
  /** Leaves the extension out although `ca` is set. */
  readonly omitBasicConstraints?: boolean;
  /** Bit numbers of RFC 5280 4.2.1.3; default 5 and 6 for a CA, 0 for others; empty array: no extension. */
  readonly keyUsage?: readonly number[];
  readonly extendedKeyUsage?: readonly string[];
  readonly subjectAltNames?: readonly TestGeneralName[];
  readonly permitted?: readonly TestGeneralName[];
  readonly excluded?: readonly TestGeneralName[];
  readonly policies?: readonly string[];
  readonly policyMappings?: readonly (readonly [string, string])[];
  readonly requireExplicitPolicy?: number;
  readonly inhibitPolicyMapping?: number;
  readonly inhibitAnyPolicy?: number;
  readonly extensions?: readonly TestExtension[];
  readonly omitKeyIdentifiers?: boolean;
  readonly hash?: 'sha1' | 'sha256' | 'sha384' | 'sha512';
  readonly pss?: boolean;
  /** Changes the signed part before it is signed. */
  readonly alterTbs?: (tbs: Uint8Array) => Uint8Array;
}

export interface TestCertificate {
  readonly der: Uint8Array;
  readonly key: TestKeyPair;
  readonly subject: string | Uint8Array;
  /** Parsed on first use: a deliberately malformed one can still be made. */
  readonly certificate: Certificate;
}

export const testTime = Date.UTC(2026, 5, 15, 12, 0, 0);
const day = 86_400_000;

const sequence = (...value: asn1js.BaseBlock[]): asn1js.Sequence => new asn1js.Sequence({ value: value as never });
const oid = (value: string): asn1js.ObjectIdentifier => new asn1js.ObjectIdentifier({ value });
const integer = (value: number): asn1js.Integer => new asn1js.Integer({ value });
export const encode = (block: asn1js.BaseBlock): Uint8Array => new Uint8Array(block.toBER(false));
export const raw = (der: Uint8Array): asn1js.BaseBlock => {
  const copy = new Uint8Array(der);
  const { result, offset } = asn1js.fromBER(copy.buffer);
  if (offset < 0) throw new Error('the test gave bytes that are no BER');
  return result;
};
const tagged = (number: number, ...value: asn1js.BaseBlock[]): asn1js.Constructed =>
  new asn1js.Constructed({ idBlock: { tagClass: 3, tagNumber: number }, value: value as never });
const taggedPrimitive = (number: number, bytes: Uint8Array): asn1js.Primitive =>
  new asn1js.Primitive({ idBlock: { tagClass: 3, tagNumber: number }, valueHex: new Uint8Array(bytes).buffer });
const octets = (bytes: Uint8Array): asn1js.OctetString =>
  new asn1js.OctetString({ valueHex: new Uint8Array(bytes).buffer });
const ascii = (text: string): Uint8Array => new TextEncoder().encode(text);

export function nameBlock(name: string | Uint8Array): asn1js.BaseBlock {
  if (typeof name !== 'string') return raw(name);
  return nameOf(parseDistinguishedName(name));
}

function nameOf(name: DistinguishedName): asn1js.BaseBlock {
  return sequence(
    ...name.map(
      (rdn) =>
        new asn1js.Set({
          value: rdn.map((attribute) =>
            sequence(
              oid(attribute.type),
              attribute.type === '2.5.4.6'
                ? new asn1js.PrintableString({ value: attribute.value })
                : attribute.type === '1.2.840.113549.1.9.1' || attribute.type === '0.9.2342.19200300.100.1.25'
                  ? new asn1js.IA5String({ value: attribute.value })
                  : new asn1js.Utf8String({ value: attribute.value }),
            ),
          ) as never,
        }),
    ),
  );
}

function addressOf(written: string): Uint8Array {
  const [host = '', bits] = written.split('/');
  const bytes = host.includes(':') ? Uint8Array.from(expandIpv6(host)) : Uint8Array.from(host.split('.').map(Number));
  if (bits === undefined) return bytes;
  const mask = new Uint8Array(bytes.length);
  for (let bit = 0; bit < Number(bits); bit++) mask[bit >> 3] = (mask[bit >> 3] as number) | (0x80 >> (bit & 7));
  return Uint8Array.from([...bytes, ...mask]);
}

function expandIpv6(host: string): number[] {
  const [head = '', tail] = host.split('::');
  const groups = (part: string): string[] => (part === '' ? [] : part.split(':'));
  const before = groups(head);
  const after = tail === undefined ? [] : groups(tail);
  const middle = Array.from({ length: 8 - before.length - after.length }, () => '0');
  return [...before, ...middle, ...after].flatMap((group) => [
    Number.parseInt(group, 16) >> 8,
    Number.parseInt(group, 16) & 0xff,
  ]);
}

export function generalName(written: TestGeneralName): asn1js.BaseBlock {
  const colon = written.indexOf(':');
  const value = written.slice(colon + 1);
  switch (written.slice(0, colon)) {
    case 'other':
      return tagged(0, oid(value), tagged(0, new asn1js.Utf8String({ value: 'other' })));
    case 'utf8mailbox':
      return tagged(0, oid('1.3.6.1.5.5.7.8.9'), tagged(0, new asn1js.Utf8String({ value })));
    case 'email':
      return taggedPrimitive(1, ascii(value));
    case 'dns':
      return taggedPrimitive(2, ascii(value));
    case 'dir':
      return tagged(4, nameBlock(value));
    case 'uri':
      return taggedPrimitive(6, ascii(value));
    case 'ip':
      return taggedPrimitive(7, addressOf(value));
    case 'rid': {
      const der = encode(oid(value));
      return taggedPrimitive(8, der.subarray(2));
    }
    default:
      throw new Error(`the test gave an unknown general name: ${written}`);
  }
}

const subtrees = (number: number, names: readonly TestGeneralName[] | undefined): asn1js.BaseBlock[] =>
  names === undefined || names.length === 0
    ? []
    : [tagged(number, ...names.map((name) => sequence(generalName(name))))];

/** Octets of a small non-negative INTEGER's content. */
const smallIntegerOctets = (value: number): Uint8Array => encode(integer(value)).subarray(2);

/** A named bit list in DER: bits, then the count of unused ones. */
export function bitList(bits: readonly number[]): Uint8Array {
  const last = Math.max(...bits);
  const bytes = new Uint8Array((last >> 3) + 1);
  for (const bit of bits) bytes[bit >> 3] = (bytes[bit >> 3] as number) | (0x80 >> (bit & 7));
  return Uint8Array.from([7 - (last & 7), ...bytes]);
}

const bitString = (content: Uint8Array): asn1js.BitString =>
  new asn1js.BitString({ unusedBits: content[0] as number, valueHex: new Uint8Array(content.subarray(1)).buffer });

function keyIdentifier(publicKey: KeyObject): Uint8Array {
  const spki = publicKey.export({ type: 'spki', format: 'der' });
  // Any octets will do that are the same for one key.
  return new Uint8Array(spki.subarray(-20));
}

function extensionsOf(content: CertificateContent, key: TestKeyPair, issuerKey: TestKeyPair): TestExtension[] {
  const list: TestExtension[] = [];
  if (content.ca === true && content.omitBasicConstraints !== true)
    list.push({
      oid: '2.5.29.19',
      critical: true,
      value: sequence(
        new asn1js.Boolean({ value: true }),
        ...(content.pathLength === undefined ? [] : [integer(content.pathLength)]),
      ),
    });
  const keyUsage = content.keyUsage ?? (content.ca === true ? [5, 6] : [0]);
  if (keyUsage.length > 0) list.push({ oid: '2.5.29.15', critical: true, value: bitString(bitList(keyUsage)) });
  if (content.extendedKeyUsage) list.push({ oid: '2.5.29.37', value: sequence(...content.extendedKeyUsage.map(oid)) });
  if (content.subjectAltNames)
    list.push({ oid: '2.5.29.17', value: sequence(...content.subjectAltNames.map(generalName)) });
  if (content.permitted || content.excluded)
    list.push({
      oid: '2.5.29.30',
      critical: true,
      value: sequence(...subtrees(0, content.permitted), ...subtrees(1, content.excluded)),
    });
  if (content.policies)
    list.push({ oid: '2.5.29.32', value: sequence(...content.policies.map((policy) => sequence(oid(policy)))) });
  if (content.policyMappings)
    list.push({
      oid: '2.5.29.33',
      critical: true,
      value: sequence(...content.policyMappings.map(([from, to]) => sequence(oid(from), oid(to)))),
    });
  if (content.requireExplicitPolicy !== undefined || content.inhibitPolicyMapping !== undefined)
    list.push({
      oid: '2.5.29.36',
      critical: true,
      value: sequence(
        ...(content.requireExplicitPolicy === undefined
          ? []
          : [taggedPrimitive(0, smallIntegerOctets(content.requireExplicitPolicy))]),
        ...(content.inhibitPolicyMapping === undefined
          ? []
          : [taggedPrimitive(1, smallIntegerOctets(content.inhibitPolicyMapping))]),
      ),
    });
  if (content.inhibitAnyPolicy !== undefined)
    list.push({ oid: '2.5.29.54', critical: true, value: integer(content.inhibitAnyPolicy) });
  if (content.omitKeyIdentifiers !== true) {
    list.push({ oid: '2.5.29.14', value: octets(keyIdentifier(key.publicKey)) });
    list.push({ oid: '2.5.29.35', value: sequence(taggedPrimitive(0, keyIdentifier(issuerKey.publicKey))) });
  }
  return [...list, ...(content.extensions ?? [])];
}

export const extensionBlock = (extension: TestExtension): asn1js.BaseBlock =>
  sequence(
    oid(extension.oid),
    ...(extension.critical === true ? [new asn1js.Boolean({ value: true })] : []),
    octets(extension.value instanceof Uint8Array ? extension.value : encode(extension.value)),
  );

const rsaOids = {
  sha1: '1.2.840.113549.1.1.5',
  sha256: '1.2.840.113549.1.1.11',
  sha384: '1.2.840.113549.1.1.12',
  sha512: '1.2.840.113549.1.1.13',
};
const ecdsaOids = {
  sha1: '1.2.840.10045.4.1',
  sha256: '1.2.840.10045.4.3.2',
  sha384: '1.2.840.10045.4.3.3',
  sha512: '1.2.840.10045.4.3.4',
};
const hashOids = {
  sha1: '1.3.14.3.2.26',
  sha256: '2.16.840.1.101.3.4.2.1',
  sha384: '2.16.840.1.101.3.4.2.2',
  sha512: '2.16.840.1.101.3.4.2.3',
};
const saltLengths = { sha1: 20, sha256: 32, sha384: 48, sha512: 64 };

export type TestHash = keyof typeof hashOids;

export function signatureAlgorithmBlock(key: TestKeyPair, hash: TestHash, pss: boolean): asn1js.BaseBlock {
  const type = key.privateKey.asymmetricKeyType;
  if (type === 'ed25519') return sequence(oid('1.3.101.112'));
  if (type === 'ec') return sequence(oid(ecdsaOids[hash]));
  if (!pss) return sequence(oid(rsaOids[hash]), new asn1js.Null());
  const hashBlock = sequence(oid(hashOids[hash]), new asn1js.Null());
  return sequence(
    oid('1.2.840.113549.1.1.10'),
    sequence(
      tagged(0, hashBlock),
      tagged(1, sequence(oid('1.2.840.113549.1.1.8'), hashBlock)),
      tagged(2, integer(saltLengths[hash])),
    ),
  );
}

export function signBytes(data: Uint8Array, key: TestKeyPair, hash: TestHash, pss: boolean): Uint8Array {
  const { privateKey } = key;
  if (privateKey.asymmetricKeyType === 'ed25519') return sign(null, data, privateKey);
  return sign(
    hash,
    data,
    pss && privateKey.asymmetricKeyType === 'rsa'
      ? { key: privateKey, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: saltLengths[hash] }
      : privateKey,
  );
}

/** The signed part, its algorithm and its signature, as certificates, CRLs and OCSP answers put them together. */
export function signedBlock(tbs: Uint8Array, key: TestKeyPair, hash: TestHash, pss: boolean): Uint8Array {
  const algorithm = encode(signatureAlgorithmBlock(key, hash, pss));
  const signature = encode(new asn1js.BitString({ valueHex: new Uint8Array(signBytes(tbs, key, hash, pss)).buffer }));
  const content = Buffer.concat([tbs, algorithm, signature]);
  const header =
    content.length < 0x80
      ? [0x30, content.length]
      : content.length < 0x100
        ? [0x30, 0x81, content.length]
        : content.length < 0x10000
          ? [0x30, 0x82, content.length >> 8, content.length & 0xff]
          : [0x30, 0x83, content.length >> 16, (content.length >> 8) & 0xff, content.length & 0xff];
  return Uint8Array.from([...header, ...content]);
}

export function timeBlock(time: number): asn1js.BaseBlock {
  const date = new Date(time);
  return date.getUTCFullYear() >= 2050 || date.getUTCFullYear() < 1950
    ? new asn1js.GeneralizedTime({ valueDate: date })
    : new asn1js.UTCTime({ valueDate: date });
}

/** Makes a certificate. Without an issuer it is signed by its own key. */
export function makeCertificate(content: CertificateContent): TestCertificate {
  const key =
    content.key ?? testKey(content.keyKind ?? 'P-256', typeof content.subject === 'string' ? content.subject : 'raw');
  const issuerKey = content.issuer?.key ?? key;
  const signingKey = content.signingKey ?? issuerKey;
  const hash =
    content.hash ?? (signingKey.privateKey.asymmetricKeyDetails?.namedCurve === 'secp384r1' ? 'sha384' : 'sha256');
  const pss = content.pss ?? false;
  const version = content.version ?? 3;
  const serial = content.serial ?? Uint8Array.from([0x40, ...randomBytes(8)]);
  const extensions = version === 3 ? extensionsOf(content, key, issuerKey) : [];
  const block = sequence(
    ...(version === 1 ? [] : [tagged(0, integer(version - 1))]),
    new asn1js.Integer({ valueHex: new Uint8Array(serial).buffer }),
    signatureAlgorithmBlock(signingKey, hash, pss),
    nameBlock(content.issuerName ?? content.issuer?.subject ?? content.subject),
    sequence(timeBlock(content.notBefore ?? testTime - 30 * day), timeBlock(content.notAfter ?? testTime + 30 * day)),
    nameBlock(content.subject),
    raw(key.publicKey.export({ type: 'spki', format: 'der' })),
    ...(extensions.length === 0 ? [] : [tagged(3, sequence(...extensions.map(extensionBlock)))]),
  );
  const tbs = content.alterTbs?.(encode(block)) ?? encode(block);
  const der = signedBlock(tbs, signingKey, hash, pss);
  let parsed: Certificate | undefined;
  return {
    der,
    key,
    subject: content.subject,
    get certificate(): Certificate {
      return (parsed ??= parseCertificate(der));
    },
  };
}

/** The key pair of a SubjectPublicKeyInfo whose private half is not needed. */
export const publicOnly = (spki: Uint8Array): TestKeyPair => {
  const publicKey = createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' });
  return { publicKey, privateKey: testKey('P-256', 'unused').privateKey };
};
