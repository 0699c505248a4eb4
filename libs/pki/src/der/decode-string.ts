import { isUtf8 } from 'node:buffer';
import { MalformedDer, tags } from './der-reader.js';

/** Whether a tag is that of a character string a name may hold (DirectoryString, IA5String and the legacy types). */
export function isCharacterString(tag: number): boolean {
  switch (tag) {
    case tags.utf8String:
    case tags.printableString:
    case tags.ia5String:
    case tags.teletexString:
    case tags.bmpString:
    case tags.universalString:
    case tags.numericString:
    case tags.visibleString:
      return true;
    default:
      return false;
  }
}

/**
 * The text of a character string.
 * @throws {MalformedDer} if the octets are not of that character set
 */
export function decodeCharacterString(tag: number, bytes: Uint8Array, start: number, end: number): string {
  switch (tag) {
    case tags.bmpString:
      return decodeWide(bytes, start, end, 2);
    case tags.universalString:
      return decodeWide(bytes, start, end, 4);
    default:
      return decodeNarrow(tag, bytes, start, end);
  }
}

function decodeNarrow(tag: number, bytes: Uint8Array, start: number, end: number): string {
  let text = '';
  for (let at = start; at < end; at++) {
    const octet = bytes[at] as number;
    if (octet >= 0x80) return decodeBeyondAscii(tag, bytes, start, end);
    text += String.fromCharCode(octet);
  }
  return text;
}

function decodeBeyondAscii(tag: number, bytes: Uint8Array, start: number, end: number): string {
  const octets = bytes.subarray(start, end);
  // TeletexString is read as Latin-1, as every other implementation does; T.61 proper is nowhere in use.
  if (tag === tags.teletexString)
    return Buffer.from(octets.buffer, octets.byteOffset, octets.length).toString('latin1');
  if (tag !== tags.utf8String) throw new MalformedDer('a name holds an octet that its string type does not allow');
  if (!isUtf8(octets)) throw new MalformedDer('a name holds octets that are not UTF-8');
  return Buffer.from(octets.buffer, octets.byteOffset, octets.length).toString('utf8');
}

function decodeWide(bytes: Uint8Array, start: number, end: number, width: 2 | 4): string {
  if ((end - start) % width !== 0) throw new MalformedDer('a name holds a string cut in the middle of a character');
  let text = '';
  for (let at = start; at < end; at += width) {
    let code = ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
    if (width === 4) code = code * 0x10000 + (((bytes[at + 2] as number) << 8) | (bytes[at + 3] as number));
    if (code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
      throw new MalformedDer('a name holds a code that is no character');
    text += String.fromCodePoint(code);
  }
  return text;
}

/** The text of an IA5String content. @throws {MalformedDer} on an octet above 7F */
export function decodeIa5(bytes: Uint8Array, start: number, end: number): string {
  return decodeNarrow(tags.ia5String, bytes, start, end);
}
