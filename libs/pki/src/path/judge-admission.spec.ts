import { describe, expect, it } from '@jest/globals';
import { generateKeyPairSync } from 'node:crypto';
import { makeCertificate, testKey, testTime, type CertificateContent } from '../testing/make-certificate.js';
import { withUnreadableKey } from '../testing/unreadable-key.js';
import { judgeAnchorAdmission, judgeSenderAdmission, senderCertificateRules } from './judge-admission.js';
import { judgePath } from './judge-path.js';
import { trustAnchor } from './trust-anchor.js';

const day = 86_400_000;
const clientAuth = '1.3.6.1.5.5.7.3.2';
const serverAuth = '1.3.6.1.5.5.7.3.1';
const unknownCritical = { oid: '1.3.6.1.4.1.99999.9', critical: true, value: Buffer.of(5, 0) };
const root = makeCertificate({ subject: 'CN=Root', ca: true });
const stranger = makeCertificate({ subject: 'CN=Stranger', ca: true });
const known = { anchors: [trustAnchor(root.certificate)], intermediates: [] };

const sender = (content: Partial<CertificateContent> = {}) =>
  makeCertificate({ subject: 'CN=sender', issuer: root, extendedKeyUsage: [clientAuth], ...content }).certificate;

describe('a sender’s certificate that is to be registered', () => {
  const never: [string, string, Partial<CertificateContent>][] = [
    ['an Ed448 key', 'unsupported-key', { key: generateKeyPairSync('ed448') }],
    ['an RSA key of 1024 bits', 'weak-key', { keyKind: 'rsa-1024' }],
    ['a key on secp256k1', 'unsupported-key', { keyKind: 'secp256k1' }],
    ['a key usage without digitalSignature', 'key-usage-insufficient', { keyUsage: [2] }],
    ['an unknown critical extension', 'unknown-critical-extension', { extensions: [unknownCritical] }],
    ['a signature by SHA-1', 'weak-signature-algorithm', { hash: 'sha1' }],
    ['no usage for clients', 'missing-client-auth', { extendedKeyUsage: [serverAuth] }],
    ['an end that is over', 'expired', { notBefore: testTime - 2 * day, notAfter: testTime - day }],
    [
      'a weak key, and a beginning that has not come',
      'weak-key',
      { keyKind: 'rsa-1024', notBefore: testTime + day, notAfter: testTime + 2 * day },
    ],
  ];

  it.each(never)('is refused for %s, as the verifier will at every call (%s)', (_what, code, content) => {
    const leaf = sender(content);
    expect(judgeSenderAdmission(leaf, known, testTime)).toMatchObject({ refusal: { code }, warnings: [] });
    const atItsBest = Math.max(testTime, leaf.notBefore);
    const judgement = judgePath({ ...senderCertificateRules, ...known, leaf, at: atItsBest });
    expect(judgement).toMatchObject({ valid: false, refusal: { code } });
  });

  it.each<[string, string, Partial<CertificateContent>]>([
    ['a root that is not trusted', 'unknown-issuer', { issuer: stranger }],
    ['a beginning that has not come', 'not-yet-valid', { notBefore: testTime + day, notAfter: testTime + 2 * day }],
    [
      'a root of that name with another key',
      'bad-signature',
      { signingKey: generateKeyPairSync('ec', { namedCurve: 'P-256' }) },
    ],
  ])('is taken with a warning for %s, which may become right (%s)', (_what, code, content) => {
    const { refusal, warnings } = judgeSenderAdmission(sender(content), known, testTime);
    expect(refusal).toBeUndefined();
    expect(warnings.map((warning) => warning.code)).toEqual([code]);
  });

  it('is taken without a word when the verifier would accept it', () => {
    const leaf = sender();
    expect(judgeSenderAdmission(leaf, known, testTime)).toEqual({ warnings: [] });
    expect(judgePath({ ...senderCertificateRules, ...known, leaf, at: testTime }).valid).toBe(true);
  });
});

describe('a root that is to be trusted', () => {
  const made = (content: Partial<CertificateContent>) =>
    makeCertificate({ subject: 'CN=New root', ca: true, ...content }).certificate;

  it.each<[string, string, Partial<CertificateContent>]>([
    ['an Ed448 key', 'unsupported-key', { key: generateKeyPairSync('ed448'), signingKey: testKey('P-256') }],
    ['an RSA key of 1024 bits', 'weak-key', { keyKind: 'rsa-1024' }],
    ['a key usage without keyCertSign', 'no-cert-sign', { keyUsage: [6] }],
    ['no basic constraints', 'not-a-ca', { omitBasicConstraints: true }],
    ['an unknown critical extension', 'unknown-critical-extension', { extensions: [unknownCritical] }],
    ['usages for servers alone', 'missing-client-auth', { extendedKeyUsage: [serverAuth] }],
    ['an end that is over', 'expired', { notBefore: testTime - 2 * day, notAfter: testTime - day }],
  ])('is refused for %s: no path could begin at it (%s)', (_what, code, content) => {
    const anchor = made(content);
    expect(judgeAnchorAdmission(anchor, testTime)).toMatchObject({ refusal: { code }, warnings: [] });
  });

  it('is taken, with a warning while it is not valid yet', () => {
    expect(judgeAnchorAdmission(made({}), testTime)).toEqual({ warnings: [] });
    const later = made({ notBefore: testTime + day, notAfter: testTime + 2 * day });
    expect(judgeAnchorAdmission(later, testTime).warnings.map(({ code }) => code)).toEqual(['not-yet-valid']);
  });

  it('is taken though its own signature is by SHA-1, which nothing rests on', () => {
    const anchor = makeCertificate({ subject: 'CN=Old root', ca: true, hash: 'sha1' });
    expect(judgeAnchorAdmission(anchor.certificate, testTime)).toEqual({ warnings: [] });
    const leaf = sender({ issuer: anchor });
    const anchors = [trustAnchor(anchor.certificate)];
    expect(judgePath({ ...senderCertificateRules, leaf, intermediates: [], anchors, at: testTime }).valid).toBe(true);
  });

  it('is refused for a key that cannot be computed with, and a sender likewise', () => {
    const broken = withUnreadableKey({ subject: 'CN=New root', ca: true });
    expect(judgeAnchorAdmission(broken.certificate, testTime)).toMatchObject({ refusal: { code: 'malformed' } });
    const leaf = withUnreadableKey({ subject: 'CN=sender', issuer: root, extendedKeyUsage: [clientAuth] });
    expect(judgeSenderAdmission(leaf.certificate, known, testTime)).toMatchObject({ refusal: { code: 'malformed' } });
  });
});
