import { hash } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import { type DistinguishedName } from '@sluice/domain';
import { decodeSignatureAlgorithm, type SignatureAlgorithm } from '../algorithm/signature-algorithm.js';
import { readExtensions, sameBytes, type Extension } from '../certificate/certificate.js';
import {
  decodeAuthorityKeyIdentifier,
  decodeDistributionPoints,
  enterSequence,
  extensionOids,
  optionalFlag,
  readDistributionPointName,
  reasonContent,
  type AuthorityKeyIdentifier,
  type DistributionPoint,
  type DistributionPointName,
  type ReasonMask,
} from '../certificate/decode-extensions.js';
import { decodeName, type DecodedName } from '../certificate/decode-name.js';
import { DerReader, explicit, implicit, MalformedDer, tags } from '../der/der-reader.js';
import { readIntegerBytes, readOctetAlignedBitString, readSmallInteger, readTime } from '../der/decode-value.js';
import { indexRevokedCertificates, noRevokedCertificates, type RevokedCertificates } from './revoked-certificates.js';

/** Thrown by {@link parseCertificateList}. */
export class MalformedCertificateList extends Error {
  readonly code = 'malformed-crl';
  constructor(readonly problem: string) {
    super(`The CRL is malformed: ${problem}. Fetch it again, or ask its issuer for a CRL of strict DER.`);
    this.name = 'MalformedCertificateList';
  }
}

/** RFC 5280 5.2.5. */
export interface IssuingDistributionPoint {
  readonly name: DistributionPointName | undefined;
  readonly onlyContainsUserCerts: boolean;
  readonly onlyContainsCACerts: boolean;
  readonly onlySomeReasons: ReasonMask | undefined;
  readonly indirectCRL: boolean;
  readonly onlyContainsAttributeCerts: boolean;
}

/**
 * A parsed CRL. The entries stay in the DER and are found through an index of four octets each, so a CRL of a million
 * entries takes its own size and some 8 MiB.
 */
export class CertificateList {
  readonly der: Uint8Array;
  /** The signed part. */
  readonly tbs: Uint8Array;
  readonly signatureAlgorithm: SignatureAlgorithm;
  readonly signature: Uint8Array;
  /** Epoch milliseconds. */
  readonly thisUpdate: number;
  /** Epoch milliseconds; undefined if the CRL does not say. */
  readonly nextUpdate: number | undefined;
  readonly extensions: readonly Extension[];
  readonly issuingDistributionPoint: IssuingDistributionPoint | undefined;
  readonly crlNumber: bigint | undefined;
  /** BaseCRLNumber; present in a delta CRL only. */
  readonly baseCrlNumber: bigint | undefined;
  readonly authorityKeyIdentifier: AuthorityKeyIdentifier | undefined;
  readonly freshestCrl: readonly DistributionPoint[] | undefined;
  readonly unknownCriticalExtension: string | undefined;

  private entries: { readonly reader: DerReader; readonly version2: boolean } | undefined;
  private index: RevokedCertificates | undefined;
  private readonly issuerName: DecodedName;
  private sha256Hex: string | undefined;

  /** Use {@link parseCertificateList}. @throws {MalformedDer} */
  constructor(der: Uint8Array) {
    this.der = der;
    const outer = new DerReader(der);
    const list = outer.expect(tags.sequence, 'the CRL').enter();
    outer.finish('the CRL');
    const tbs = list.expect(tags.sequence, 'tbsCertList').enter();
    this.tbs = list.element();
    const signatureAlgorithm = list.expect(tags.sequence, 'signatureAlgorithm').element();
    this.signature = readOctetAlignedBitString(list, 'the signature');
    list.finish('the CRL');

    let version2 = false;
    if (tbs.peek() === tags.integer) {
      if (readSmallInteger(tbs, 'version') !== 1) throw new MalformedDer('the version is neither absent nor 2');
      version2 = true;
    }
    if (!sameBytes(tbs.expect(tags.sequence, 'signature').element(), signatureAlgorithm))
      throw new MalformedDer('the two signature algorithms differ');
    this.signatureAlgorithm = decodeSignatureAlgorithm(signatureAlgorithm);
    this.issuerName = decodeName(tbs.expect(tags.sequence, 'issuer').element());
    if (this.issuerName.name.length === 0) throw new MalformedDer('the issuer has no name');
    this.thisUpdate = readTime(tbs, 'thisUpdate');
    this.nextUpdate =
      tbs.peek() === tags.utcTime || tbs.peek() === tags.generalizedTime ? readTime(tbs, 'nextUpdate') : undefined;
    if (tbs.optional(tags.sequence)) {
      this.entries = { reader: tbs.enter(), version2 };
      // RFC 5280 5.1.2.6: without entries the list must be absent.
      if (this.entries.reader.atEnd) throw new MalformedDer('revokedCertificates is empty');
    }
    this.extensions = tbs.optional(explicit(0)) ? readExtensions(tbs.enter(), 'the CRL') : [];
    tbs.finish('tbsCertList');
    if (this.extensions.length > 0 && !version2) throw new MalformedDer('extensions in a version 1 CRL');
    for (const { oid, critical, value } of this.extensions) {
      switch (oid) {
        case extensionOids.issuingDistributionPoint:
          this.issuingDistributionPoint = decodeIssuingDistributionPoint(value);
          break;
        case extensionOids.cRLNumber:
          this.crlNumber = decodeCrlNumber(value);
          break;
        case extensionOids.deltaCRLIndicator:
          this.baseCrlNumber = decodeCrlNumber(value);
          break;
        case extensionOids.authorityKeyIdentifier:
          this.authorityKeyIdentifier = decodeAuthorityKeyIdentifier(value);
          break;
        case extensionOids.freshestCRL:
          this.freshestCrl = decodeDistributionPoints(value);
          break;
        default:
          if (critical) this.unknownCriticalExtension ??= oid;
      }
    }
  }

  /** Checks and indexes the entries, a portion at each step. Part of parsing: nobody gets a list on which this did not end. */
  *readEntries(): Generator<undefined, void> {
    const { entries } = this;
    this.index =
      entries === undefined
        ? noRevokedCertificates
        : yield* indexRevokedCertificates(entries.reader, entries.version2, this.issuerName.key);
    this.entries = undefined;
  }

  /** The entries. */
  get revoked(): RevokedCertificates {
    if (this.index === undefined) throw new Error('The entries of the CRL were not read: use parseCertificateList.');
    return this.index;
  }

  get issuer(): DistinguishedName {
    return this.issuerName.name;
  }

  get issuerKey(): string {
    return this.issuerName.key;
  }

  get isDelta(): boolean {
    return this.baseCrlNumber !== undefined;
  }

  get sha256(): string {
    return (this.sha256Hex ??= hash('sha256', this.der, 'hex'));
  }
}

function decodeCrlNumber(value: Uint8Array): bigint {
  const reader = new DerReader(value);
  const bytes = readIntegerBytes(reader, 'the CRL number');
  reader.finish('the CRL number');
  if ((bytes[0] as number) >= 0x80) throw new MalformedDer('the CRL number is negative');
  if (bytes.length > 21) throw new MalformedDer('the CRL number has more than 20 octets');
  return BigInt(`0x${Buffer.from(bytes).toString('hex')}`);
}

function decodeIssuingDistributionPoint(value: Uint8Array): IssuingDistributionPoint {
  const reader = enterSequence(value, 'issuingDistributionPoint');
  if (reader.atEnd) throw new MalformedDer('issuingDistributionPoint is empty');
  const name = reader.optional(explicit(0)) ? readDistributionPointName(reader.enter()) : undefined;
  const onlyContainsUserCerts = optionalFlag(reader, implicit(1), 'onlyContainsUserCerts');
  const onlyContainsCACerts = optionalFlag(reader, implicit(2), 'onlyContainsCACerts');
  const onlySomeReasons = reader.optional(implicit(3)) ? reasonContent(reader) : undefined;
  const indirectCRL = optionalFlag(reader, implicit(4), 'indirectCRL');
  const onlyContainsAttributeCerts = optionalFlag(reader, implicit(5), 'onlyContainsAttributeCerts');
  reader.finish('issuingDistributionPoint');
  if (Number(onlyContainsUserCerts) + Number(onlyContainsCACerts) + Number(onlyContainsAttributeCerts) > 1)
    throw new MalformedDer('issuingDistributionPoint confines the CRL to two kinds of certificates at once');
  return { name, onlyContainsUserCerts, onlyContainsCACerts, onlySomeReasons, indirectCRL, onlyContainsAttributeCerts };
}

/**
 * Parses a CRL strictly, every entry included. The bytes are kept, not copied. Takes about 0.4 µs an entry.
 * @throws {MalformedCertificateList}
 */
export function parseCertificateList(der: Uint8Array): CertificateList {
  return asMalformedList(() => {
    const list = new CertificateList(der);
    for (const _portion of list.readEntries());
    return list;
  });
}

/**
 * The same for a long CRL in a process that serves requests: lets others run after every portion of some milliseconds.
 * @throws {MalformedCertificateList}
 */
export async function parseLongCertificateList(der: Uint8Array): Promise<CertificateList> {
  const list = asMalformedList(() => new CertificateList(der));
  const portions = list.readEntries();
  while (asMalformedList(() => portions.next().done) !== true) await setImmediate();
  return list;
}

function asMalformedList<T>(parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (error instanceof MalformedDer) throw new MalformedCertificateList(error.message);
    throw error;
  }
}
