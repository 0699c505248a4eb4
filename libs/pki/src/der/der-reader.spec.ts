import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { assertStrictDer, DerReader, MalformedDer, tags } from './der-reader.js';
import { readBitString, readBoolean, readIntegerBytes, readOid, readTime } from './decode-value.js';

const bytes = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex.replace(/ /g, ''), 'hex'));
const reader = (hex: string): DerReader => new DerReader(bytes(hex));

describe('attack 22: only strict DER is read', () => {
  it.each([
    ['an indefinite length', '30 80 00 00'],
    ['a length in two octets that fits in one', '04 81 01 00'],
    ['a length with a leading zero octet', '04 82 00 80'],
    ['a length beyond the data', '04 05 00'],
    ['a length of nine octets', '04 89 00 00 00 00 00 00 00 00 01 00'],
    ['a tag number above 30', '1f 81 01 00'],
    ['a header cut short', '30'],
  ])('refuses %s', (_what, hex) => {
    expect(() => reader(hex).next()).toThrow(MalformedDer);
  });

  it('refuses trailing bytes', () => {
    const outer = reader('05 00 00');
    outer.expect(tags.null, 'null');
    expect(() => outer.finish('null')).toThrow(MalformedDer);
  });

  it('refuses an inner element that is longer than the outer one', () => {
    expect(() => assertStrictDer(bytes('30 03 04 02 00 00'))).toThrow(MalformedDer);
  });

  it('refuses 100,000 nested elements at once', () => {
    const levels = 100_000;
    const nested = new Uint8Array(levels * 2).map((_, index) => (index % 2 === 0 ? 0x30 : 0x80));
    expect(() => assertStrictDer(nested)).toThrow(MalformedDer);
    // Definite lengths that fit, so that only the depth is wrong.
    let inner = Uint8Array.of(0x05, 0x00);
    for (let level = 0; level < 40; level++) inner = Uint8Array.of(0x30, inner.length, ...inner);
    expect(() => assertStrictDer(inner)).toThrow(/deep/);
  });

  it.each([
    ['a BOOLEAN that is neither 00 nor FF', '01 01 01', readBoolean],
    ['a BOOLEAN of two octets', '01 02 ff ff', readBoolean],
    ['an INTEGER with a needless zero', '02 02 00 7f', readIntegerBytes],
    ['an INTEGER with needless ones', '02 02 ff 80', readIntegerBytes],
    ['an empty INTEGER', '02 00', readIntegerBytes],
    ['a BIT STRING with set unused bits', '03 02 01 01', readBitString],
    ['a BIT STRING with eight unused bits', '03 02 08 00', readBitString],
    ['an empty BIT STRING', '03 00', readBitString],
    ['an OID with a padded arc', '06 03 55 80 01', readOid],
    ['an OID cut in an arc', '06 02 55 81', readOid],
    ['an empty OID', '06 00', readOid],
    ['a UTCTime without seconds', `17 0b ${Buffer.from('2601010000Z').toString('hex')}`, readTime],
    ['a UTCTime with an offset', `17 11 ${Buffer.from('260101000000+0100').toString('hex')}`, readTime],
    ['a GeneralizedTime with a fraction', `18 11 ${Buffer.from('20260101000000.5Z').toString('hex')}`, readTime],
    ['30 February', `17 0d ${Buffer.from('260230000000Z').toString('hex')}`, readTime],
    ['29 February of a common year', `17 0d ${Buffer.from('270229000000Z').toString('hex')}`, readTime],
    ['a 13th month', `17 0d ${Buffer.from('261301000000Z').toString('hex')}`, readTime],
    ['a sign in a date', `17 0d ${Buffer.from('26010100-100Z').toString('hex')}`, readTime],
  ])('refuses %s', (_what, hex, read) => {
    expect(() => read(reader(hex), 'it')).toThrow(MalformedDer);
  });

  it('never throws anything else, and never reads beyond the end', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (input) => {
        try {
          assertStrictDer(input);
        } catch (error) {
          expect(error).toBeInstanceOf(MalformedDer);
        }
      }),
      { numRuns: 5000 },
    );
  });
});

describe('values', () => {
  it.each([
    ['06 03 55 1d 25', '2.5.29.37'],
    ['06 09 2a 86 48 86 f7 0d 01 01 0b', '1.2.840.113549.1.1.11'],
    ['06 01 27', '0.39'],
    ['06 02 88 37', '2.999'],
    ['06 0a 69 83 ff ff ff ff ff ff ff 7f', '2.25.288230376151711743'],
  ])('reads the OID %s', (hex, dotted) => {
    expect(readOid(reader(hex), 'it')).toBe(dotted);
  });

  it.each([
    ['500101000000Z', Date.UTC(1950, 0, 1)],
    ['491231235959Z', Date.UTC(2049, 11, 31, 23, 59, 59)],
    ['000229120000Z', Date.UTC(2000, 1, 29, 12)],
  ])('reads the UTCTime %s', (written, time) => {
    expect(readTime(reader(`17 0d ${Buffer.from(written).toString('hex')}`), 'it')).toBe(time);
  });

  it('reads a GeneralizedTime', () => {
    expect(readTime(reader(`18 0f ${Buffer.from('99991231235959Z').toString('hex')}`), 'it')).toBe(
      Date.UTC(9999, 11, 31, 23, 59, 59),
    );
  });
});
