import { describe, expect, it } from '@jest/globals';
import { SignatureCache } from '../algorithm/signature-cache.js';
import {
  makeCertificate,
  testKey,
  testTime,
  type CertificateContent,
  type TestCertificate,
} from '../testing/make-certificate.js';
import { judgePath } from './judge-path.js';
import { type PathInput, type PathJudgement } from './path-input.js';
import { trustAnchor } from './trust-anchor.js';

const day = 86_400_000;
const clientAuth = '1.3.6.1.5.5.7.3.2';
const root = makeCertificate({ subject: 'CN=Root', ca: true, notAfter: testTime + 300 * day });
const issuing = makeCertificate({ subject: 'CN=Issuing CA', issuer: root, ca: true, notAfter: testTime + 100 * day });
const makeLeaf = (content: Partial<CertificateContent> = {}): TestCertificate =>
  makeCertificate({ subject: 'CN=sender', issuer: issuing, extendedKeyUsage: [clientAuth], ...content });
const leaf = makeLeaf();

interface Given extends Partial<Omit<PathInput, 'leaf' | 'intermediates' | 'anchors'>> {
  readonly pool?: readonly TestCertificate[];
  readonly roots?: readonly TestCertificate[];
}

function judge(certificate: TestCertificate, { pool = [issuing], roots = [root], ...more }: Given = {}): PathJudgement {
  return judgePath({
    leaf: certificate.certificate,
    intermediates: pool.map((each) => each.certificate),
    anchors: roots.map((each) => trustAnchor(each.certificate)),
    at: testTime,
    extendedKeyUsage: 'clientAuth',
    ...more,
  });
}

/** The refusal code, or `valid`. */
const outcome = (judgement: PathJudgement): string => (judgement.valid ? 'valid' : judgement.refusal.code);

describe('judgePath', () => {
  it('finds the path from the leaf to the anchor and how long it holds', () => {
    const judgement = judge(leaf);
    expect(judgement).toMatchObject({ valid: true, validUntil: leaf.certificate.notAfter });
    expect(judgement.valid && judgement.path).toEqual([leaf.certificate, issuing.certificate, root.certificate]);
  });

  it('holds no longer than the first certificate of the path, the anchor included', () => {
    const short = makeCertificate({ subject: 'CN=Root', ca: true, key: root.key, notAfter: testTime + day });
    expect(judge(leaf, { roots: [short] })).toMatchObject({ valid: true, validUntil: testTime + day });
  });

  it.each(['P-384', 'P-521', 'ed25519', 'rsa-2048', 'rsa-3072'] as const)('accepts a CA with a %s key', (keyKind) => {
    const ca = makeCertificate({ subject: 'CN=CA', issuer: root, ca: true, keyKind });
    expect(outcome(judge(makeLeaf({ issuer: ca }), { pool: [ca] }))).toBe('valid');
  });

  it('accepts RSA-PSS', () => {
    const ca = makeCertificate({ subject: 'CN=CA', issuer: root, ca: true, keyKind: 'rsa-2048' });
    expect(outcome(judge(makeLeaf({ issuer: ca, pss: true }), { pool: [ca] }))).toBe('valid');
    expect(outcome(judge(makeLeaf({ issuer: ca, pss: true, hash: 'sha1' }), { pool: [ca] }))).toBe(
      'weak-signature-algorithm',
    );
  });

  it('passes over certificates that do not help, in any order, sent twice, and the root itself', () => {
    const stranger = makeCertificate({ subject: 'CN=Stranger', ca: true });
    for (const pool of [
      [stranger, root, issuing],
      [issuing, issuing, stranger, leaf],
      [root, leaf, issuing],
    ])
      expect(outcome(judge(leaf, { pool }))).toBe('valid');
  });

  it('looks at the leaf first and tells what the sender can mend', () => {
    expect(outcome(judge(makeLeaf({ notAfter: testTime - 1000 })))).toBe('expired');
    expect(outcome(judge(makeLeaf({ notBefore: testTime + 1000 })))).toBe('not-yet-valid');
    expect(outcome(judge(leaf, { roots: [] }))).toBe('no-trust-anchor');
    expect(outcome(judge(leaf, { pool: [] }))).toBe('unknown-issuer');
    expect(outcome(judge(leaf, { roots: [makeCertificate({ subject: 'CN=Other Root', ca: true })] }))).toBe(
      'unknown-issuer',
    );
    expect(
      outcome(judge(leaf, { pool: [issuing, root], roots: [makeCertificate({ subject: 'CN=Other Root', ca: true })] })),
    ).toBe('untrusted-root');
    const selfSigned = makeCertificate({ subject: 'CN=alone', extendedKeyUsage: [clientAuth] });
    expect(outcome(judge(selfSigned))).toBe('untrusted-root');
  });

  it('names the certificate, the rule and the values at fault', () => {
    const expired = makeLeaf({ notAfter: testTime - 1000 });
    expect(judge(expired)).toMatchObject({
      valid: false,
      refusal: {
        code: 'expired',
        certificate: { sha256: expired.certificate.sha256, subject: 'CN=sender' },
        rfc: 'RFC 5280 6.1.3 (a)(2)',
        values: { notAfter: new Date(testTime - 1000).toISOString() },
      },
    });
  });

  it('counts validity to the millisecond, both ends included', () => {
    const exact = makeLeaf({ notBefore: testTime, notAfter: testTime + 1000 });
    for (const [at, expected] of [
      [testTime - 1, 'not-yet-valid'],
      [testTime, 'valid'],
      [testTime + 1000, 'valid'],
      [testTime + 1001, 'expired'],
      [Number.NaN, 'not-yet-valid'],
    ] as const)
      expect(outcome(judge(exact, { at }))).toBe(expected);
  });

  it('refuses what an expired intermediate issued', () => {
    const expired = makeCertificate({
      subject: 'CN=Issuing CA',
      issuer: root,
      ca: true,
      key: issuing.key,
      notAfter: testTime - 1000,
    });
    expect(judge(leaf, { pool: [expired] })).toMatchObject({
      refusal: { code: 'expired', certificate: { subject: 'CN=Issuing CA' } },
    });
  });

  it('goes back and takes another certificate of the same CA when the first one fails', () => {
    const faulty = [
      makeCertificate({
        subject: 'CN=Issuing CA',
        issuer: root,
        ca: true,
        key: issuing.key,
        notAfter: testTime - 1000,
      }),
      makeCertificate({
        subject: 'CN=Issuing CA',
        issuer: root,
        ca: true,
        key: issuing.key,
        permitted: ['dns:elsewhere.example'],
        excluded: ['dir:CN=sender'],
      }),
      makeCertificate({ subject: 'CN=Issuing CA', issuer: root, ca: true, keyKind: 'P-384' }),
      makeCertificate({ subject: 'CN=Issuing CA', issuer: root, key: issuing.key }),
    ];
    expect(outcome(judge(leaf, { pool: [...faulty, issuing] }))).toBe('valid');
    expect(outcome(judge(leaf, { pool: [issuing, ...faulty] }))).toBe('valid');
    expect(outcome(judge(leaf, { pool: faulty }))).toBe('name-constraint-violated');
  });

  it('finds its way through mutually cross-signed CAs', () => {
    const [a, b] = [testKey('P-256', 'A'), testKey('P-256', 'B')];
    const aByB = makeCertificate({ subject: 'CN=A', issuer: { ...root, subject: 'CN=B', key: b }, ca: true, key: a });
    const bByA = makeCertificate({ subject: 'CN=B', issuer: { ...root, subject: 'CN=A', key: a }, ca: true, key: b });
    const aByRoot = makeCertificate({ subject: 'CN=A', issuer: root, ca: true, key: a });
    const underB = makeLeaf({ issuer: { ...root, subject: 'CN=B', key: b } });
    expect(outcome(judge(underB, { pool: [aByB, bByA] }))).toBe('unknown-issuer');
    expect(outcome(judge(underB, { pool: [aByB, bByA, aByRoot] }))).toBe('valid');
  });

  it('accepts an anchor that is itself an intermediate', () => {
    expect(outcome(judge(leaf, { pool: [], roots: [issuing] }))).toBe('valid');
  });

  it('accepts a self-signed leaf that is itself a trusted root', () => {
    const alone = makeCertificate({ subject: 'CN=alone', extendedKeyUsage: [clientAuth] });
    expect(outcome(judge(alone, { pool: [], roots: [alone] }))).toBe('valid');
    const below = makeLeaf({ issuer: alone });
    expect(outcome(judge(below, { pool: [], roots: [alone] }))).toBe('not-a-ca');
  });

  it('chains names that differ in case, spaces and string type only', () => {
    const spelt = makeLeaf({ issuerName: 'CN=issuing   ca' });
    expect(outcome(judge(spelt))).toBe('valid');
  });

  it('refuses a signature by another key, and one over other bytes', () => {
    expect(outcome(judge(makeLeaf({ signingKey: testKey('P-256', 'forger') })))).toBe('bad-signature');
    const der = Uint8Array.from(leaf.der);
    const at = Buffer.from(der).indexOf('sender');
    der[at] = (der[at] as number) ^ 0x20;
    const altered = {
      ...leaf,
      der,
      certificate: new (leaf.certificate.constructor as new (der: Uint8Array) => typeof leaf.certificate)(der),
    };
    expect(outcome(judge(altered))).toBe('bad-signature');
  });

  it('refuses SHA-1, short keys, curves and exponents outside the policy', () => {
    const rsa = (bits: number): TestCertificate => makeLeaf({ keyKind: `rsa-${bits}` });
    expect(outcome(judge(makeLeaf({ hash: 'sha1' })))).toBe('weak-signature-algorithm');
    expect(outcome(judge(rsa(1024)))).toBe('weak-key');
    expect(outcome(judge(makeLeaf({ keyKind: 'secp256k1' })))).toBe('unsupported-key');
    const policy = {
      algorithmPolicy: {
        rsaMinimumBits: 1024,
        rsaMaximumBits: 2048,
        rsaMaximumExponentBits: 64,
        curves: ['P-256'],
        edwardsCurves: [],
        hashes: ['sha256'],
        rsaPss: false,
      },
    } as const;
    expect(outcome(judge(rsa(1024), policy))).toBe('valid');
    expect(outcome(judge(rsa(3072), policy))).toBe('oversized-key');
    expect(outcome(judge(makeLeaf({ keyKind: 'ed25519' }), policy))).toBe('unsupported-key');
  });

  it('refuses an unknown critical extension and passes over one that is not critical', () => {
    const extension = (critical: boolean) => ({
      extensions: [{ oid: '1.2.3.4', critical, value: Uint8Array.of(5, 0) }],
    });
    expect(outcome(judge(makeLeaf(extension(false))))).toBe('valid');
    expect(judge(makeLeaf(extension(true)))).toMatchObject({
      refusal: { code: 'unknown-critical-extension', values: { extension: '1.2.3.4' } },
    });
    const ca = makeCertificate({ subject: 'CN=CA', issuer: root, ca: true, ...extension(true) });
    expect(outcome(judge(makeLeaf({ issuer: ca }), { pool: [ca] }))).toBe('unknown-critical-extension');
  });

  it('refuses a critical extension that it reads but has no rule for', () => {
    const extensions = [{ oid: '2.5.29.35', critical: true, value: Uint8Array.of(0x30, 0) }];
    expect(outcome(judge(makeLeaf({ omitKeyIdentifiers: true, extensions })))).toBe('unknown-critical-extension');
  });

  it('remembers the signatures of CAs, never of a leaf', () => {
    const signatureCache = new SignatureCache();
    expect(outcome(judge(leaf, { signatureCache }))).toBe('valid');
    expect(signatureCache.size).toBe(1);
    expect(
      outcome(judge(makeLeaf({ issuer: { ...issuing, key: testKey('P-256', 'forger') } }), { signatureCache })),
    ).toBe('bad-signature');
    expect(signatureCache.size).toBe(1);
  });

  it('keeps to the greatest depth, self-issued certificates not counted', () => {
    expect(outcome(judge(leaf, { maxDepth: 1 }))).toBe('valid');
    expect(outcome(judge(leaf, { maxDepth: 0 }))).toBe('depth-exceeded');
    const renewed = makeCertificate({
      subject: 'CN=Issuing CA',
      issuer: issuing,
      ca: true,
      key: testKey('P-256', 'renewed'),
    });
    expect(outcome(judge(makeLeaf({ issuer: renewed }), { pool: [issuing, renewed], maxDepth: 1 }))).toBe('valid');
  });
});

describe('attack 14: the judged identity is the leaf', () => {
  it('puts the judged certificate first in the path, whatever else is in the pool', () => {
    const other = makeLeaf({ subject: 'CN=victim' });
    const judgement = judge(leaf, { pool: [other, issuing] });
    expect(judgement.valid && judgement.path[0]).toBe(leaf.certificate);
    expect(judgement.valid && judgement.path).not.toContain(other.certificate);
  });
});

describe('attack 16: two trusted CAs with the same name', () => {
  const twin = makeCertificate({ subject: 'CN=Root', ca: true, keyKind: 'P-384' });

  it('tells by the key which of them issued', () => {
    const underTwin = makeLeaf({ issuer: twin });
    const judgement = judge(underTwin, { pool: [], roots: [root, twin] });
    expect(judgement.valid && judgement.path.at(-1)).toBe(twin.certificate);
    expect(judgement.valid && judgement.anchor.certificate.spkiSha256).not.toBe(root.certificate.spkiSha256);
  });

  it('refuses what only the untrusted one of them issued', () => {
    expect(outcome(judge(makeLeaf({ issuer: twin }), { pool: [twin] }))).toBe('bad-signature');
  });
});

describe('attack 19: a certificate for another use is refused, with that reason', () => {
  it.each([
    ['server authentication only', { extendedKeyUsage: ['1.3.6.1.5.5.7.3.1'] }, 'lists only serverAuth'],
    ['e-mail only', { extendedKeyUsage: ['1.3.6.1.5.5.7.3.4'] }, 'lists only emailProtection'],
    ['no extended key usage', {}, 'is absent'],
    ['any usage', { extendedKeyUsage: ['2.5.29.37.0'] }, 'lists only anyExtendedKeyUsage'],
  ])('refuses %s', (_what, content, found) => {
    const judgement = judge(makeCertificate({ subject: 'CN=sender', issuer: issuing, ...content }));
    expect(judgement).toMatchObject({ valid: false, refusal: { code: 'missing-client-auth', values: { found } } });
    expect(!judgement.valid && judgement.refusal.sentence).toMatch(/private CA/);
  });

  it('accepts no statement, or any usage, where the caller says so', () => {
    const unstated = makeCertificate({ subject: 'CN=sender', issuer: issuing });
    const any = makeCertificate({ subject: 'CN=sender', issuer: issuing, extendedKeyUsage: ['2.5.29.37.0'] });
    expect(outcome(judge(unstated, { absentExtendedKeyUsage: 'accept' }))).toBe('valid');
    expect(outcome(judge(any, { absentExtendedKeyUsage: 'accept' }))).toBe('missing-client-auth');
    expect(outcome(judge(any, { anyExtendedKeyUsage: 'accept' }))).toBe('valid');
  });

  it('refuses a client certificate below a CA for servers only', () => {
    const ca = makeCertificate({
      subject: 'CN=Server CA',
      issuer: root,
      ca: true,
      extendedKeyUsage: ['1.3.6.1.5.5.7.3.1'],
    });
    expect(judge(makeLeaf({ issuer: ca }), { pool: [ca] })).toMatchObject({
      refusal: { code: 'missing-client-auth', certificate: { subject: 'CN=Server CA' } },
    });
  });

  it('refuses a key that may not sign where signing is wanted', () => {
    expect(outcome(judge(makeLeaf({ keyUsage: [2] })))).toBe('valid');
    expect(outcome(judge(makeLeaf({ keyUsage: [2] }), { requiredKeyUsage: 'digitalSignature' }))).toBe(
      'key-usage-insufficient',
    );
    expect(outcome(judge(makeLeaf({ keyUsage: [] }), { requiredKeyUsage: 'digitalSignature' }))).toBe('valid');
  });

  it('asks for other usages by name or OID', () => {
    expect(outcome(judge(leaf, { extendedKeyUsage: 'serverAuth' }))).toBe('missing-extended-key-usage');
    expect(outcome(judge(leaf, { extendedKeyUsage: clientAuth }))).toBe('valid');
  });
});

describe('attack 20: only a CA issues', () => {
  it('attack 20: refuses a leaf used as a CA', () => {
    expect(judge(makeLeaf({ subject: 'CN=below', issuer: leaf }), { pool: [issuing, leaf] })).toMatchObject({
      refusal: { code: 'not-a-ca', certificate: { subject: 'CN=sender' } },
    });
  });

  it('attack 20: refuses a CA certificate without basic constraints', () => {
    const ca = makeCertificate({ subject: 'CN=CA', issuer: root, ca: true, omitBasicConstraints: true });
    expect(outcome(judge(makeLeaf({ issuer: ca }), { pool: [ca] }))).toBe('not-a-ca');
  });

  it('attack 20: refuses a version 1 certificate as a CA', () => {
    const ca = makeCertificate({ subject: 'CN=CA', issuer: root, version: 1 });
    expect(outcome(judge(makeLeaf({ issuer: ca }), { pool: [ca] }))).toBe('not-a-ca');
  });

  it('attack 20: refuses a CA without keyCertSign', () => {
    const ca = makeCertificate({ subject: 'CN=CA', issuer: root, ca: true, keyUsage: [0, 6] });
    expect(outcome(judge(makeLeaf({ issuer: ca }), { pool: [ca] }))).toBe('no-cert-sign');
  });

  it('attack 20: refuses more CAs than the path length allows', () => {
    const limited = makeCertificate({ subject: 'CN=Limited', issuer: root, ca: true, pathLength: 0 });
    const below = makeCertificate({ subject: 'CN=Below', issuer: limited, ca: true });
    expect(outcome(judge(makeLeaf({ issuer: limited }), { pool: [limited] }))).toBe('valid');
    expect(judge(makeLeaf({ issuer: below }), { pool: [limited, below] })).toMatchObject({
      refusal: { code: 'path-length-exceeded', certificate: { subject: 'CN=Below' } },
    });
  });

  it('attack 20: does not let a lower CA widen the path length', () => {
    const one = makeCertificate({ subject: 'CN=One', issuer: root, ca: true, pathLength: 1 });
    const two = makeCertificate({ subject: 'CN=Two', issuer: one, ca: true, pathLength: 5 });
    const three = makeCertificate({ subject: 'CN=Three', issuer: two, ca: true });
    expect(outcome(judge(makeLeaf({ issuer: two }), { pool: [one, two] }))).toBe('valid');
    expect(outcome(judge(makeLeaf({ issuer: three }), { pool: [one, two, three] }))).toBe('path-length-exceeded');
  });

  it('attack 20: does not count a self-issued CA, and does count the anchor’s path length', () => {
    const limited = makeCertificate({ subject: 'CN=Limited', issuer: root, ca: true, pathLength: 0 });
    const renewed = makeCertificate({
      subject: 'CN=Limited',
      issuer: limited,
      ca: true,
      key: testKey('P-256', 'renewed limited'),
    });
    expect(outcome(judge(makeLeaf({ issuer: renewed }), { pool: [limited, renewed] }))).toBe('valid');
    const anchor = makeCertificate({ subject: 'CN=Root', ca: true, key: root.key, pathLength: 0 });
    expect(outcome(judge(leaf, { roots: [anchor] }))).toBe('path-length-exceeded');
  });
});

describe('what the certificate of a trust anchor says', () => {
  const variants: [string, Partial<CertificateContent>, string][] = [
    ['an expired one', { notAfter: testTime - 1000 }, 'expired'],
    [
      'one that is no CA',
      { ca: false, extensions: [{ oid: '2.5.29.19', critical: true, value: Uint8Array.of(0x30, 0) }] },
      'not-a-ca',
    ],
    ['one without basic constraints', { omitBasicConstraints: true }, 'not-a-ca'],
    ['one without keyCertSign', { keyUsage: [6] }, 'no-cert-sign'],
    ['one for servers', { extendedKeyUsage: ['1.3.6.1.5.5.7.3.1'] }, 'missing-client-auth'],
    ['one with name constraints', { excluded: ['dir:CN=sender'] }, 'name-constraint-violated'],
    [
      'one with an unknown critical extension',
      { extensions: [{ oid: '1.2.3.4', critical: true, value: Uint8Array.of(5, 0) }] },
      'unknown-critical-extension',
    ],
    [
      'one with a policy that the chain must keep',
      { policies: ['1.2.3.4'], requireExplicitPolicy: 0 },
      'policy-required',
    ],
  ];
  it.each(variants)('binds the paths below: %s', (_what, content, code) => {
    const anchor = makeCertificate({ subject: 'CN=Root', ca: true, key: root.key, ...content });
    expect(outcome(judge(leaf, { roots: [anchor] }))).toBe(code);
  });

  it.each(variants)('is passed over where the anchor is only a name and a key: %s', (_what, content) => {
    const anchor = makeCertificate({ subject: 'CN=Root', ca: true, key: root.key, ...content });
    const bare = { anchors: [trustAnchor(anchor.certificate, { validity: false, constraints: false })] };
    expect(
      outcome(
        judgePath({
          leaf: leaf.certificate,
          intermediates: [issuing.certificate],
          at: testTime,
          extendedKeyUsage: 'clientAuth',
          ...bare,
        }),
      ),
    ).toBe('valid');
  });

  it('accepts a version 1 root, which cannot say that it is a CA', () => {
    const anchor = makeCertificate({ subject: 'CN=Root', key: root.key, version: 1 });
    expect(outcome(judge(leaf, { roots: [anchor] }))).toBe('valid');
  });

  it('does not mind the anchor’s own signature', () => {
    const anchor = makeCertificate({
      subject: 'CN=Root',
      ca: true,
      key: root.key,
      hash: 'sha1',
      signingKey: testKey('P-256', 'forger'),
    });
    expect(outcome(judge(leaf, { roots: [anchor] }))).toBe('valid');
  });
});
