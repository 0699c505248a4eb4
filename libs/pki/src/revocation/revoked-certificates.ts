import { randomInt } from 'node:crypto';
import { extensionOids } from '../certificate/decode-extensions.js';
import { readGeneralNames } from '../certificate/decode-general-name.js';
import { DerReader, MalformedDer, tags } from '../der/der-reader.js';
import {
  checkInteger,
  readBoolean,
  readEnumerated,
  readGeneralizedTime,
  readOid,
  readTime,
} from '../der/decode-value.js';

/** RFC 5280 5.3.1. */
export const revocationReasons = [
  'unspecified',
  'keyCompromise',
  'cACompromise',
  'affiliationChanged',
  'superseded',
  'cessationOfOperation',
  'certificateHold',
  undefined,
  'removeFromCRL',
  'privilegeWithdrawn',
  'aACompromise',
] as const;
export type CrlReason = Exclude<(typeof revocationReasons)[number], undefined>;

export interface RevokedCertificate {
  /** Epoch milliseconds. */
  readonly revocationDate: number;
  readonly reason: CrlReason;
}

interface EntryFacts extends RevokedCertificate {
  /** Canonical key of the certificateIssuer extension, if the entry has one. */
  readonly certificateIssuer: string | undefined;
  readonly unknownCriticalExtension: string | undefined;
}

/** Entries of a CRL by issuer and serial number. */
export class RevokedCertificates {
  /** @param unknownCriticalExtension of any entry: then the CRL must not be used at all (RFC 5280 5.3) */
  constructor(
    readonly size: number,
    readonly unknownCriticalExtension: string | undefined,
    private readonly bytes: Uint8Array,
    /** Open addressing: offset of the entry plus one, 0 for an empty slot. */
    private readonly slots: Uint32Array,
    /** Issuers of the entries of an indirect CRL by slot, as indices into `issuers`; absent if all are the CRL's issuer. */
    private readonly issuerOfSlot: Uint32Array | undefined,
    private readonly issuers: readonly string[],
  ) {}

  /**
   * Finds an entry. @param issuerKey canonical name of the certificate's issuer @param serial content octets of its number
   */
  find(issuerKey: string, serial: Uint8Array): RevokedCertificate | undefined {
    const { slots, bytes } = this;
    if (this.size === 0) return undefined;
    const mask = slots.length - 1;
    for (let slot = hashSerial(serial, 0, serial.length) & mask; slots[slot] !== 0; slot = (slot + 1) & mask) {
      const entry = new DerReader(bytes, (slots[slot] as number) - 1);
      entry.next();
      const fields = entry.enter();
      fields.next();
      if (fields.contentEnd - fields.contentStart !== serial.length || !sameSerial(bytes, fields.contentStart, serial))
        continue;
      const issuer = this.issuers[this.issuerOfSlot === undefined ? 0 : (this.issuerOfSlot[slot] as number)];
      if (issuer === issuerKey) return readEntryFacts(entry.enter());
    }
    return undefined;
  }
}

function sameSerial(bytes: Uint8Array, at: number, serial: Uint8Array): boolean {
  for (let index = 0; index < serial.length; index++) if (bytes[at + index] !== serial[index]) return false;
  return true;
}

/** Another one in every process, so that no CA can choose serial numbers that all fall on one slot. */
const seed = randomInt(2 ** 32);

/** FNV-1a, then a mix: sequential serial numbers must not form one long run of slots. */
function hashSerial(bytes: Uint8Array, start: number, end: number): number {
  let value = seed;
  for (let at = start; at < end; at++) value = Math.imul(value ^ (bytes[at] as number), 0x01000193);
  value ^= value >>> 16;
  value = Math.imul(value, 0x85ebca6b);
  value ^= value >>> 13;
  return value >>> 0;
}

/** Reads an entry from a reader of its content. */
function readEntryFacts(entry: DerReader): EntryFacts {
  entry.next();
  const revocationDate = readTime(entry, 'revocationDate');
  let reason: CrlReason = 'unspecified';
  let certificateIssuer: string | undefined;
  let unknownCriticalExtension: string | undefined;
  if (!entry.atEnd) {
    const extensions = entry.expect(tags.sequence, 'entry extensions').enter();
    entry.finish('an entry');
    if (extensions.atEnd) throw new MalformedDer('crlEntryExtensions is empty');
    const seen: string[] = [];
    while (!extensions.atEnd) {
      const extension = extensions.expect(tags.sequence, 'an entry extension').enter();
      const oid = readOid(extension, 'an entry extension');
      const critical = extension.peek() === tags.boolean && readBoolean(extension, 'critical');
      extension.expect(tags.octetString, 'the value of an entry extension');
      const value = extension.enter();
      extension.finish('an entry extension');
      if (seen.includes(oid)) throw new MalformedDer(`an entry holds the extension ${oid} twice`);
      seen.push(oid);
      if (oid === extensionOids.reasonCode) {
        const named = revocationReasons[readEnumerated(value, 'reasonCode')];
        if (named === undefined) throw new MalformedDer('reasonCode is none of RFC 5280');
        reason = named;
        value.finish('reasonCode');
      } else if (oid === extensionOids.invalidityDate) {
        readGeneralizedTime(value, 'invalidityDate');
        value.finish('invalidityDate');
      } else if (oid === extensionOids.certificateIssuer) {
        const names = readGeneralNames(value.expect(tags.sequence, 'certificateIssuer').enter(), 'certificateIssuer');
        value.finish('certificateIssuer');
        const directory = names.find((name) => name.form === 'directoryName');
        if (directory?.form !== 'directoryName') throw new MalformedDer('certificateIssuer holds no directory name');
        certificateIssuer = directory.name.key;
      } else if (critical) unknownCriticalExtension ??= oid;
    }
  }
  return { revocationDate, reason, certificateIssuer, unknownCriticalExtension };
}

/** Entries between two yields: some milliseconds. */
const portion = 8192;

/** What a CRL without entries lists. */
export const noRevokedCertificates = new RevokedCertificates(
  0,
  undefined,
  new Uint8Array(0),
  new Uint32Array(1),
  undefined,
  [],
);

/**
 * Checks every entry and indexes them by serial number, yielding after every portion.
 * @param entries reader of the content of revokedCertificates
 * @throws {MalformedDer}
 */
export function* indexRevokedCertificates(
  entries: DerReader,
  version2: boolean,
  crlIssuerKey: string,
): Generator<undefined, RevokedCertificates> {
  const start = entries.position;
  let size = 0;
  for (; !entries.atEnd; size++) entries.expect(tags.sequence, 'an entry');
  entries.position = start;

  const slots = new Uint32Array(2 ** Math.ceil(Math.log2(size * 1.5 + 2)));
  const mask = slots.length - 1;
  const issuers = [crlIssuerKey];
  const issuerIndices = new Map([[crlIssuerKey, 0]]);
  let issuerOfSlot: Uint32Array | undefined;
  let issuer = 0;
  let unknownCriticalExtension: string | undefined;
  const { bytes } = entries;
  for (let count = 1; !entries.atEnd; count++) {
    if (count % portion === 0) yield;
    entries.next();
    const at = entries.elementStart;
    const entryStart = entries.contentStart;
    const entryEnd = entries.contentEnd;
    const next = entries.position;
    // One reader for all entries: it is put back into the entry, which its header check has shown to fit.
    entries.position = entryStart;
    entries.expect(tags.integer, 'userCertificate');
    checkInteger(entries, 'userCertificate');
    const { contentStart, contentEnd } = entries;
    if (contentEnd - contentStart > 64) throw new MalformedDer('userCertificate has more than 64 octets');
    readTime(entries, 'revocationDate');
    if (entries.position > entryEnd) throw new MalformedDer('an entry is shorter than its fields');
    if (entries.position < entryEnd) {
      if (!version2) throw new MalformedDer('entry extensions in a version 1 CRL');
      const facts = readEntryFacts(new DerReader(bytes, entryStart, entryEnd));
      unknownCriticalExtension ??= facts.unknownCriticalExtension;
      if (facts.certificateIssuer !== undefined) {
        // RFC 5280 5.3.3: holds for the following entries too, until another one.
        const known = issuerIndices.get(facts.certificateIssuer);
        issuer = known ?? issuers.push(facts.certificateIssuer) - 1;
        if (known === undefined) issuerIndices.set(facts.certificateIssuer, issuer);
        issuerOfSlot ??= new Uint32Array(slots.length);
      }
    }
    let slot = hashSerial(bytes, contentStart, contentEnd) & mask;
    while (slots[slot] !== 0) slot = (slot + 1) & mask;
    slots[slot] = at + 1;
    if (issuerOfSlot !== undefined) issuerOfSlot[slot] = issuer;
    entries.position = next;
  }
  return new RevokedCertificates(size, unknownCriticalExtension, bytes, slots, issuerOfSlot, issuers);
}
