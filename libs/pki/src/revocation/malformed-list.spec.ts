import { describe, expect, it } from '@jest/globals';
import { bytesOf, hexElement, hexSequence, hexText } from '../testing/hex.js';
import { makeCertificate, testTime } from '../testing/make-certificate.js';
import { makeCertificateList, testList } from '../testing/make-certificate-list.js';
import { CertificateList, MalformedCertificateList, parseCertificateList } from './parse-certificate-list.js';
import { revocationReasons } from './revoked-certificates.js';

const ca = makeCertificate({ subject: 'CN=CA', ca: true });
const ecdsa = '300a06082a8648ce3d040302';
const issuer = hexSequence(hexElement('31', hexSequence('0603550403', hexText('0c', 'CA'))));
const time = hexText('17', '260101000000Z');
/** A CRL of these fields. It is read before anybody looks at its signature, which is none. */
const list = (...fields: string[]): Uint8Array => bytesOf(hexSequence(hexSequence(...fields), ecdsa, '030100'));
const head = ['020101', ecdsa, issuer, time];
const extension = (oid: string, value: string, ...critical: string[]): string =>
  hexSequence(hexElement('06', oid), ...critical, hexElement('04', value));
const withExtension = (oid: string, value: string): Uint8Array =>
  list(...head, hexElement('a0', hexSequence(extension(oid, value))));
const withEntry = (...fields: string[]): Uint8Array => list(...head, hexSequence(hexSequence('020101', ...fields)));
const entryExtensions = (...list: string[]): string => hexSequence(...list);
const [crlNumber, distributionPoint, reasonCode, invalidityDate, certificateIssuer] = [
  '551d14',
  '551d1c',
  '551d15',
  '551d18',
  '551d1d',
] as const;

describe('attack 22: a CRL that breaks RFC 5280 section 5', () => {
  it.each<[string, Uint8Array, RegExp]>([
    ['version 3', list('020102', ecdsa, issuer, time), /neither absent nor 2/],
    ['another algorithm inside than outside', list('020101', '300a06082a8648ce3d040303', issuer, time), /differ/],
    ['an issuer without a name', list('020101', ecdsa, '3000', time), /issuer has no name/],
    ['a list of no entries, which must be left out (5.1.2.6)', list(...head, '3000'), /revokedCertificates is empty/],
    [
      'extensions in version 1',
      list(ecdsa, issuer, time, hexElement('a0', hexSequence(extension(crlNumber, '020101')))),
      /extensions in a version 1/,
    ],
    [
      'entry extensions in version 1',
      list(
        ecdsa,
        issuer,
        time,
        hexSequence(hexSequence('020101', time, entryExtensions(extension(reasonCode, '0a0101')))),
      ),
      /entry extensions in a version 1/,
    ],
    ['a negative number', withExtension(crlNumber, '0201ff'), /number is negative/],
    ['a number of 21 octets', withExtension(crlNumber, hexElement('02', '01'.repeat(22))), /more than 20 octets/],
    ['a scope that says nothing', withExtension(distributionPoint, '3000'), /issuingDistributionPoint is empty/],
    [
      'a scope of attribute certificates and users',
      withExtension(distributionPoint, hexSequence('8101ff', '8501ff')),
      /two kinds of certificates/,
    ],
    ['no entry extension in their list', withEntry(time, '3000'), /crlEntryExtensions is empty/],
    [
      'a serial number of 65 octets',
      list(...head, hexSequence(hexSequence(hexElement('02', '01'.repeat(65)), time))),
      /64 octets/,
    ],
    [
      // The digits "00" of the seconds are the header of the next entry.
      'an entry whose date goes on in the next one',
      list(
        ...head,
        hexSequence(`300f020101170d${Buffer.from('2601010000').toString('hex')}`, `30305a${'00'.repeat(47)}`),
      ),
      /shorter than its fields/,
    ],
    ['an entry without a date', withEntry('0500'), /revocationDate/],
    [
      'something behind the extensions of an entry',
      withEntry(time, entryExtensions(extension(reasonCode, '0a0101')), '0500'),
      /an entry/,
    ],
    [
      'an entry issuer without a directory name (5.3.3)',
      withEntry(time, entryExtensions(extension(certificateIssuer, hexSequence(hexText('82', 'ca.example'))))),
      /no directory name/,
    ],
    [
      'an invalidity date that is a UTCTime (5.3.2)',
      withEntry(time, entryExtensions(extension(invalidityDate, time))),
      /invalidityDate/,
    ],
  ])('is refused: %s', (_what, der, problem) => {
    expect(() => parseCertificateList(der)).toThrow(MalformedCertificateList);
    expect(() => parseCertificateList(der)).toThrow(problem);
  });

  it('tells what is wrong and what to do', () => {
    expect(() => parseCertificateList(Uint8Array.of(1))).toThrow(/The CRL is malformed: .*Fetch it again/);
  });
});

describe('a CRL', () => {
  it('may be of version 1, with entries and no extensions', () => {
    const parsed = parseCertificateList(list(ecdsa, issuer, time, hexSequence(hexSequence('020105', time))));
    expect(parsed.nextUpdate).toBeUndefined();
    expect(parsed.revoked.find(parsed.issuerKey, Uint8Array.of(5))).toMatchObject({
      reason: 'unspecified',
      revocationDate: Date.UTC(2026, 0, 1),
    });
  });

  it.each(revocationReasons.flatMap((reason, code) => (reason === undefined ? [] : [[reason, code] as const])))(
    'tells the reason %s of an entry by its code %i',
    (reason, code) => {
      const parsed = parseCertificateList(
        withEntry(time, entryExtensions(extension(reasonCode, `0a01${code.toString(16).padStart(2, '0')}`))),
      );
      expect(parsed.revoked.find(parsed.issuerKey, Uint8Array.of(1))?.reason).toBe(reason);
    },
  );

  it('may say since when a key was not to be trusted, which is for people', () => {
    const date = hexText('18', '20251231000000Z');
    const parsed = parseCertificateList(
      withEntry(time, entryExtensions(extension(invalidityDate, date), extension(reasonCode, '0a0101'))),
    );
    expect(parsed.revoked.find(parsed.issuerKey, Uint8Array.of(1))?.reason).toBe('keyCompromise');
    expect(parsed.revoked.unknownCriticalExtension).toBeUndefined();
  });

  it('says where its newest delta is', () => {
    const point = hexSequence(
      hexSequence(hexElement('a0', hexElement('a0', hexText('86', 'http://crl.example/delta')))),
    );
    const { freshestCrl } = parseCertificateList(withExtension('551d2e', point));
    expect(freshestCrl?.[0]?.name).toEqual({
      form: 'fullName',
      names: [{ form: 'uniformResourceIdentifier', value: 'http://crl.example/delta' }],
    });
  });

  it('is told from another by the hash of all of it', () => {
    const der = makeCertificateList({ issuer: ca });
    const other = testList({ issuer: ca, thisUpdate: testTime });
    expect(parseCertificateList(der).sha256).toBe(parseCertificateList(Uint8Array.from(der)).sha256);
    expect(parseCertificateList(der).sha256).not.toBe(other.sha256);
    expect(other.sha256).toMatch(/^[0-9a-f]{64}$/);
  });

  it('tells of no entries before they were read', () => {
    expect(() => new CertificateList(makeCertificateList({ issuer: ca })).revoked).toThrow(/were not read/);
  });
});
