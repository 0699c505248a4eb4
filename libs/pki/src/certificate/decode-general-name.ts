import { type DerReader, assertStrictDer, explicit, implicit, MalformedDer, tags } from '../der/der-reader.js';
import { decodeIa5 } from '../der/decode-string.js';
import { oidContent, readOid } from '../der/decode-value.js';
import { decodeNameAnew, type DecodedName } from './decode-name.js';

/** RFC 5280 4.2.1.6. `address` is 4 or 16 octets in a name, twice that in a constraint. */
export type GeneralName =
  | { readonly form: 'otherName'; readonly type: string; readonly value: Uint8Array }
  | { readonly form: 'rfc822Name'; readonly value: string }
  | { readonly form: 'dNSName'; readonly value: string }
  | { readonly form: 'x400Address' }
  | { readonly form: 'directoryName'; readonly name: DecodedName }
  | { readonly form: 'ediPartyName' }
  | { readonly form: 'uniformResourceIdentifier'; readonly value: string }
  | { readonly form: 'iPAddress'; readonly address: Uint8Array }
  | { readonly form: 'registeredID'; readonly value: string };

export type GeneralNameForm = GeneralName['form'];

/**
 * Reads one GeneralName.
 * @param addressLengths lengths allowed for an iPAddress: [4, 16] for names, [8, 32] for constraints
 * @throws {MalformedDer}
 */
export function readGeneralName(reader: DerReader, addressLengths: readonly [number, number]): GeneralName {
  const tag = reader.next();
  const { bytes, contentStart, contentEnd } = reader;
  switch (tag) {
    case explicit(0): {
      const other = reader.enter();
      const type = readOid(other, 'the type of an otherName');
      other.expect(explicit(0), 'the value of an otherName');
      const value = other.content();
      assertStrictDer(value);
      other.finish('an otherName');
      return { form: 'otherName', type, value };
    }
    case implicit(1):
      return { form: 'rfc822Name', value: decodeIa5(bytes, contentStart, contentEnd) };
    case implicit(2):
      return { form: 'dNSName', value: decodeIa5(bytes, contentStart, contentEnd) };
    case explicit(3):
      return { form: 'x400Address' };
    case explicit(4): {
      const inner = reader.enter();
      inner.expect(tags.sequence, 'a directoryName');
      const name = decodeNameAnew(inner.element());
      inner.finish('a directoryName');
      return { form: 'directoryName', name };
    }
    case explicit(5):
      return { form: 'ediPartyName' };
    case implicit(6):
      return { form: 'uniformResourceIdentifier', value: decodeIa5(bytes, contentStart, contentEnd) };
    case implicit(7):
      if (!addressLengths.includes(contentEnd - contentStart))
        throw new MalformedDer(`an iPAddress has ${contentEnd - contentStart} octets`);
      return { form: 'iPAddress', address: bytes.subarray(contentStart, contentEnd) };
    case implicit(8):
      return { form: 'registeredID', value: oidContent(reader, 'a registeredID') };
    default:
      throw new MalformedDer(`a general name has the unknown tag 0x${tag.toString(16)}`);
  }
}

/** Reads GeneralNames from a reader of the SEQUENCE's content; there must be at least one (RFC 5280 4.2.1.6). */
export function readGeneralNames(sequence: DerReader, what: string): GeneralName[] {
  const names: GeneralName[] = [];
  while (!sequence.atEnd) names.push(readGeneralName(sequence, [4, 16]));
  if (names.length === 0) throw new MalformedDer(`${what} is empty`);
  return names;
}

/** A general name for people, e.g. `DNS:example.com`. */
export function describeGeneralName(name: GeneralName, formatName: (name: DecodedName) => string): string {
  switch (name.form) {
    case 'rfc822Name':
      return `email:${JSON.stringify(name.value).slice(1, -1)}`;
    case 'dNSName':
      return `DNS:${JSON.stringify(name.value).slice(1, -1)}`;
    case 'uniformResourceIdentifier':
      return `URI:${JSON.stringify(name.value).slice(1, -1)}`;
    case 'directoryName':
      return `DirName:${formatName(name.name)}`;
    case 'iPAddress':
      return `IP:${describeAddress(name.address)}`;
    case 'registeredID':
      return `registeredID:${name.value}`;
    case 'otherName':
      return `otherName:${name.type}`;
    default:
      return name.form;
  }
}

function describeAddress(address: Uint8Array): string {
  const half = address.length === 8 || address.length === 32 ? address.length / 2 : address.length;
  const host = address.subarray(0, half);
  const written =
    half === 4
      ? host.join('.')
      : Array.from({ length: 8 }, (_, i) =>
          (((host[i * 2] as number) << 8) | (host[i * 2 + 1] as number)).toString(16),
        ).join(':');
  if (half === address.length) return written;
  const mask = address.subarray(half);
  let bits = 0;
  for (const octet of mask) for (let bit = 7; bit >= 0; bit--) bits += (octet >> bit) & 1;
  return `${written}/${bits}`;
}
