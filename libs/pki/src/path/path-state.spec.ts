import { describe, expect, it } from '@jest/globals';
import {
  makeCertificate,
  testKey,
  testTime,
  type CertificateContent,
  type TestCertificate,
} from '../testing/make-certificate.js';
import { defaultBudget, Spending } from './budget.js';
import { type PathInput, type PolicyInputs } from './path-input.js';
import { finishWithLeaf, initialState, passAuthority, type PathState } from './path-state.js';
import { assertPolicies, initialPolicyGraph, userConstrainedPolicies } from './policy-graph.js';
import { trustAnchor } from './trust-anchor.js';

const [p1, p2, any] = ['1.2.3.1', '1.2.3.2', '2.5.29.32.0'] as const;
const unlimited = 0x7fffffff;
const root = makeCertificate({ subject: 'CN=Root', ca: true });
const leaf = makeCertificate({ subject: 'CN=leaf', issuer: root });

const inputOf = (more: Partial<PathInput> = {}): PathInput => ({
  leaf: leaf.certificate,
  intermediates: [],
  anchors: [],
  at: testTime,
  ...more,
});
const spending = (): Spending => new Spending(defaultBudget);
const authority = (content: Partial<CertificateContent> = {}): TestCertificate =>
  makeCertificate({ subject: 'CN=CA', issuer: root, ca: true, ...content });
/** A CA's certificate for its next key. */
const selfIssued = (content: Partial<CertificateContent> = {}): TestCertificate =>
  authority({ subject: 'CN=Root', key: testKey('P-256', 'next root'), ...content });

/** A state in the middle of a path, each number another. */
const midway: PathState = {
  policies: initialPolicyGraph,
  explicitPolicy: 5,
  policyMapping: 4,
  inhibitAnyPolicy: 3,
  maxPathLength: 7,
  depth: 2,
  constraints: [],
};
const pass = (certificate: TestCertificate, state = midway, more: Partial<PathInput> = {}) =>
  passAuthority(certificate.certificate, state, inputOf(more), spending());
const policiesOf = (state: ReturnType<typeof pass>): readonly string[] =>
  'policies' in state ? userConstrainedPolicies(state.policies, [any]) : [state.code];

describe('the state at the anchor (RFC 5280 6.1.2)', () => {
  const start = (content: Partial<CertificateContent>, policyInputs?: PolicyInputs, constraints = true) =>
    initialState(
      trustAnchor(makeCertificate({ subject: 'CN=Root', ca: true, key: root.key, ...content }).certificate, {
        validity: true,
        constraints,
      }),
      inputOf(policyInputs ? { policyInputs } : {}),
    );

  it('limits nothing where neither the caller nor the anchor does', () => {
    expect(start({})).toMatchObject({
      explicitPolicy: unlimited,
      policyMapping: unlimited,
      inhibitAnyPolicy: unlimited,
      maxPathLength: unlimited,
      depth: 0,
      constraints: [],
      policies: { hasAnyPolicy: true },
    });
  });

  it.each<[keyof PolicyInputs, keyof PathState]>([
    ['initialExplicitPolicy', 'explicitPolicy'],
    ['initialPolicyMappingInhibit', 'policyMapping'],
    ['initialInhibitAnyPolicy', 'inhibitAnyPolicy'],
  ])('takes %s for nothing but %s', (asked, counter) => {
    const limits = { explicitPolicy: unlimited, policyMapping: unlimited, inhibitAnyPolicy: unlimited };
    expect(start({}, { [asked]: true })).toMatchObject({ ...limits, [counter]: 0 });
    expect(start({}, { [asked]: false })).toMatchObject(limits);
  });

  const restricted: Partial<CertificateContent> = {
    policies: [p1],
    requireExplicitPolicy: 2,
    inhibitPolicyMapping: 3,
    inhibitAnyPolicy: 4,
    pathLength: 5,
    permitted: ['dns:example.com'],
  };

  it('takes over what an enforced anchor says of itself, uncounted (RFC 5937 3.2)', () => {
    const state = start(restricted);
    expect(state).toMatchObject({
      explicitPolicy: 2,
      policyMapping: 3,
      inhibitAnyPolicy: 4,
      maxPathLength: 5,
      depth: 0,
      constraints: [{ permitted: [{}] }],
    });
    expect(policiesOf(state)).toEqual([p1]);
    expect(policiesOf(start({ policies: [any] }, { initialInhibitAnyPolicy: true }))).toEqual([any]);
  });

  it('takes nothing from an anchor that is only a name and a key', () => {
    expect(start(restricted, {}, false)).toEqual({
      policies: initialPolicyGraph,
      explicitPolicy: unlimited,
      policyMapping: unlimited,
      inhibitAnyPolicy: unlimited,
      maxPathLength: unlimited,
      depth: 0,
      constraints: [],
    });
  });
});

describe('the state below a CA (RFC 5280 6.1.3, 6.1.4)', () => {
  it('counts everything down by one', () => {
    expect(pass(authority())).toMatchObject({
      explicitPolicy: 4,
      policyMapping: 3,
      inhibitAnyPolicy: 2,
      maxPathLength: 6,
      depth: 3,
      constraints: [],
    });
  });

  it('counts nothing for a self-issued one', () => {
    const { policies: _, ...counted } = midway;
    expect(pass(selfIssued())).toMatchObject(counted);
  });

  it('does not count below zero', () => {
    const spent = { ...midway, explicitPolicy: 0, policyMapping: 0, inhibitAnyPolicy: 0, maxPathLength: 1 };
    expect(pass(authority({ policies: [p1] }), spent)).toMatchObject({
      explicitPolicy: 0,
      policyMapping: 0,
      inhibitAnyPolicy: 0,
      maxPathLength: 0,
    });
  });

  it('takes the limits of the certificate where they are lower, never where they are higher', () => {
    const limits = (each: number) => ({
      requireExplicitPolicy: each,
      inhibitPolicyMapping: each,
      inhibitAnyPolicy: each,
      pathLength: each,
    });
    expect(pass(authority(limits(1)))).toMatchObject({
      explicitPolicy: 1,
      policyMapping: 1,
      inhibitAnyPolicy: 1,
      maxPathLength: 1,
    });
    expect(pass(authority(limits(9)))).toMatchObject({
      explicitPolicy: 4,
      policyMapping: 3,
      inhibitAnyPolicy: 2,
      maxPathLength: 6,
    });
  });

  it('refuses one too many CA, which a self-issued one is not', () => {
    const full = { ...midway, maxPathLength: 0 };
    expect(pass(authority(), full)).toMatchObject({
      code: 'path-length-exceeded',
      certificate: { subject: 'CN=CA' },
      values: { allowed: 0 },
    });
    expect(pass(selfIssued(), full)).toMatchObject({ maxPathLength: 0 });
  });

  it('refuses what is deeper than the caller allows', () => {
    expect(pass(authority(), midway, { maxDepth: 3 })).toMatchObject({ depth: 3 });
    expect(pass(authority(), midway, { maxDepth: 2 })).toMatchObject({
      code: 'depth-exceeded',
      values: { allowed: 2 },
    });
    expect(pass(selfIssued(), midway, { maxDepth: 2 })).toMatchObject({ depth: 2 });
  });

  it('holds a CA to the name constraints above it, a self-issued one not, and adds its own', () => {
    const first = pass(authority({ permitted: ['dir:O=Example'], excluded: ['dns:example.net'] }));
    if ('code' in first) throw new Error(first.sentence);
    expect(first.constraints).toHaveLength(1);
    const refusal = pass(authority({ subject: 'CN=Other' }), first);
    expect(refusal).toMatchObject({ code: 'name-constraint-violated', certificate: { subject: 'CN=Other' } });
    expect('values' in refusal && Object.keys(refusal.values).length).toBeGreaterThan(0);
    expect(pass(selfIssued(), first)).toMatchObject({ constraints: first.constraints });
    const second = pass(authority({ subject: 'CN=Inside,O=Example', permitted: ['dns:example.com'] }), first);
    expect(second).toMatchObject({ constraints: [first.constraints[0], { permitted: [{}] }] });
  });

  it('lets anyPolicy stand for a policy until that is inhibited, and always in a self-issued CA', () => {
    const asserting = { ...midway, policies: assertPolicies(initialPolicyGraph, new Set([p1]), true) };
    const inhibited = { ...asserting, inhibitAnyPolicy: 0 };
    expect(policiesOf(pass(authority({ policies: [any] }), { ...asserting, inhibitAnyPolicy: 1 }))).toEqual([p1]);
    expect(policiesOf(pass(authority({ policies: [any] }), inhibited))).toEqual([]);
    expect(policiesOf(pass(selfIssued({ policies: [any] }), inhibited))).toEqual([p1]);
  });

  it('refuses a CA that leaves no policy where one is required', () => {
    expect(pass(authority(), { ...midway, explicitPolicy: 0 })).toMatchObject({
      code: 'policy-required',
      certificate: { subject: 'CN=CA' },
      values: { wanted: 'any' },
    });
    expect(pass(authority(), { ...midway, explicitPolicy: 1 })).toMatchObject({ explicitPolicy: 0 });
    expect(policiesOf(pass(authority({ policies: [p1] }), { ...midway, explicitPolicy: 0 }))).toEqual([p1]);
  });

  it('names the policies wanted', () => {
    const policyInputs = { initialPolicySet: [p1, any, p2] };
    expect(pass(authority(), { ...midway, explicitPolicy: 0 }, { policyInputs })).toMatchObject({
      values: { wanted: `${p1}, any, ${p2}` },
    });
  });

  it('maps policies while that is allowed above, for one CA more than is counted', () => {
    const mapping = authority({ policies: [p1], policyMappings: [[p1, p2]] });
    const below = (policyMapping: number): readonly string[] => {
      const state = pass(mapping, { ...midway, policyMapping });
      if ('code' in state) return [state.code];
      return policiesOf(pass(authority({ policies: [p2] }), state));
    };
    expect(below(1)).toEqual([p1]);
    expect(below(0)).toEqual([]);
  });

  it.each([
    ['from', [any, p2]],
    ['to', [p1, any]],
  ] as const)('refuses a mapping %s anyPolicy, among others that are in order', (_what, bad) => {
    expect(pass(authority({ policies: [p1], policyMappings: [[p1, p2], bad] }))).toMatchObject({
      code: 'policy-mapping-of-any-policy',
    });
  });
});

describe('the end of the path (RFC 5280 6.1.5)', () => {
  const finish = (content: Partial<CertificateContent>, state: Partial<PathState> = {}, policyInputs?: PolicyInputs) =>
    finishWithLeaf(
      { ...midway, ...state },
      inputOf({
        leaf: makeCertificate({ subject: 'CN=leaf', issuer: root, ...content }).certificate,
        ...(policyInputs && { policyInputs }),
      }),
      spending(),
    );

  it('tells the policies that the caller wants, all where none is named', () => {
    expect(finish({ policies: [p1, p2] })).toEqual({ policies: [p1, p2] });
    expect(finish({ policies: [p1, p2] }, {}, { initialPolicySet: [p2] })).toEqual({ policies: [p2] });
    expect(finish({})).toEqual({ policies: [] });
  });

  it('counts the required policy down once more, and lets the leaf require one', () => {
    expect(finish({}, { explicitPolicy: 2 })).toEqual({ policies: [] });
    for (const explicitPolicy of [0, 1])
      expect(finish({}, { explicitPolicy })).toMatchObject({
        code: 'policy-required',
        certificate: { subject: 'CN=leaf' },
        values: { wanted: 'any' },
      });
    expect(finish({ requireExplicitPolicy: 0 })).toMatchObject({ code: 'policy-required' });
    expect(finish({ requireExplicitPolicy: 1 })).toEqual({ policies: [] });
    expect(finish({ policies: [p1], requireExplicitPolicy: 0 })).toEqual({ policies: [p1] });
    expect(finish({ policies: [p1] }, { explicitPolicy: 0 }, { initialPolicySet: [p2] })).toMatchObject({
      code: 'policy-required',
      values: { wanted: p2 },
    });
  });

  it('lets anyPolicy stand for a policy until that is inhibited, in a self-issued leaf too', () => {
    const policies = assertPolicies(initialPolicyGraph, new Set([p1]), true);
    expect(finish({ policies: [any] }, { policies, inhibitAnyPolicy: 1 })).toEqual({ policies: [p1] });
    expect(finish({ policies: [any] }, { policies, inhibitAnyPolicy: 0 })).toEqual({ policies: [] });
    expect(finish({ subject: 'CN=Root', policies: [any] }, { policies, inhibitAnyPolicy: 0 })).toEqual({
      policies: [],
    });
  });

  it('holds the leaf to the name constraints, a self-issued one too', () => {
    const constrained = pass(authority({ permitted: ['dir:O=Example'] }));
    if ('code' in constrained) throw new Error(constrained.sentence);
    for (const subject of ['CN=leaf', 'CN=Root']) {
      const refusal = finish({ subject }, constrained);
      expect(refusal).toMatchObject({ code: 'name-constraint-violated', certificate: { subject } });
      expect('values' in refusal && Object.keys(refusal.values).length).toBeGreaterThan(0);
    }
    expect(finish({ subject: 'CN=leaf,O=Example' }, constrained)).toEqual({ policies: [] });
  });
});
