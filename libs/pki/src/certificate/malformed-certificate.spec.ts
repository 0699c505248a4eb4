import { describe, expect, it } from '@jest/globals';
import { bytesOf, hexElement, hexOf, hexSequence, hexText } from '../testing/hex.js';
import { makeCertificate, type CertificateContent } from '../testing/make-certificate.js';
import { withUnreadableKey } from '../testing/unreadable-key.js';
import { authorityNamesBytes } from './certificate-authority-names.js';
import { MalformedCertificate } from './certificate.js';

const root = makeCertificate({ subject: 'CN=Root', ca: true });
const made = (content: Partial<CertificateContent>) => makeCertificate({ subject: 'CN=a', issuer: root, ...content });

/** Puts these elements behind the fields of the signed part. */
const append = (hex: string) => (tbs: Uint8Array) => bytesOf(hexSequence(fieldsOf(tbs) + hex));
/** Puts another version before the fields of the signed part, which has none or that of version 2 or 3. */
const withVersion = (content: string) => (tbs: Uint8Array) =>
  bytesOf(hexSequence(hexElement('a0', content) + fieldsOf(tbs).replace(/^a003020[12]../, '')));
function fieldsOf(tbs: Uint8Array): string {
  const lengthOctets = (tbs[1] as number) < 0x80 ? 0 : (tbs[1] as number) & 0x7f;
  return hexOf(tbs.subarray(2 + lengthOctets));
}
const replace = (from: string, to: string) => (tbs: Uint8Array) => {
  const hex = hexOf(tbs);
  if (!hex.includes(from)) throw new Error('the test looks for bytes that are not there');
  return bytesOf(hexSequence(fieldsOf(bytesOf(hex)).replace(from, to)));
};
const extension = (oid: string, ...more: string[]): string => hexSequence(hexElement('06', oid), ...more, '04020500');
const extensions = (...list: string[]): string => hexElement('a3', hexSequence(...list));
/** Another notBefore than that of `makeCertificate`, 30 days before its time. */
const validFrom = (time: string) => {
  const until = hexText('17', '260715120000Z');
  return replace(hexSequence(hexText('17', '260516120000Z'), until), hexSequence(time, until));
};

describe('attack 22: a certificate whose fields break RFC 5280', () => {
  it.each<[string, Partial<CertificateContent>, RegExp]>([
    ['version 1, written although it is the default', { version: 1, alterTbs: withVersion('020100') }, /default/],
    ['version 4', { version: 1, alterTbs: withVersion('020103') }, /version is unknown/],
    [
      'a unique identifier in version 1 (4.1.2.8)',
      { version: 1, alterTbs: append('810200ff') },
      /issuerUniqueID in a version 1/,
    ],
    [
      'a unique identifier that is no BIT STRING',
      { version: 2, alterTbs: append('82020801') },
      /subjectUniqueID has an impossible count/,
    ],
    [
      'extensions that are none',
      { version: 3, keyUsage: [], omitKeyIdentifiers: true, alterTbs: append(extensions()) },
      /extensions is empty/,
    ],
    [
      'critical FALSE, written although it is the default',
      { keyUsage: [], omitKeyIdentifiers: true, alterTbs: append(extensions(extension('2a03', '010100'))) },
      /critical FALSE/,
    ],
    [
      '65 extensions',
      {
        keyUsage: [],
        omitKeyIdentifiers: true,
        alterTbs: append(
          extensions(
            ...Array.from({ length: 65 }, (_, index) => extension(`2a${index.toString(16).padStart(2, '0')}`)),
          ),
        ),
      },
      /more than 64 extensions/,
    ],
    ['something behind its extensions', { alterTbs: append('0500') }, /tbsCertificate/],
    ['a date without seconds', { alterTbs: validFrom(hexText('17', '2605161200Z')) }, /as RFC 5280 demands/],
    ['a date with an offset', { alterTbs: validFrom(hexText('17', '260516120000+0000')) }, /as RFC 5280/],
    ['a 30th of February', { alterTbs: validFrom(hexText('17', '260230120000Z')) }, /no time of the calendar/],
    ['a 29th of February of 2100', { alterTbs: validFrom(hexText('18', '21000229120000Z')) }, /calendar/],
    ['an hour 24', { alterTbs: validFrom(hexText('17', '260516240000Z')) }, /no time of the calendar/],
    ['a letter in a date', { alterTbs: validFrom(hexText('17', '2605161200x0Z')) }, /no time of the calendar/],
    ['a letter in a year', { alterTbs: validFrom(hexText('18', '2x260516120000Z')) }, /calendar/],
    ['a number for a date', { alterTbs: validFrom('020101') }, /neither a UTCTime nor a GeneralizedTime/],
  ])('is refused: %s', (_what, content, problem) => {
    expect(() => made(content).certificate).toThrow(MalformedCertificate);
    expect(() => made(content).certificate).toThrow(problem);
  });

  it('may have unique identifiers from version 2 on', () => {
    const { certificate } = made({ version: 2, alterTbs: append('810200ff820200ff') });
    expect(certificate.version).toBe(2);
    expect(certificate.extensions).toEqual([]);
  });

  it.each([
    ['49', 2049],
    ['50', 1950],
  ])('reads the year %s of two digits as %i (RFC 5280 4.1.2.5.1)', (digits, year) => {
    const { certificate } = made({ alterTbs: validFrom(hexText('17', `${digits}0516120000Z`)) });
    expect(certificate.notBefore).toBe(Date.UTC(year, 4, 16, 12));
  });

  it('reads a year before 100 as itself', () => {
    const { certificate } = made({ alterTbs: validFrom(hexText('18', '00200229120000Z')) });
    expect(new Date(certificate.notBefore).toISOString()).toBe('0020-02-29T12:00:00.000Z');
  });
});

describe('the key of a certificate', () => {
  it('cannot be had, in a typed error, when its point is off the curve', () => {
    const { certificate } = withUnreadableKey({ subject: 'CN=a', issuer: root });
    expect(() => certificate.publicKey()).toThrow(MalformedCertificate);
    expect(() => certificate.publicKey()).toThrow(/public key cannot be read/);
  });
});

describe('the names of authorities in a handshake', () => {
  it('take two octets each beside their DER (RFC 8446 4.2.4)', () => {
    const other = makeCertificate({ subject: 'CN=Other,O=Example', ca: true });
    const certificates = [root.certificate, other.certificate];
    expect(authorityNamesBytes([])).toBe(0);
    expect(authorityNamesBytes(certificates)).toBe(
      4 + root.certificate.subjectDer.length + other.certificate.subjectDer.length,
    );
  });
});
