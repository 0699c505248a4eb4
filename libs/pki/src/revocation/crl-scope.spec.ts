import { describe, expect, it } from '@jest/globals';
import { bytesOf, hexElement, hexSequence, hexText } from '../testing/hex.js';
import { makeCertificate, testKey, testTime, type TestExtension } from '../testing/make-certificate.js';
import { testList, type ListContent } from '../testing/make-certificate-list.js';
import { judgeRevocation } from './judge-path-revocation.js';
import { type CertificateList } from './parse-certificate-list.js';

const day = 86_400_000;
const ca = makeCertificate({ subject: 'CN=CA', ca: true });

const rdn = (commonName: string): string => hexElement('31', hexSequence('0603550403', hexText('0c', commonName)));
const relativeName = (commonName: string): string =>
  hexElement('a1', hexSequence('0603550403', hexText('0c', commonName)));
const directoryName = (...commonNames: string[]): string => hexElement('a4', hexSequence(...commonNames.map(rdn)));
/** A DistributionPointName: its names in full, or the RDN below the CRL issuer's name. */
const fullName = (...names: string[]): string => hexElement('a0', ...names);
const idp = (...fields: string[]): TestExtension => ({
  oid: '2.5.29.28',
  critical: true,
  value: bytesOf(hexSequence(...fields)),
});
const scopeOf = (name: string): TestExtension => idp(hexElement('a0', name));
/** A certificate whose distribution point has this name, and a cRLIssuer if one is given. */
const pointingTo = (name: string, crlIssuer?: string) =>
  makeCertificate({
    subject: 'CN=leaf',
    issuer: ca,
    extensions: [
      {
        oid: '2.5.29.31',
        value: bytesOf(
          hexSequence(
            hexSequence(
              name === '' ? '' : hexElement('a0', name),
              crlIssuer === undefined ? '' : hexElement('a2', crlIssuer),
            ),
          ),
        ),
      },
    ],
  });
const byCa = (content: Omit<ListContent, 'issuer'> = {}): CertificateList => testList({ issuer: ca, ...content });
const statusOf = (
  certificate: { certificate: Parameters<typeof judgeRevocation>[0]['certificate'] },
  ...crls: CertificateList[]
) =>
  judgeRevocation({
    certificate: certificate.certificate,
    issuers: [ca.certificate],
    at: testTime,
    revocation: { crls, failure: 'hard' },
  });

describe('a distribution point and the scope of a CRL are the same (RFC 5280 6.3.3 (b) (2))', () => {
  const forms: readonly [string, string, string][] = [
    ['DNS names, whatever their case', hexText('82', 'CRL.example'), hexText('82', 'crl.example')],
    ['mailboxes', hexText('81', 'crl@example.com'), hexText('81', 'crl@example.com')],
    ['URIs', hexText('86', 'http://crl.example/1'), hexText('86', 'http://crl.example/1')],
    ['directory names', directoryName('CRL', 'one'), directoryName('crl', 'One')],
    ['IP addresses', hexElement('87', 'c0000201'), hexElement('87', 'c0000201')],
    ['registered IDs', '88022a03', '88022a03'],
    [
      'other names of one type',
      hexElement('a0', '06022a03', hexElement('a0', '0500')),
      hexElement('a0', '06022a03', hexElement('a0', '0500')),
    ],
  ];

  it.each(forms)('when they are equal %s', (_form, ofPoint, ofList) => {
    expect(statusOf(pointingTo(fullName(ofPoint)), byCa({ extensions: [scopeOf(fullName(ofList))] })).status).toBe(
      'good',
    );
  });

  it.each([
    ['a DNS name and a URI of one text', hexText('82', 'crl.example'), hexText('86', 'crl.example')],
    ['URIs of different case', hexText('86', 'http://crl.example/A'), hexText('86', 'http://crl.example/a')],
    ['addresses that differ in an octet', hexElement('87', 'c0000201'), hexElement('87', 'c0000202')],
    [
      'other names of different types',
      hexElement('a0', '06022a03', hexElement('a0', '0500')),
      hexElement('a0', '06022a04', hexElement('a0', '0500')),
    ],
    ['forms whose value is not read, though their octets are equal', 'a3023000', 'a3023000'],
  ])('but not when they are %s', (_what, ofPoint, ofList) => {
    const status = statusOf(pointingTo(fullName(ofPoint)), byCa({ extensions: [scopeOf(fullName(ofList))] }));
    expect(status).toMatchObject({
      status: 'undetermined',
      remarks: [expect.stringContaining('it covers another distribution point')],
    });
  });

  it('when one of the names of each is the same', () => {
    const [a, b, c] = ['a', 'b', 'c'].map((host) => hexText('82', `${host}.example`)) as [string, string, string];
    const list = byCa({ extensions: [scopeOf(fullName(b, c))] });
    expect(statusOf(pointingTo(fullName(a, b)), list).status).toBe('good');
    expect(statusOf(pointingTo(fullName(a)), list).status).toBe('undetermined');
  });

  it('when both are named by one RDN below the name of the CRL issuer, in full or not', () => {
    const list = byCa({ extensions: [scopeOf(relativeName('list 7'))] });
    expect(statusOf(pointingTo(relativeName('List  7')), list).status).toBe('good');
    expect(statusOf(pointingTo(relativeName('list 8')), list).status).toBe('undetermined');
    expect(statusOf(pointingTo(fullName(directoryName('CA', 'list 7'))), list).status).toBe('good');
    expect(statusOf(pointingTo(fullName(directoryName('Other', 'list 7'))), list).status).toBe('undetermined');
  });

  it('when the point has no name but that of its cRLIssuer', () => {
    const pointed = pointingTo('', directoryName('CA'));
    const indirect = (name: string): CertificateList =>
      byCa({ extensions: [idp(hexElement('a0', fullName(name)), '8401ff')] });
    expect(statusOf(pointed, indirect(directoryName('CA'))).status).toBe('good');
    expect(statusOf(pointed, indirect(directoryName('Other'))).status).toBe('undetermined');
  });

  it('with an RDN below the name of the cRLIssuer, where the point has one', () => {
    const indirect = byCa({ extensions: [idp(hexElement('a0', relativeName('list 7')), '8401ff')] });
    expect(statusOf(pointingTo(relativeName('list 7'), directoryName('CA')), indirect).status).toBe('good');
    expect(statusOf(pointingTo(relativeName('list 7'), directoryName('Other')), indirect).status).toBe('undetermined');
  });
});

describe('a delta CRL is for a complete one (RFC 5280 6.3.3 (c))', () => {
  const leaf = pointingTo(fullName(hexText('86', 'http://crl.example/1')));
  const serial = leaf.certificate.serialNumberBytes;
  const one = scopeOf(fullName(hexText('86', 'http://crl.example/1')));
  const two = scopeOf(fullName(hexText('86', 'http://crl.example/2')));
  const keyIdentifier = (hex: string): TestExtension => ({
    oid: '2.5.29.35',
    value: bytesOf(hexSequence(hexElement('80', hex))),
  });
  /** What a certificate is that the delta revokes and the complete CRL does not. */
  const statusWith = (complete: readonly TestExtension[], delta: readonly TestExtension[]): string =>
    statusOf(
      leaf,
      byCa({ number: 5, thisUpdate: testTime - 2 * day, extensions: complete }),
      byCa({ number: 7, base: 5, entries: [{ serial, reason: 1 }], extensions: delta }),
    ).status;

  it.each<[string, readonly TestExtension[], readonly TestExtension[]]>([
    ['neither says its scope', [], []],
    ['both say one scope', [one], [one]],
    ['both name one key', [keyIdentifier('abcd')], [keyIdentifier('abcd')]],
  ])('when %s', (_what, complete, delta) => {
    expect(statusWith(complete, delta)).toBe('revoked');
  });

  it.each<[string, readonly TestExtension[], readonly TestExtension[]]>([
    ['the complete one alone says its scope', [one], []],
    ['the delta alone says its scope', [], [one]],
    ['they say two points', [one], [two]],
    ['they say other kinds of certificates', [], [idp('8101ff')]],
    ['one is for users and the other is not', [idp('8101ff')], [idp('8201ff')]],
    ['one is indirect', [idp('8101ff')], [idp('8101ff', '8401ff')]],
    ['they say other reasons', [idp('8101ff')], [idp('8101ff', '83020640')]],
    ['they name two keys', [keyIdentifier('abcd')], [keyIdentifier('beef')]],
    ['one of them names no key', [keyIdentifier('abcd')], []],
  ])('but not when %s', (_what, complete, delta) => {
    expect(statusWith(complete, delta)).toBe('good');
  });

  it('but not when it is not yet valid, over, or holds a critical extension that nobody knows', () => {
    const complete = byCa({ number: 5, thisUpdate: testTime - 2 * day });
    const entries = [{ serial, reason: 1 }];
    const delta = (content: Omit<ListContent, 'issuer'>): CertificateList =>
      byCa({ number: 7, base: 5, entries, ...content });
    expect(statusOf(leaf, complete, delta({})).status).toBe('revoked');
    expect(statusOf(leaf, complete, delta({ thisUpdate: testTime + 1000 })).status).toBe('good');
    expect(statusOf(leaf, complete, delta({ nextUpdate: testTime - 1000 })).status).toBe('good');
    const extensions = [{ oid: '1.2.3', critical: true, value: bytesOf('0500') }];
    expect(statusOf(leaf, complete, delta({ extensions })).status).toBe('good');
  });

  it('but not when somebody else signed it', () => {
    const complete = byCa({ number: 5, thisUpdate: testTime - 2 * day });
    const entries = [{ serial, reason: 1 }];
    const forged = byCa({ number: 7, base: 5, entries, signingKey: testKey('P-256', 'forger') });
    expect(statusOf(leaf, complete, forged).status).toBe('good');
  });
});

describe('the key a CRL names', () => {
  it('is tried first among the certificates of its issuer’s name', () => {
    const leaf = makeCertificate({ subject: 'CN=leaf', issuer: ca });
    const others = Array.from({ length: 3 }, (_, index) =>
      makeCertificate({ subject: 'CN=CA', ca: true, key: testKey('P-256', `namesake ${index}`) }),
    );
    const named = ca.certificate.subjectKeyIdentifier as Uint8Array;
    const list = byCa({
      extensions: [
        { oid: '2.5.29.35', value: bytesOf(hexSequence(hexElement('80', Buffer.from(named).toString('hex')))) },
      ],
    });
    expect(
      judgeRevocation({
        certificate: leaf.certificate,
        issuers: [...others, ca].map(({ certificate }) => certificate),
        at: testTime,
        revocation: { crls: [list], failure: 'hard' },
      }),
    ).toMatchObject({ status: 'good', remarks: [] });
  });
});
