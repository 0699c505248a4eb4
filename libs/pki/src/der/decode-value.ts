import { type DerReader, MalformedDer, tags } from './der-reader.js';

/** Decoders of single values. Each reads one element from the reader and throws {@link MalformedDer} if it is not DER. */

/** BOOLEAN: one octet, 00 or FF (X.690 11.1). */
export function readBoolean(reader: DerReader, what: string): boolean {
  reader.expect(tags.boolean, what);
  return booleanContent(reader, what);
}

/** The content of a BOOLEAN (also an implicitly tagged one) that was just read. */
export function booleanContent(reader: DerReader, what: string): boolean {
  const octet = reader.bytes[reader.contentStart];
  if (reader.contentEnd - reader.contentStart !== 1 || (octet !== 0 && octet !== 0xff))
    throw new MalformedDer(`${what} is no DER BOOLEAN`);
  return octet === 0xff;
}

/** INTEGER content as a view. Minimal form is checked; the sign is the caller's affair. */
export function readIntegerBytes(reader: DerReader, what: string): Uint8Array {
  reader.expect(tags.integer, what);
  checkInteger(reader, what);
  return reader.content();
}

/** Checks the INTEGER content just read (also an implicitly tagged one) for its shortest form. */
export function checkInteger(reader: DerReader, what: string): void {
  const { bytes, contentStart: at } = reader;
  const length = reader.contentEnd - at;
  if (length === 0) throw new MalformedDer(`${what} is an empty INTEGER`);
  if (length > 1) {
    const first = bytes[at] as number;
    const second = bytes[at + 1] as number;
    if ((first === 0 && second < 0x80) || (first === 0xff && second >= 0x80))
      throw new MalformedDer(`${what} is not in its shortest form`);
  }
}

/** A non-negative INTEGER below 2^31. */
export function readSmallInteger(reader: DerReader, what: string): number {
  reader.expect(tags.integer, what);
  return smallIntegerContent(reader, what);
}

/** The non-negative small INTEGER (also an implicitly tagged one) just read. */
export function smallIntegerContent(reader: DerReader, what: string): number {
  checkInteger(reader, what);
  const { bytes, contentStart, contentEnd } = reader;
  if ((bytes[contentStart] as number) >= 0x80) throw new MalformedDer(`${what} is negative`);
  // A huge path length or skip count is legal and means "no limit in practice".
  if (contentEnd - contentStart > 4) return 0x7fffffff;
  let value = 0;
  for (let at = contentStart; at < contentEnd; at++) value = value * 256 + (bytes[at] as number);
  return value;
}

/** BIT STRING: the octets and how many bits of the last one are unused (which must be zero, X.690 11.2.1). */
export function readBitString(reader: DerReader, what: string): { octets: Uint8Array; unused: number } {
  reader.expect(tags.bitString, what);
  return bitStringContent(reader, what);
}

/** The BIT STRING (also an implicitly tagged one) just read. */
export function bitStringContent(reader: DerReader, what: string): { octets: Uint8Array; unused: number } {
  const { bytes, contentStart, contentEnd } = reader;
  if (contentEnd === contentStart) throw new MalformedDer(`${what} is an empty BIT STRING`);
  const unused = bytes[contentStart] as number;
  if (unused > 7 || (unused > 0 && contentEnd - contentStart === 1))
    throw new MalformedDer(`${what} has an impossible count of unused bits`);
  if (unused > 0 && ((bytes[contentEnd - 1] as number) & ((1 << unused) - 1)) !== 0)
    throw new MalformedDer(`${what} has unused bits that are set`);
  return { octets: bytes.subarray(contentStart + 1, contentEnd), unused };
}

/** A BIT STRING whose length is a whole number of octets. */
export function readOctetAlignedBitString(reader: DerReader, what: string): Uint8Array {
  const { octets, unused } = readBitString(reader, what);
  if (unused !== 0) throw new MalformedDer(`${what} is not a whole number of octets`);
  return octets;
}

const knownOids = new Map<number, string>();

/** OBJECT IDENTIFIER as a dotted string. */
export function readOid(reader: DerReader, what: string): string {
  reader.expect(tags.oid, what);
  return oidContent(reader, what);
}

/** The OBJECT IDENTIFIER (also an implicitly tagged one) just read. */
export function oidContent(reader: DerReader, what: string): string {
  const { bytes, contentStart, contentEnd } = reader;
  // Every attribute type and extension of X.500 is 2.5.x.y in three octets: remember those.
  if (contentEnd - contentStart === 3 && bytes[contentStart] === 0x55) {
    const key = ((bytes[contentStart + 1] as number) << 8) | (bytes[contentStart + 2] as number);
    let known = knownOids.get(key);
    if (known === undefined) {
      known = decodeOid(bytes, contentStart, contentEnd, what);
      knownOids.set(key, known);
    }
    return known;
  }
  return decodeOid(bytes, contentStart, contentEnd, what);
}

function decodeOid(bytes: Uint8Array, start: number, end: number, what: string): string {
  if (start === end || (bytes[end - 1] as number) >= 0x80) throw new MalformedDer(`${what} is no OBJECT IDENTIFIER`);
  if (end - start > 64) throw new MalformedDer(`${what} is an OBJECT IDENTIFIER of more than 64 octets`);
  let dotted = '';
  let arc = 0;
  let big = 0n;
  let octets = 0;
  for (let at = start; at < end; at++) {
    const octet = bytes[at] as number;
    if (octets === 0 && octet === 0x80) throw new MalformedDer(`${what} holds an arc that is not in its shortest form`);
    octets++;
    if (octets <= 4) arc = arc * 128 + (octet & 0x7f);
    else big = (octets === 5 ? BigInt(arc) : big) * 128n + BigInt(octet & 0x7f);
    if (octet >= 0x80) continue;
    if (dotted === '') {
      if (octets <= 4) {
        const first = arc < 40 ? 0 : arc < 80 ? 1 : 2;
        dotted = `${first}.${arc - first * 40}`;
      } else dotted = `2.${big - 80n}`;
    } else dotted += octets <= 4 ? `.${arc}` : `.${big}`;
    arc = 0;
    octets = 0;
  }
  return dotted;
}

/** NULL with its empty content. */
export function readNull(reader: DerReader, what: string): void {
  reader.expect(tags.null, what);
  if (reader.contentEnd !== reader.contentStart) throw new MalformedDer(`${what} is a NULL with content`);
}

function twoDigits(bytes: Uint8Array, at: number): number {
  const tens = (bytes[at] as number) - 0x30;
  const ones = (bytes[at + 1] as number) - 0x30;
  return tens < 0 || tens > 9 || ones < 0 || ones > 9 ? -1 : tens * 10 + ones;
}

const daysOfMonth = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/** UTCTime or GeneralizedTime in the one form RFC 5280 4.1.2.5 allows each (seconds, Z, no fraction), as epoch milliseconds. */
export function readTime(reader: DerReader, what: string): number {
  const tag = reader.peek();
  if (tag !== tags.utcTime && tag !== tags.generalizedTime)
    throw new MalformedDer(`${what} is neither a UTCTime nor a GeneralizedTime`);
  reader.next();
  return timeContent(reader, tag === tags.generalizedTime, what);
}

/** A GeneralizedTime, as epoch milliseconds. */
export function readGeneralizedTime(reader: DerReader, what: string): number {
  reader.expect(tags.generalizedTime, what);
  return timeContent(reader, true, what);
}

/** The time (also an implicitly tagged one) just read. */
export function timeContent(reader: DerReader, generalized: boolean, what: string): number {
  const { bytes, contentEnd } = reader;
  let at = reader.contentStart;
  if (contentEnd - at !== (generalized ? 15 : 13) || bytes[contentEnd - 1] !== 0x5a)
    throw new MalformedDer(`${what} is not written as RFC 5280 demands`);
  let year: number;
  if (generalized) {
    const century = twoDigits(bytes, at);
    const rest = twoDigits(bytes, at + 2);
    year = century < 0 || rest < 0 ? -1 : century * 100 + rest;
    at += 4;
  } else {
    const short = twoDigits(bytes, at);
    year = short < 0 ? -1 : short >= 50 ? 1900 + short : 2000 + short;
    at += 2;
  }
  const month = twoDigits(bytes, at);
  const day = twoDigits(bytes, at + 2);
  const hour = twoDigits(bytes, at + 4);
  const minute = twoDigits(bytes, at + 6);
  const second = twoDigits(bytes, at + 8);
  const leap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  if (
    year < 0 ||
    month < 1 ||
    month > 12 ||
    day < 1 ||
    day > (daysOfMonth[month - 1] as number) ||
    (month === 2 && day === 29 && !leap) ||
    hour < 0 ||
    hour > 23 ||
    minute < 0 ||
    minute > 59 ||
    second < 0 ||
    second > 59
  )
    throw new MalformedDer(`${what} is no time of the calendar`);
  const time = Date.UTC(year, month - 1, day, hour, minute, second);
  return year >= 100 ? time : new Date(time).setUTCFullYear(year);
}

/** ENUMERATED as a small number. */
export function readEnumerated(reader: DerReader, what: string): number {
  reader.expect(tags.enumerated, what);
  return smallIntegerContent(reader, what);
}
