import {
  canonicalDistinguishedName,
  freezeName,
  type AttributeTypeAndValue,
  type DistinguishedName,
} from '@sluice/domain';
import { DerReader, MalformedDer, tags } from '../der/der-reader.js';
import { decodeCharacterString, isCharacterString } from '../der/decode-string.js';
import { readOid } from '../der/decode-value.js';

/** A decoded name with the key under which RFC 5280 section 7.1 compares it. */
export interface DecodedName {
  readonly name: DistinguishedName;
  readonly key: string;
}

/**
 * Names repeat: the issuers of one platform are few. Two generations, the older of which goes when the younger is full: small
 * enough that strangers' names cannot fill memory, and nothing is ever searched for the oldest.
 */
let young = new Map<string, DecodedName>();
let old = new Map<string, DecodedName>();
const generationSize = 256;
const maxRemembered = 512;

/**
 * Decodes the Name (the whole SEQUENCE) of a subject or issuer, and remembers it.
 * @throws {MalformedDer}
 */
export function decodeName(der: Uint8Array): DecodedName {
  if (der.length > maxRemembered) return decodeNameAnew(der);
  const raw = Buffer.from(der.buffer, der.byteOffset, der.length).toString('latin1');
  let decoded = young.get(raw);
  if (decoded === undefined) {
    decoded = old.get(raw) ?? decodeNameAnew(der);
    if (young.size >= generationSize) {
      old = young;
      young = new Map();
    }
    young.set(raw, decoded);
  }
  return decoded;
}

/**
 * Decodes a Name without remembering it: for names of which one certificate may hold thousands.
 * @throws {MalformedDer}
 */
export function decodeNameAnew(der: Uint8Array): DecodedName {
  const outer = new DerReader(der);
  const sequence = outer.expect(tags.sequence, 'a name').enter();
  outer.finish('a name');
  const rdns: AttributeTypeAndValue[][] = [];
  while (!sequence.atEnd) rdns.push(readRdn(sequence.expect(tags.set, 'a relative distinguished name').enter()));
  const name = freezeName(rdns);
  return { name, key: canonicalDistinguishedName(name) };
}

/** The attributes of one RDN, given a reader of its content. */
export function readRdn(set: DerReader): AttributeTypeAndValue[] {
  const rdn: AttributeTypeAndValue[] = [];
  while (!set.atEnd) {
    const attribute = set.expect(tags.sequence, 'an attribute of a name').enter();
    const type = readOid(attribute, 'the type of an attribute of a name');
    const tag = attribute.next();
    if (isCharacterString(tag)) {
      const value = decodeCharacterString(tag, attribute.bytes, attribute.contentStart, attribute.contentEnd);
      rdn.push({ type, value, form: 'text' });
    } else {
      const element = attribute.element();
      rdn.push({
        type,
        value: Buffer.from(element.buffer, element.byteOffset, element.length).toString('hex'),
        form: 'der',
      });
    }
    attribute.finish('an attribute of a name');
  }
  if (rdn.length === 0) throw new MalformedDer('a relative distinguished name is empty');
  return rdn;
}
