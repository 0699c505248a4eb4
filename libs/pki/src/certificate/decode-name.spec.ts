import { describe, expect, it } from '@jest/globals';
import { MalformedDer } from '../der/der-reader.js';
import { bytesOf, hexElement, hexSequence, hexText } from '../testing/hex.js';
import { decodeName, decodeNameAnew } from './decode-name.js';

/** A name of one attribute, a common name, with this value. */
const nameOf = (value: string): Uint8Array => bytesOf(hexSequence(hexElement('31', hexSequence('0603550403', value))));
const valueOf = (hex: string): string | undefined => decodeNameAnew(nameOf(hex)).name[0]?.[0]?.value;
const keyOf = (hex: string): string => decodeNameAnew(nameOf(hex)).key;

describe('the text of an attribute of a name', () => {
  it.each([
    ['UTF8String', hexElement('0c', '5ac3bc72696368'), 'Zürich'],
    ['PrintableString', hexText('13', 'Zurich'), 'Zurich'],
    ['IA5String', hexText('16', 'a@example.com'), 'a@example.com'],
    ['VisibleString', hexText('1a', 'Zurich'), 'Zurich'],
    ['NumericString', hexText('12', '0 1 2'), '0 1 2'],
    ['TeletexString, as Latin-1', hexText('14', 'Zürich'), 'Zürich'],
    ['BMPString', hexElement('1e', '005a00fc0072006900630068'), 'Zürich'],
    ['UniversalString', hexElement('1c', '0000005a0001f600'), 'Z\u{1f600}'],
  ])('is read from a %s', (_type, hex, text) => {
    expect(valueOf(hex)).toBe(text);
  });

  it.each([
    ['a BMPString cut in the middle of a character', hexElement('1e', '005a00'), /cut in the middle/],
    ['a UniversalString cut in the middle of a character', hexElement('1c', '0000005a0000'), /cut in the middle/],
    ['a BMPString with a surrogate', hexElement('1e', 'd83dde00'), /no character/],
    ['a UniversalString beyond Unicode', hexElement('1c', '00110000'), /no character/],
    ['a UniversalString with a surrogate', hexElement('1c', '0000dfff'), /no character/],
    ['a UTF8String that is Latin-1', hexText('0c', 'Zürich'), /not UTF-8/],
    ['a PrintableString beyond ASCII', hexText('13', 'Zürich'), /string type does not allow/],
    ['an IA5String beyond ASCII', hexText('16', 'Zürich'), /string type does not allow/],
  ])('is refused in %s', (_what, hex, problem) => {
    expect(() => valueOf(hex)).toThrow(MalformedDer);
    expect(() => valueOf(hex)).toThrow(problem);
  });

  it('is the same name in whatever string type it is written (RFC 5280 7.1)', () => {
    const keys = [
      hexElement('0c', '5ac3bc72696368'),
      hexText('14', 'Zürich'),
      hexElement('1e', '005a00fc0072006900630068'),
      hexElement('1c', '0000005a000000fc00000072000000690000006300000068'),
    ].map(keyOf);
    expect(new Set(keys).size).toBe(1);
  });

  it('is its DER where it is no text, and another name than the same hex as text', () => {
    expect(decodeNameAnew(nameOf('0201ff')).name).toEqual([[{ type: '2.5.4.3', value: '0201ff', form: 'der' }]]);
    expect(keyOf('0201ff')).not.toBe(keyOf(hexText('0c', '0201ff')));
  });

  it('is refused with something behind it, and in an RDN without attributes', () => {
    expect(() => decodeNameAnew(nameOf(hexText('0c', 'a') + '0500'))).toThrow(/an attribute of a name/);
    expect(() => decodeNameAnew(bytesOf(hexSequence('3100')))).toThrow(/relative distinguished name is empty/);
  });
});

describe('names that are remembered', () => {
  const numbered = (index: number): Uint8Array => nameOf(hexText('0c', `name ${index}`));

  it('are the same object again, and go when hundreds of others came after them', () => {
    const first = decodeName(numbered(0));
    expect(decodeName(numbered(0))).toBe(first);
    // Each generation holds 256: what was used in the one before is carried over.
    for (let index = 1; index <= 300; index++) decodeName(numbered(index));
    expect(decodeName(numbered(0))).toBe(first);
    for (let index = 301; index <= 1000; index++) decodeName(numbered(index));
    const again = decodeName(numbered(0));
    expect(again).not.toBe(first);
    expect(again).toEqual(first);
  });

  it('are none of those longer than a name has reason to be', () => {
    const long = nameOf(hexText('0c', 'x'.repeat(600)));
    expect(decodeName(long)).not.toBe(decodeName(long));
    expect(decodeName(long)).toEqual(decodeName(long));
  });
});
