import type { AttributeTypeAndValue, DistinguishedName } from '@sluice/domain';
import { tags } from '../der/der-reader.js';
import { element, encodeOid, sequence } from '../der/write-der.js';

const countryName = '2.5.4.6';
const text = new TextEncoder();

/** Encoded names of issuers, which are few and stand in every certificate. */
const remembered = new WeakMap<DistinguishedName, Uint8Array>();

/**
 * The Name of RFC 5280 §4.1.2.4: values in UTF8String, the country in PrintableString as its type demands.
 * @throws TypeError for a country that no PrintableString holds
 */
export function encodeName(name: DistinguishedName): Uint8Array {
  let encoded = remembered.get(name);
  if (!encoded) {
    encoded = sequence(...name.map((rdn) => element(tags.set, ...rdn.map(encodeAttribute).sort(compareBytes))));
    remembered.set(name, encoded);
  }
  return encoded;
}

function encodeAttribute({ type, value, form }: AttributeTypeAndValue): Uint8Array {
  if (form === 'der') return sequence(encodeOid(type), Buffer.from(value, 'hex'));
  // The readers of PrintableString, ours among them, refuse anything else in it.
  if (type === countryName && !printable.test(value))
    throw new TypeError(`"${value}" is no country: its letters have to be those of a PrintableString, as in DE.`);
  const tag = type === countryName ? tags.printableString : tags.utf8String;
  return sequence(encodeOid(type), element(tag, text.encode(value)));
}

/** X.680 §41.4. */
const printable = /^[A-Za-z0-9 '()+,./:=?-]*$/;

/** X.690 §11.6: the elements of a SET OF stand in the order of their encodings. */
const compareBytes = (a: Uint8Array, b: Uint8Array): number => Buffer.compare(a, b);
