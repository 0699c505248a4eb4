import { describe, expect, it } from '@jest/globals';
import { defaultAlgorithmPolicy } from '../algorithm/algorithm-policy.js';
import { type Certificate } from '../certificate/certificate.js';
import { bytesOf, hexElement, hexSequence } from '../testing/hex.js';
import { makeCertificate, publicOnly, testKey, testTime } from '../testing/make-certificate.js';
import { makeCertificateList, testList } from '../testing/make-certificate-list.js';
import { makeOcspResponse, type OcspContent } from '../testing/make-ocsp-response.js';
import { withUnreadableKey } from '../testing/unreadable-key.js';
import { isSignedBy } from './is-signed-by.js';
import { judgeOcspAnswer, judgeRevocation } from './judge-path-revocation.js';
import { parseCertificateList } from './parse-certificate-list.js';
import { parseOcspResponse } from './parse-ocsp-response.js';
import { type RevocationInputs } from './revocation-inputs.js';

const day = 86_400_000;
const ca = makeCertificate({ subject: 'CN=CA', ca: true });
const leaf = makeCertificate({ subject: 'CN=leaf', issuer: ca });
const serial = leaf.certificate.serialNumberBytes;
const ocspSigning = '1.3.6.1.5.5.7.3.9';
/** The most expensive key that is accepted, of which nobody has the private half. */
const expensiveKey = (index: number) =>
  publicOnly(
    bytesOf(
      hexSequence(
        '300d06092a864886f70d0101010500',
        hexElement(
          '03',
          '00',
          hexSequence(
            hexElement('02', '00', 'c1'.repeat(2047), (2 * index + 1).toString(16).padStart(2, '0')),
            '020900ffffffffffffffff',
          ),
        ),
      ),
    ),
  );
/** One without id-pkix-ocsp-nocheck: its own status must be known. */
const responder = makeCertificate({ subject: 'CN=Responder', issuer: ca, extendedKeyUsage: [ocspSigning] });

describe('the status of one certificate by CRLs whose issuers are trusted already', () => {
  const judge = (revocation: Partial<RevocationInputs>, issuers: readonly Certificate[] = [ca.certificate]) =>
    judgeRevocation({
      certificate: leaf.certificate,
      issuers,
      at: testTime,
      revocation: { crls: [], failure: 'hard', ...revocation },
    });

  it('is good, revoked, or cannot be told', () => {
    expect(judge({ crls: [testList({ issuer: ca, nextUpdate: testTime + 1000 })] })).toEqual({
      status: 'good',
      validUntil: testTime + 1000,
      remarks: [],
    });
    expect(judge({ crls: [testList({ issuer: ca, entries: [{ serial, reason: 4, at: testTime - day }] })] })).toEqual({
      status: 'revoked',
      revokedAt: testTime - day,
      reason: 'superseded',
      remarks: [],
    });
    expect(judge({})).toMatchObject({
      status: 'undetermined',
      problem: 'there is no CRL for certificates of "CN=CA"',
    });
  });

  it('rests on a certificate that the policy names for a CRL issuer, too', () => {
    const crls = [testList({ issuer: ca })];
    expect(judge({ crls }, []).status).toBe('undetermined');
    expect(judge({ crls, issuerCertificates: [ca.certificate] }, []).status).toBe('good');
  });

  it('is not told by a CRL older than is allowed, and ends when the CRL becomes so', () => {
    const crls = [testList({ issuer: ca, thisUpdate: testTime - day, nextUpdate: null })];
    expect(judge({ crls, maximumAge: day / 2 })).toMatchObject({ status: 'undetermined' });
    expect(judge({ crls, maximumAge: 2 * day })).toMatchObject({ status: 'good', validUntil: testTime + day });
  });

  it('cannot be told by a CRL whose issuer has a key that nobody can read', () => {
    const broken = withUnreadableKey({ subject: 'CN=CA', ca: true });
    expect(judge({ crls: [testList({ issuer: ca })] }, [broken.certificate])).toMatchObject({
      status: 'undetermined',
      remarks: [expect.stringContaining('its signature does not match')],
    });
  });

  it('cannot be told, in bounded time, by more CRLs and signers than anybody has', () => {
    const namesakes = Array.from({ length: 60 }, (_, index) =>
      makeCertificate({ subject: 'CN=CA', ca: true, key: testKey('P-256', `namesake ${index}`) }),
    ).map(({ certificate }) => certificate);
    const crls = Array.from({ length: 20 }, (_, index) =>
      testList({ issuer: ca, number: index + 1, signingKey: testKey('P-256', 'forger') }),
    );
    expect(judge({ crls }, namesakes)).toEqual({
      status: 'undetermined',
      problem: 'there are too many CRLs and signers to try',
      remarks: [],
    });
  });
});

describe('the status of one certificate by one OCSP answer', () => {
  const judge = (
    content: Partial<OcspContent>,
    revocation: Partial<RevocationInputs> = {},
    more: Partial<Parameters<typeof judgeOcspAnswer>[0]> = {},
  ) =>
    judgeOcspAnswer({
      answer: parseOcspResponse(makeOcspResponse({ certificate: leaf, issuer: ca, ...content })),
      certificate: leaf.certificate,
      issuer: ca.certificate,
      issuers: [ca.certificate],
      at: testTime,
      revocation: { crls: [], failure: 'hard', ...revocation },
      ...more,
    });
  const delegated = { responder, certificates: [responder] };

  it('is good by the issuer itself, until the answer is over', () => {
    expect(judge({ nextUpdate: testTime + 1000 })).toEqual({
      status: 'good',
      validUntil: testTime + 1000,
      remarks: [],
    });
  });

  it('is told by a delegated responder whose own status a CRL tells', () => {
    expect(judge(delegated)).toMatchObject({
      status: 'undetermined',
      problem: expect.stringContaining('lacks id-pkix-ocsp-nocheck') as unknown,
    });
    expect(judge(delegated, { crls: [testList({ issuer: ca })] })).toMatchObject({ status: 'good' });
    const entries = [{ serial: responder.certificate.serialNumberBytes, reason: 1 }];
    expect(judge(delegated, { crls: [testList({ issuer: ca, entries })] })).toMatchObject({
      status: 'undetermined',
      problem: 'the certificate of its responder is revoked',
    });
  });

  it('keeps to the maximum age, the clock skew and the algorithms of the policy', () => {
    expect(judge({ thisUpdate: testTime - 2 * day }, { maximumAge: day }).status).toBe('undetermined');
    expect(judge({ thisUpdate: testTime + 1000 }).status).toBe('undetermined');
    expect(judge({ thisUpdate: testTime + 1000 }, { clockSkew: 1000 }).status).toBe('good');
    expect(judge({}, {}, { algorithmPolicy: { ...defaultAlgorithmPolicy, hashes: ['sha512'] } })).toMatchObject({
      status: 'undetermined',
      problem: 'it is signed with ECDSA with SHA-256',
    });
  });

  it('cannot be told when the certificates sent along are more than anybody has', () => {
    const certificates = Array.from({ length: 16 }, (_, index) =>
      makeCertificate({
        subject: 'CN=Responder',
        issuer: ca,
        key: expensiveKey(index),
        extendedKeyUsage: [ocspSigning],
        extensions: [{ oid: '1.3.6.1.5.5.7.48.1.5', value: Uint8Array.of(5, 0) }],
      }),
    );
    expect(judge({ responder, signingKey: testKey('P-256', 'forger'), certificates })).toEqual({
      status: 'undetermined',
      problem: 'it holds too many certificates to try',
      remarks: [],
    });
  });

  it('cannot be told by an issuer whose key nobody can read', () => {
    const broken = withUnreadableKey({ subject: 'CN=CA', ca: true });
    const answer = parseOcspResponse(makeOcspResponse({ certificate: leaf, issuer: broken, signingKey: ca.key }));
    expect(judge({}, {}, { answer, issuer: broken.certificate })).toMatchObject({
      status: 'undetermined',
      problem: 'its signature does not match the key of the issuer',
    });
  });
});

describe('whether a CRL was signed with the key of a certificate', () => {
  const parsed = (...[content]: Parameters<typeof makeCertificateList>) =>
    parseCertificateList(makeCertificateList(content));

  it('is told by key and signature, both strong enough', () => {
    const list = parsed({ issuer: ca });
    expect(isSignedBy(list, ca.certificate)).toBe(true);
    expect(isSignedBy(list, leaf.certificate)).toBe(false);
    expect(isSignedBy(parsed({ issuer: ca, signingKey: testKey('P-256', 'forger') }), ca.certificate)).toBe(false);
    expect(isSignedBy(parsed({ issuer: ca, hash: 'sha1' }), ca.certificate)).toBe(false);
    const short = makeCertificate({ subject: 'CN=Short', ca: true, keyKind: 'rsa-1024' });
    expect(isSignedBy(parsed({ issuer: short }), short.certificate)).toBe(false);
    expect(isSignedBy(list, ca.certificate, { ...defaultAlgorithmPolicy, curves: ['P-384'] })).toBe(false);
  });

  it('is no for a key that nobody can read', () => {
    expect(isSignedBy(parsed({ issuer: ca }), withUnreadableKey({ subject: 'CN=CA', ca: true }).certificate)).toBe(
      false,
    );
  });
});
