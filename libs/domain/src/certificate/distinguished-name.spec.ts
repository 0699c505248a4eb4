import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  canonicalDistinguishedName,
  formatDistinguishedName,
  freezeName,
  MalformedDistinguishedName,
  parseDistinguishedName,
  sameDistinguishedName,
  type AttributeTypeAndValue,
  type DistinguishedName,
} from './distinguished-name.js';

const text = (type: string, value: string): AttributeTypeAndValue => ({ type, value, form: 'text' });
const cn = '2.5.4.3';

describe('parseDistinguishedName', () => {
  it('reads the RDNs from right to left, as RFC 4514 writes them', () => {
    expect(parseDistinguishedName('CN=a,O=b,C=DE')).toEqual([
      [text('2.5.4.6', 'DE')],
      [text('2.5.4.10', 'b')],
      [text(cn, 'a')],
    ]);
  });

  it('reads the empty name', () => {
    expect(parseDistinguishedName('')).toEqual([]);
  });

  it.each([
    [
      'OU=Sales+CN=J.  Smith,DC=example,DC=net',
      [
        [text('0.9.2342.19200300.100.1.25', 'net')],
        [text('0.9.2342.19200300.100.1.25', 'example')],
        [text('2.5.4.11', 'Sales'), text(cn, 'J.  Smith')],
      ],
    ],
    [
      'CN=James \\"Jim\\" Smith\\, III,DC=example',
      [[text('0.9.2342.19200300.100.1.25', 'example')], [text(cn, 'James "Jim" Smith, III')]],
    ],
    ['CN=Before\\0dAfter', [[text(cn, 'Before\rAfter')]]],
    ['CN=Lu\\C4\\8Di\\C4\\87', [[text(cn, 'Lučić')]]],
    ['1.3.6.1.4.1.1466.0=#04024869', [[{ type: '1.3.6.1.4.1.1466.0', value: '04024869', form: 'der' }]]],
    ['CN=#0c0161', [[text(cn, 'a')]]],
    ['cn = a , OID.2.5.4.10 = b', [[text('2.5.4.10', 'b')], [text(cn, 'a')]]],
    ['CN=\\ a\\ ', [[text(cn, ' a ')]]],
    ['CN=a=b', [[text(cn, 'a=b')]]],
    ['CN="a, b"', [[text(cn, 'a, b')]]],
    ['E=a@b.example', [[text('1.2.840.113549.1.9.1', 'a@b.example')]]],
    ['CN=', [[text(cn, '')]]],
  ])('reads %s', (written, expected) => {
    expect(parseDistinguishedName(written)).toEqual(expected);
  });

  it.each([
    'CN',
    'CN=a,',
    'CN=a,,O=b',
    '=a',
    'XYZ=a',
    '1.02=a',
    'CN=\\',
    'CN=\\g',
    'CN=\\C4',
    'CN=#0',
    'CN=#xy',
    'CN=a"b',
    'CN="a',
    'CN=a<b',
    'CN="a"b',
    'CN=a\0b',
  ])('refuses %j', (written) => {
    expect(() => parseDistinguishedName(written)).toThrow(MalformedDistinguishedName);
  });

  it('gives a value that cannot be changed', () => {
    const name = parseDistinguishedName('CN=a');
    expect(Object.isFrozen(name) && Object.isFrozen(name[0]) && Object.isFrozen(name[0]?.[0])).toBe(true);
  });
});

const attribute = fc
  .record({
    type: fc.constantFrom(cn, '2.5.4.10', '1.2.3.4', '0.9.2342.19200300.100.1.25'),
    value: fc.string({ unit: 'grapheme', maxLength: 12 }),
  })
  .map(({ type, value }) => text(type, value));
const anyName: fc.Arbitrary<DistinguishedName> = fc
  .array(fc.array(attribute, { minLength: 1, maxLength: 3 }), { maxLength: 4 })
  .map(freezeName);
const tricky: fc.Arbitrary<DistinguishedName> = fc
  .array(
    fc.array(
      fc.record({
        type: fc.constantFrom(cn, '2.5.4.10'),
        value: fc.string({
          unit: fc.constantFrom('a', 'A', ' ', ',', '+', '=', '(', ')', ':', '1', '#', '\\', '"', '2.5.4.3'),
          maxLength: 5,
        }),
      }),
      { minLength: 1, maxLength: 2 },
    ),
    { maxLength: 3 },
  )
  .map((rdns) => freezeName(rdns.map((rdn) => rdn.map(({ type, value }) => text(type, value)))));

/** Equality by RFC 5280 7.1 written the slow way, for ASCII values. */
const sameTheSlowWay = (a: DistinguishedName, b: DistinguishedName): boolean =>
  a.length === b.length &&
  a.every((rdn, index) => {
    const other = [...(b[index] ?? [])];
    if (other.length !== rdn.length) return false;
    return rdn.every(({ type, value }) => {
      const squeeze = (written: string): string => written.toLowerCase().replace(/ +/g, ' ').trim();
      const found = other.findIndex(
        (candidate) => candidate.type === type && squeeze(candidate.value) === squeeze(value),
      );
      if (found < 0) return false;
      other.splice(found, 1);
      return true;
    });
  });

describe('formatDistinguishedName', () => {
  it('writes a name that reads as the same name', () => {
    fc.assert(
      fc.property(anyName, (name) => expect(parseDistinguishedName(formatDistinguishedName(name))).toEqual(name)),
      { numRuns: 2000 },
    );
  });

  it('escapes what would pass for structure', () => {
    expect(formatDistinguishedName([[text(cn, ' #a,b+c"d\\e<f>g;h=i ')]])).toBe(
      'CN=\\ #a\\,b\\+c\\"d\\\\e\\<f\\>g\\;h\\=i\\ ',
    );
    expect(formatDistinguishedName([[text(cn, '#a\n')]])).toBe('CN=\\#a\\0a');
  });
});

describe('attack 17: names are compared as RFC 5280 7.1 says', () => {
  it.each([
    ['CN=Sender,O=SAP SE', 'cn=SENDER,o=sap  se'],
    ['CN= a ', 'CN=a'],
    ['CN=\\ a', 'CN=a'],
    ['CN=Straße', 'CN=STRASSE'],
    ['CN=ＡＢＣ', 'CN=abc'],
    ['CN=a+O=b', 'O=b+CN=a'],
    ['CN=ΟΔΟΣ', 'CN=οδος'],
  ])('takes %s for %s', (a, b) => {
    expect(sameDistinguishedName(parseDistinguishedName(a), parseDistinguishedName(b))).toBe(true);
  });

  it.each([
    ['CN=a,O=b', 'O=b,CN=a'],
    ['CN=a,O=b', 'CN=a+O=b'],
    ['CN=a,O=b', 'CN=a\\,O=b'],
    ['CN=a+CN=a', 'CN=a'],
    ['CN=a\\+O\\=b', 'CN=a+O=b'],
    ['CN=a', 'O=a'],
    ['CN=', ''],
    ['CN=ab', 'CN=a b'],
    ['CN=#040161', 'CN=040161'],
  ])('tells %s from %s', (a, b) => {
    expect(sameDistinguishedName(parseDistinguishedName(a), parseDistinguishedName(b))).toBe(false);
  });

  it('has equal keys for equal names and no others', () => {
    fc.assert(
      fc.property(tricky, tricky, (a, b) =>
        expect(canonicalDistinguishedName(a) === canonicalDistinguishedName(b)).toBe(sameTheSlowWay(a, b)),
      ),
      { numRuns: 5000 },
    );
  });

  it('is not misled by the order inside a multi-valued RDN', () => {
    fc.assert(
      fc.property(anyName, (name) =>
        expect(canonicalDistinguishedName(name.map((rdn) => [...rdn].reverse()))).toBe(
          canonicalDistinguishedName(name),
        ),
      ),
    );
  });
});
