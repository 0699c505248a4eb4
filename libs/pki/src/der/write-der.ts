import { tags } from './der-reader.js';

/** Encoders for what is made here: certificates, CRLs and requests. Each returns one whole element. */

/** An element: tag, shortest length, contents one after another. */
export function element(tag: number, ...contents: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const content of contents) length += content.length;
  const lengthOctets = length < 0x80 ? 0 : length < 0x100 ? 1 : length < 0x1_0000 ? 2 : length < 0x100_0000 ? 3 : 4;
  const written = new Uint8Array(2 + lengthOctets + length);
  written[0] = tag;
  written[1] = lengthOctets === 0 ? length : 0x80 | lengthOctets;
  for (let octet = lengthOctets, rest = length; octet > 0; octet--, rest = Math.floor(rest / 256))
    written[1 + octet] = rest % 256;
  let at = 2 + lengthOctets;
  for (const content of contents) {
    written.set(content, at);
    at += content.length;
  }
  return written;
}

export const sequence = (...contents: readonly Uint8Array[]): Uint8Array => element(tags.sequence, ...contents);
export const octetString = (content: Uint8Array): Uint8Array => element(tags.octetString, content);
export const derNull = Uint8Array.of(0x05, 0x00);
export const derTrue = Uint8Array.of(0x01, 0x01, 0xff);

const oids = new Map<string, Uint8Array>();
/** Names may hold types of strangers' choice, which are not all remembered. */
const maxOids = 256;

/** OBJECT IDENTIFIER of a dotted string whose arcs are below 2^31. */
export function encodeOid(dotted: string): Uint8Array {
  let encoded = oids.get(dotted);
  if (!encoded) {
    encoded = encodeOidAnew(dotted);
    if (oids.size < maxOids) oids.set(dotted, encoded);
  }
  return encoded;
}

function encodeOidAnew(dotted: string): Uint8Array {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  const octets: number[] = [];
  for (const arc of [first * 40 + second, ...rest]) {
    const groups = [arc % 128];
    for (let left = Math.floor(arc / 128); left > 0; left = Math.floor(left / 128)) groups.unshift(0x80 | (left % 128));
    octets.push(...groups);
  }
  return element(0x06, new Uint8Array(octets));
}

/** INTEGER of a non-negative number, given as its octets: leading zeros go, and one comes back where the sign needs it. */
export function encodeUnsignedInteger(octets: Uint8Array): Uint8Array {
  let start = 0;
  while (start < octets.length - 1 && octets[start] === 0) start++;
  const magnitude = octets.subarray(start);
  if (magnitude.length === 0) return Uint8Array.of(0x02, 0x01, 0x00);
  return (magnitude[0] as number) >= 0x80
    ? element(tags.integer, Uint8Array.of(0), magnitude)
    : element(tags.integer, magnitude);
}

/** INTEGER of a non-negative number up to 2^53. */
export function encodeSmallInteger(value: number): Uint8Array {
  const octets: number[] = [];
  for (let rest = value; rest > 0; rest = Math.floor(rest / 256)) octets.unshift(rest % 256);
  return encodeUnsignedInteger(new Uint8Array(octets));
}

/** BIT STRING; the unused bits of the last octet must be zero. */
export function bitString(octets: Uint8Array, unusedBits = 0): Uint8Array {
  return element(tags.bitString, Uint8Array.of(unusedBits), octets);
}

/** Time as RFC 5280 §4.1.2.5 says, in whole seconds: UTCTime through 2049, GeneralizedTime after that. */
export function encodeTime(milliseconds: number): Uint8Array {
  const time = new Date(milliseconds);
  const year = time.getUTCFullYear();
  const generalized = year >= 2050;
  const written = new Uint8Array(generalized ? 17 : 15);
  written[0] = generalized ? tags.generalizedTime : tags.utcTime;
  written[1] = written.length - 2;
  let at = 2;
  const pair = (value: number) => {
    written[at++] = 0x30 + Math.floor(value / 10);
    written[at++] = 0x30 + (value % 10);
  };
  if (generalized) pair(Math.floor(year / 100));
  pair(year % 100);
  pair(time.getUTCMonth() + 1);
  pair(time.getUTCDate());
  pair(time.getUTCHours());
  pair(time.getUTCMinutes());
  pair(time.getUTCSeconds());
  written[at] = 0x5a;
  return written;
}
