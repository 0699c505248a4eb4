import { describe, expect, it } from '@jest/globals';
import { makeCertificateList, testList } from '../testing/make-certificate-list.js';
import {
  makeCertificate,
  testKey,
  testTime,
  type CertificateContent,
  type TestCertificate,
} from '../testing/make-certificate.js';
import { type CertificateList, parseCertificateList } from '../revocation/parse-certificate-list.js';
import { type RevocationInputs } from '../revocation/revocation-inputs.js';
import { defaultBudget, Spending } from './budget.js';
import { judgePath } from './judge-path.js';
import { type PathInput, type PathJudgement } from './path-input.js';
import { trustAnchor, type TrustAnchor } from './trust-anchor.js';

const day = 86_400_000;
const anyPolicy = '2.5.29.32.0';
const root = makeCertificate({ subject: 'CN=Root', ca: true, notAfter: testTime + 300 * day });
const issuing = makeCertificate({ subject: 'CN=Issuing CA', issuer: root, ca: true, notAfter: testTime + 100 * day });
const leaf = makeCertificate({ subject: 'CN=sender', issuer: issuing });

/** The root with the same name and key, but with another content. */
const rootWith = (content: Partial<CertificateContent>): TestCertificate =>
  makeCertificate({ subject: 'CN=Root', ca: true, key: root.key, ...content });
/** The issuing CA with the same name and key, but with another content. */
const issuingWith = (content: Partial<CertificateContent>): TestCertificate =>
  makeCertificate({ subject: 'CN=Issuing CA', issuer: root, ca: true, key: issuing.key, ...content });

interface Given extends Partial<Omit<PathInput, 'leaf' | 'intermediates' | 'anchors'>> {
  readonly certificate?: TestCertificate;
  readonly pool?: readonly TestCertificate[];
  readonly roots?: readonly TestCertificate[];
  readonly anchors?: readonly TrustAnchor[];
}

function judge({ certificate = leaf, pool = [issuing], roots = [root], anchors, ...more }: Given = {}): PathJudgement {
  return judgePath({
    leaf: certificate.certificate,
    intermediates: pool.map((each) => each.certificate),
    anchors: anchors ?? roots.map((each) => trustAnchor(each.certificate)),
    at: testTime,
    ...more,
  });
}

/** Why each path failed, in the order told; `valid` alone for a path that did not. */
const told = (judgement: PathJudgement): readonly string[] =>
  judgement.valid ? ['valid'] : judgement.attempts.map(({ code }) => code);

describe('what a search may cost', () => {
  it('counts the octets of the leaf and of every certificate of the pool', () => {
    const octets = leaf.der.length + issuing.der.length + root.der.length;
    const within = (bytes: number) => judge({ pool: [issuing, root], budget: { ...defaultBudget, bytes } });
    expect(told(within(octets))).toEqual(['valid']);
    expect(within(octets - 1)).toMatchObject({
      valid: false,
      refusal: {
        code: 'over-budget',
        certificate: { sha256: leaf.certificate.sha256 },
        values: { limit: 'bytes', allowed: octets - 1 },
      },
      remarks: [],
    });
  });

  it('counts the certificates of the pool', () => {
    const within = (certificates: number) => judge({ budget: { ...defaultBudget, certificates } });
    expect(told(within(1))).toEqual(['valid']);
    expect(within(0)).toMatchObject({
      refusal: { code: 'over-budget', values: { limit: 'certificates', allowed: 0 } },
    });
  });

  it('counts a step for each certificate appended to a path', () => {
    const within = (steps: number) => judge({ budget: { ...defaultBudget, steps } });
    expect(told(within(2))).toEqual(['valid']);
    expect(told(within(1))).toEqual(['over-budget']);
  });

  it('counts fifty steps more for the revocation of a path', () => {
    const within = (steps: number) =>
      judge({ revocation: { crls: [], failure: 'soft' }, budget: { ...defaultBudget, steps } });
    expect(told(within(52))).toEqual(['valid']);
    expect(within(51)).toMatchObject({ refusal: { code: 'over-budget', values: { limit: 'steps', allowed: 51 } } });
  });

  it('does not pay for a pool again within another judgement, whose account it goes on with', () => {
    const spending = new Spending({ ...defaultBudget, certificates: 0, bytes: 0 });
    expect(told(judge({ spending }))).toEqual(['valid']);
    expect(spending.total).toMatchObject({ certificates: 0, bytes: 0, steps: 2 });
    expect(told(judge({ spending: new Spending({ ...defaultBudget, steps: 1 }), budget: defaultBudget }))).toEqual([
      'over-budget',
    ]);
  });

  it('takes an error that is none of its own for what it is', () => {
    const revocation = (): RevocationInputs => {
      throw new RangeError('the caller’s own');
    };
    expect(() => judge({ revocation })).toThrow(new RangeError('the caller’s own'));
  });

  it('tells at most sixteen attempts, what ended the search first', () => {
    const expired = Array.from({ length: 20 }, (_, index) => issuingWith({ notAfter: testTime - (index + 1) * 1000 }));
    expect(told(judge({ pool: expired }))).toEqual(Array.from({ length: 16 }, () => 'expired'));
    expect(told(judge({ pool: [...expired, issuing], budget: { ...defaultBudget, steps: 0 } }))).toEqual([
      'over-budget',
      ...Array.from({ length: 15 }, () => 'expired'),
    ]);
  });

  it('looks no further where the leaf itself is at fault, or nothing is trusted', () => {
    const expired = makeCertificate({ subject: 'CN=sender', issuer: issuing, notAfter: testTime - 1000 });
    expect(judge({ certificate: expired, pool: [issuingWith({ notAfter: testTime - 1000 })] })).toEqual({
      valid: false,
      refusal: expect.objectContaining({ code: 'expired' }) as never,
      attempts: [expect.objectContaining({ code: 'expired' })],
      remarks: [],
    });
    expect(judge({ roots: [] })).toMatchObject({
      refusal: { code: 'no-trust-anchor', certificate: { sha256: leaf.certificate.sha256 } },
      attempts: [{ code: 'no-trust-anchor' }],
    });
  });
});

describe('which of several refusals is told first', () => {
  it('tells what failed late before what failed early, and of these the nearest to the leaf', () => {
    const limited = rootWith({ pathLength: 0 });
    const forged = issuingWith({ signingKey: testKey('P-256', 'forger') });
    const expired = issuingWith({ notAfter: testTime - 1000 });
    // Each for itself, so that the order is of the rule and not of the search.
    expect(told(judge({ pool: [forged, expired, issuing], roots: [limited] }))).toEqual([
      'path-length-exceeded',
      'expired',
      'bad-signature',
    ]);
    expect(told(judge({ pool: [forged, expired] }))).toEqual(['expired', 'bad-signature']);
  });

  it('puts what is wrong with the leaf below one root before what is wrong with a CA below another', () => {
    const limited = rootWith({ pathLength: 0 });
    const excluding = rootWith({ excluded: ['dir:CN=sender'] });
    for (const roots of [
      [limited, excluding],
      [excluding, limited],
    ])
      expect(told(judge({ roots }))).toEqual(['name-constraint-violated', 'path-length-exceeded']);
  });

  it('puts a root that nothing can hang below after what it signed, and goes on to the next root', () => {
    const unusable = rootWith({ policies: ['1.2.3.1'], policyMappings: [['1.2.3.1', anyPolicy]] });
    const limited = rootWith({ pathLength: 0 });
    expect(told(judge({ roots: [unusable, limited] }))).toEqual([
      'path-length-exceeded',
      'policy-mapping-of-any-policy',
    ]);
    expect(told(judge({ roots: [unusable, root] }))).toEqual(['valid']);
  });

  it('says nothing about a root of the same name that signed nothing here', () => {
    const namesake = makeCertificate({
      subject: 'CN=Root',
      ca: true,
      keyKind: 'P-384',
      policies: ['1.2.3.1'],
      policyMappings: [['1.2.3.1', anyPolicy]],
    });
    expect(told(judge({ roots: [namesake] }))).toEqual(['bad-signature']);
  });

  it('ranks a revoked certificate by its place in the path', () => {
    const revoked: RevocationInputs = {
      crls: [testList({ issuer: root, entries: [{ serial: issuing.certificate.serialNumberBytes }] })],
      failure: 'soft',
    };
    const strict = trustAnchor(root.certificate);
    const excluding = trustAnchor(rootWith({ excluded: ['dir:CN=sender'] }).certificate);
    const judgement = judge({
      anchors: [strict, excluding],
      revocation: (anchor) => (anchor === strict ? revoked : undefined),
    });
    expect(told(judgement)).toEqual(['name-constraint-violated', 'revoked']);
  });
});

describe('one name with one key twice in a path', () => {
  it('is a loop: the search does not walk it, although every path fails', () => {
    const [a, b] = [testKey('P-256', 'Loop A'), testKey('P-256', 'Loop B')];
    const keyed = (subject: string, key: typeof a): TestCertificate => ({ ...root, subject, key });
    const aByRoot = makeCertificate({ subject: 'CN=A', issuer: root, ca: true, key: a });
    const aByB = makeCertificate({ subject: 'CN=A', issuer: keyed('CN=B', b), ca: true, key: a });
    const bByA = makeCertificate({ subject: 'CN=B', issuer: keyed('CN=A', a), ca: true, key: b });
    const below = makeCertificate({ subject: 'CN=sender', issuer: keyed('CN=A', a) });
    expect(
      told(
        judge({
          certificate: below,
          pool: [aByB, bByA, aByRoot],
          roots: [rootWith({ excluded: ['dir:CN=sender'] })],
        }),
      ),
    ).toEqual(['name-constraint-violated']);
  });

  it('is none where only the key or only the name is the same', () => {
    const renamed = makeCertificate({ subject: 'CN=Renamed', issuer: issuing, ca: true, key: issuing.key });
    expect(
      told(
        judge({
          certificate: makeCertificate({ subject: 'CN=sender', issuer: renamed }),
          pool: [issuing, renamed],
        }),
      ),
    ).toEqual(['valid']);
    const rekeyed = makeCertificate({ subject: 'CN=Issuing CA', issuer: issuing, ca: true, keyKind: 'P-384' });
    expect(
      told(
        judge({
          certificate: makeCertificate({ subject: 'CN=sender', issuer: rekeyed }),
          pool: [issuing, rekeyed],
        }),
      ),
    ).toEqual(['valid']);
  });
});

describe('how long a verdict holds', () => {
  it('ends with the first certificate below the anchor, and not with an anchor that is only a name and a key', () => {
    const expired = rootWith({ notAfter: testTime - day });
    const bare = trustAnchor(expired.certificate, { validity: false, constraints: false });
    expect(judge({ anchors: [bare] })).toMatchObject({ valid: true, validUntil: leaf.certificate.notAfter });
    const short = issuingWith({ notAfter: testTime + 1000 });
    expect(judge({ pool: [short], anchors: [bare] })).toMatchObject({ valid: true, validUntil: testTime + 1000 });
  });

  it('ends with the lists it rests on, and with the certificates where these last longer', () => {
    const until = (nextUpdate: number): PathJudgement =>
      judge({
        revocation: {
          crls: [testList({ issuer: root, nextUpdate }), testList({ issuer: issuing, nextUpdate })],
          failure: 'hard',
        },
      });
    expect(until(testTime + 1000)).toMatchObject({ valid: true, validUntil: testTime + 1000 });
    expect(until(testTime + 400 * day)).toMatchObject({ valid: true, validUntil: leaf.certificate.notAfter });
  });
});

describe('revocation of a path', () => {
  const forgedList = (): CertificateList =>
    parseCertificateList(makeCertificateList({ issuer: issuing, signingKey: testKey('P-256', 'forger') }));

  it('is asked for each anchor and not checked where that has no answer', () => {
    const asked: TrustAnchor[] = [];
    const [first, second] = [trustAnchor(root.certificate), trustAnchor(rootWith({ pathLength: 3 }).certificate)];
    const judgement = judge({
      anchors: [first, second],
      revocation: (anchor) => {
        asked.push(anchor);
        return anchor === first ? { crls: [], failure: 'hard' } : undefined;
      },
    });
    expect(judgement).toMatchObject({ valid: true, anchor: { certificate: second.certificate } });
    expect(asked).toEqual([first, second]);
  });

  it('refuses the path whose certificate is revoked, and takes another that is not', () => {
    const other = issuingWith({ notAfter: testTime + 50 * day });
    const revocation: RevocationInputs = {
      crls: [
        testList({ issuer: root, entries: [{ serial: issuing.certificate.serialNumberBytes }] }),
        testList({ issuer: issuing }),
      ],
      failure: 'hard',
    };
    expect(told(judge({ revocation }))).toEqual(['revoked']);
    for (const pool of [
      [issuing, other],
      [other, issuing],
    ]) {
      const judgement = judge({ pool, revocation });
      expect(judgement.valid && judgement.path[1]).toBe(other.certificate);
    }
  });

  it('passes on what is worth telling of the lists, with the verdict and with the refusal', () => {
    const remarks = (failure: 'hard' | 'soft'): readonly string[] =>
      judge({ revocation: { crls: [testList({ issuer: root }), forgedList()], failure } }).remarks;
    expect(remarks('soft')).toHaveLength(1);
    expect(remarks('hard')).toEqual(remarks('soft'));
    expect(judge().remarks).toEqual([]);
  });
});
