import { describe, expect, it } from '@jest/globals';
import {
  encode,
  makeCertificate,
  publicOnly,
  testKey,
  testTime,
  type TestCertificate,
} from '../testing/make-certificate.js';
import * as asn1js from 'asn1js';
import { defaultBudget } from './budget.js';
import { judgePath } from './judge-path.js';
import { type PathInput, type PathJudgement } from './path-input.js';
import { trustAnchor } from './trust-anchor.js';

const root = makeCertificate({ subject: 'CN=Root', ca: true });

function judge(
  leaf: TestCertificate,
  pool: readonly TestCertificate[],
  more: Partial<PathInput> = {},
): { code: string; judgement: PathJudgement; ms: number } {
  const certificates = pool.map((each) => each.certificate);
  const start = process.threadCpuUsage();
  const judgement = judgePath({
    leaf: leaf.certificate,
    intermediates: certificates,
    anchors: [trustAnchor(root.certificate)],
    at: testTime,
    ...more,
  });
  return {
    code: judgement.valid ? 'valid' : judgement.refusal.code,
    judgement,
    ms: process.threadCpuUsage(start).user / 1_000,
  };
}

/** CAs that all certified each other. */
function mesh(size: number, anchored: boolean): { pool: TestCertificate[]; authorities: TestCertificate[] } {
  const authorities = Array.from({ length: size }, (_, index) =>
    makeCertificate({ subject: `CN=Mesh ${index}`, ca: true }),
  );
  const pool = authorities.flatMap((subject) =>
    authorities
      .filter((issuer) => issuer !== subject)
      .map((issuer) => makeCertificate({ subject: subject.subject, issuer, ca: true, key: subject.key })),
  );
  if (anchored)
    pool.push(
      makeCertificate({
        subject: 'CN=Mesh 0',
        issuer: root,
        ca: true,
        key: authorities[0]?.key as NonNullable<TestCertificate['key']>,
      }),
    );
  return { pool, authorities };
}

/** Far above what it takes, far below what an attack would. */
const bounded = 1000;

describe('attack 23: a budget ends what would take for ever', () => {
  it('refuses a mesh of CAs that no anchor certified without computing one signature', () => {
    const { pool, authorities } = mesh(12, false);
    const leaf = makeCertificate({ subject: 'CN=leaf', issuer: authorities[3] as TestCertificate });
    const { code, ms } = judge(leaf, pool, { budget: { ...defaultBudget, signatures: 0 } });
    expect(code).toBe('unknown-issuer');
    expect(ms).toBeLessThan(bounded);
  });

  it('finds the path through a mesh that an anchor certified', () => {
    const { pool, authorities } = mesh(12, true);
    const leaf = makeCertificate({ subject: 'CN=leaf', issuer: authorities[7] as TestCertificate });
    const { code, ms } = judge(leaf, pool);
    expect(code).toBe('valid');
    expect(ms).toBeLessThan(bounded);
  });

  it('gives up on a mesh in which every one of the paths fails', () => {
    const { pool, authorities } = mesh(12, true);
    const last = makeCertificate({
      subject: 'CN=Last',
      issuer: authorities[7] as TestCertificate,
      ca: true,
      excluded: ['dir:CN=leaf'],
    });
    const leaf = makeCertificate({ subject: 'CN=leaf', issuer: last });
    const { judgement, ms } = judge(leaf, [...pool, last]);
    expect(judgement).toMatchObject({ valid: false, refusal: { code: 'over-budget', values: { limit: 'steps' } } });
    expect(!judgement.valid && judgement.attempts.map((attempt) => attempt.code)).toContain('name-constraint-violated');
    expect(ms).toBeLessThan(bounded);
  });

  it('checks each certificate of the pool once, however many ways lead to it', () => {
    const { pool, authorities } = mesh(10, true);
    const leaf = makeCertificate({ subject: 'CN=leaf', issuer: authorities[7] as TestCertificate });
    // 91 certificates and the leaf, each signed once with P-256 at 3 units a check.
    expect(judge(leaf, pool, { budget: { ...defaultBudget, signatures: 92 * 3 } }).code).toBe('valid');
  });

  it('never computes with a key that no anchor certified', () => {
    const modulus = new Uint8Array(2049).fill(0xff);
    modulus[0] = 0;
    const rsa = encode(
      new asn1js.Sequence({
        value: [new asn1js.Integer({ valueHex: modulus.buffer }), new asn1js.Integer({ value: 65537 })],
      }),
    );
    const spki = encode(
      new asn1js.Sequence({
        value: [
          new asn1js.Sequence({
            value: [new asn1js.ObjectIdentifier({ value: '1.2.840.113549.1.1.1' }), new asn1js.Null()],
          }),
          new asn1js.BitString({ valueHex: new Uint8Array(rsa).buffer }),
        ],
      }),
    );
    const huge = makeCertificate({
      subject: 'CN=Huge',
      issuerName: 'CN=Root',
      signingKey: testKey('P-256', 'stranger'),
      ca: true,
      key: publicOnly(spki),
    });
    const leaf = makeCertificate({ subject: 'CN=leaf', issuer: { ...huge, key: testKey('P-256', 'stranger') } });
    // One check of the forged CA certificate by the root's key, none by its own.
    expect(
      judge(
        leaf,
        Array.from({ length: 50 }, () => huge),
        { budget: { ...defaultBudget, signatures: 3 } },
      ).code,
    ).toBe('bad-signature');
  });

  it('refuses a leaf with a key that is too large or has an exponent that is', () => {
    const key = (bits: number, exponent: Uint8Array): TestCertificate['key'] => {
      const modulus = new Uint8Array(bits / 8 + 1).fill(0xff);
      modulus[0] = 0;
      const rsa = encode(
        new asn1js.Sequence({
          value: [
            new asn1js.Integer({ valueHex: modulus.buffer }),
            new asn1js.Integer({ valueHex: new Uint8Array(exponent).buffer }),
          ],
        }),
      );
      const spki = encode(
        new asn1js.Sequence({
          value: [
            new asn1js.Sequence({
              value: [new asn1js.ObjectIdentifier({ value: '1.2.840.113549.1.1.1' }), new asn1js.Null()],
            }),
            new asn1js.BitString({ valueHex: new Uint8Array(rsa).buffer }),
          ],
        }),
      );
      return publicOnly(spki);
    };
    const f4 = Uint8Array.of(1, 0, 1);
    const code = (pair: TestCertificate['key']): string =>
      judge(makeCertificate({ subject: 'CN=leaf', issuer: root, key: pair }), []).code;
    expect(code(key(32_768, f4))).toBe('oversized-key');
    expect(code(key(2048, new Uint8Array(200).fill(0x7f)))).toBe('oversized-key');
    expect(code(key(2048, Uint8Array.of(1)))).toBe('weak-key');
    expect(code(key(2048, Uint8Array.of(2)))).toBe('weak-key');
    expect(code(key(4096, f4))).toBe('valid');
  });

  it('gives up on thousands of names against thousands of constraints', () => {
    const names = (prefix: string): string[] =>
      Array.from({ length: 1200 }, (_, index) => `dns:${prefix}${index}.example`);
    const ca = makeCertificate({ subject: 'CN=CA', issuer: root, ca: true, excluded: names('x') });
    const leaf = makeCertificate({ subject: 'CN=leaf', issuer: ca, subjectAltNames: names('y') });
    const { judgement, ms } = judge(leaf, [ca]);
    expect(judgement).toMatchObject({ refusal: { code: 'over-budget', values: { limit: 'nameComparisons' } } });
    expect(ms).toBeLessThan(bounded);
    const fewer = makeCertificate({ subject: 'CN=leaf', issuer: ca, subjectAltNames: names('y').slice(0, 800) });
    expect(judge(fewer, [ca]).code).toBe('valid');
  });

  it('refuses a pool of too many certificates or octets', () => {
    const ca = makeCertificate({ subject: 'CN=CA', issuer: root, ca: true });
    const leaf = makeCertificate({ subject: 'CN=leaf', issuer: ca });
    const crowd = Array.from({ length: 257 }, () => ca);
    expect(judge(leaf, crowd).judgement).toMatchObject({
      refusal: { code: 'over-budget', values: { limit: 'certificates' } },
    });
    expect(judge(leaf, crowd.slice(1)).code).toBe('valid');
    expect(judge(leaf, [ca], { budget: { ...defaultBudget, bytes: 500 } }).judgement).toMatchObject({
      refusal: { values: { limit: 'bytes' } },
    });
  });
});
