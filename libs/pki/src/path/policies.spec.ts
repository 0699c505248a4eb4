import { describe, expect, it } from '@jest/globals';
import {
  makeCertificate,
  testTime,
  type CertificateContent,
  type TestCertificate,
} from '../testing/make-certificate.js';
import { judgePath } from './judge-path.js';
import { type PolicyInputs } from './path-input.js';
import { trustAnchor } from './trust-anchor.js';

const root = makeCertificate({ subject: 'CN=Root', ca: true });
const [p1, p2, p3, any] = ['1.2.3.1', '1.2.3.2', '1.2.3.3', '2.5.29.32.0'] as const;

type Link = Pick<
  CertificateContent,
  'policies' | 'policyMappings' | 'requireExplicitPolicy' | 'inhibitPolicyMapping' | 'inhibitAnyPolicy' | 'extensions'
> & { readonly selfIssued?: boolean };

/** Builds a chain of CAs and a leaf with these policy extensions and judges it. */
function judge(authorities: readonly Link[], leafLink: Link, policyInputs: PolicyInputs = {}): string[] | string {
  let issuer: TestCertificate = root;
  const pool: TestCertificate[] = [];
  authorities.forEach(({ selfIssued, ...link }, index) => {
    issuer = makeCertificate({
      subject: selfIssued === true ? issuer.subject : `CN=CA ${index}`,
      issuer,
      ca: true,
      keyKind: 'P-256',
      ...(selfIssued === true && { keyKind: 'P-384' }),
      ...link,
    });
    pool.push(issuer);
  });
  const leaf = makeCertificate({ subject: 'CN=leaf', issuer, ...leafLink });
  const judgement = judgePath({
    leaf: leaf.certificate,
    intermediates: pool.map((each) => each.certificate),
    anchors: [trustAnchor(root.certificate)],
    at: testTime,
    policyInputs,
  });
  return judgement.valid ? [...judgement.policies] : judgement.refusal.code;
}

const explicit: PolicyInputs = { initialExplicitPolicy: true };

describe('certificate policies (RFC 5280 6.1)', () => {
  it('keeps the policies that every certificate asserts', () => {
    expect(judge([{ policies: [p1, p2] }], { policies: [p2, p3] })).toEqual([p2]);
    expect(judge([{ policies: [p1] }], { policies: [p2] })).toEqual([]);
    expect(judge([{ policies: [p1] }], { policies: [p2] }, explicit)).toBe('policy-required');
    expect(judge([{}], { policies: [p1] }, explicit)).toBe('policy-required');
  });

  it('lets anyPolicy stand for every policy, until it is inhibited', () => {
    expect(judge([{ policies: [any] }], { policies: [p1] }, explicit)).toEqual([p1]);
    expect(judge([{ policies: [p1] }], { policies: [any] }, explicit)).toEqual([p1]);
    expect(judge([{ policies: [p1], inhibitAnyPolicy: 0 }], { policies: [any] }, explicit)).toBe('policy-required');
    expect(judge([{ policies: [any] }], { policies: [p1] }, { ...explicit, initialInhibitAnyPolicy: true })).toBe(
      'policy-required',
    );
  });

  it('does not count a self-issued certificate down', () => {
    expect(
      judge(
        [
          { policies: [p1], inhibitAnyPolicy: 1 },
          { policies: [any], selfIssued: true },
        ],
        { policies: [any] },
        explicit,
      ),
    ).toEqual([p1]);
    expect(judge([{ policies: [p1], inhibitAnyPolicy: 1 }, { policies: [any] }], { policies: [any] }, explicit)).toBe(
      'policy-required',
    );
  });

  it('wants one of the user’s policies', () => {
    expect(judge([{ policies: [p1, p2] }], { policies: [p1, p2] }, { ...explicit, initialPolicySet: [p2] })).toEqual([
      p2,
    ]);
    expect(judge([{ policies: [p1] }], { policies: [p1] }, { ...explicit, initialPolicySet: [p2] })).toBe(
      'policy-required',
    );
    expect(judge([{ policies: [any] }], { policies: [any] }, { ...explicit, initialPolicySet: [p2] })).toEqual([p2]);
  });

  it('heeds requireExplicitPolicy after so many certificates', () => {
    expect(judge([{ requireExplicitPolicy: 0 }], {})).toBe('policy-required');
    expect(judge([{ policies: [p1], requireExplicitPolicy: 0 }], { policies: [p1] })).toEqual([p1]);
    expect(judge([{ requireExplicitPolicy: 3 }, {}], {})).toEqual([]);
    expect(judge([{ requireExplicitPolicy: 1 }, {}], {})).toBe('policy-required');
    expect(judge([{}], { requireExplicitPolicy: 0 })).toBe('policy-required');
  });

  it('maps policies into the anchor’s domain', () => {
    expect(judge([{ policies: [p1], policyMappings: [[p1, p2]] }], { policies: [p2] }, explicit)).toEqual([p1]);
    expect(judge([{ policies: [p1], policyMappings: [[p1, p2]] }], { policies: [p1] }, explicit)).toBe(
      'policy-required',
    );
    expect(
      judge(
        [{ policies: [any], policyMappings: [[p1, p2]] }],
        { policies: [p2] },
        { ...explicit, initialPolicySet: [p1] },
      ),
    ).toEqual([p1]);
    expect(
      judge(
        [
          {
            policies: [p1, p3],
            policyMappings: [
              [p1, p2],
              [p3, p2],
            ],
          },
        ],
        { policies: [p2] },
        explicit,
      ),
    ).toEqual([p1, p3]);
  });

  it('drops mapped policies where mapping is inhibited', () => {
    expect(
      judge(
        [{ policies: [p1], policyMappings: [[p1, p2]] }],
        { policies: [p2] },
        { ...explicit, initialPolicyMappingInhibit: true },
      ),
    ).toBe('policy-required');
    expect(
      judge(
        [
          { policies: [p1], inhibitPolicyMapping: 0 },
          { policies: [p1], policyMappings: [[p1, p2]] },
        ],
        { policies: [p2] },
        explicit,
      ),
    ).toBe('policy-required');
    expect(
      judge(
        [
          { policies: [p1], inhibitPolicyMapping: 1 },
          { policies: [p1], policyMappings: [[p1, p2]] },
        ],
        { policies: [p2] },
        explicit,
      ),
    ).toEqual([p1]);
  });

  it('refuses a mapping from or to anyPolicy', () => {
    expect(judge([{ policies: [p1], policyMappings: [[any, p2]] }], {})).toBe('policy-mapping-of-any-policy');
    expect(judge([{ policies: [p1], policyMappings: [[p1, any]] }], {})).toBe('policy-mapping-of-any-policy');
  });

  it('refuses a qualifier it does not know in a critical extension only', () => {
    // certificatePolicies with policy 1.2.3 and a qualifier 1.2.4
    const qualified = Uint8Array.from([
      0x30, 0x10, 0x30, 0x0e, 0x06, 0x02, 0x2a, 0x03, 0x30, 0x08, 0x30, 0x06, 0x06, 0x02, 0x2a, 0x04, 0x05, 0x00,
    ]);
    expect(judge([], { extensions: [{ oid: '2.5.29.32', critical: true, value: qualified }] })).toBe(
      'unknown-critical-extension',
    );
    expect(judge([], { extensions: [{ oid: '2.5.29.32', value: qualified }] })).toEqual(['1.2.3']);
  });
});

describe('attack 23: policies cannot be made to explode', () => {
  it('judges a chain whose policy tree would have 8^10 nodes in bounded time', () => {
    const all = Array.from({ length: 8 }, (_, index) => `1.2.3.${index + 1}`);
    const everyToEvery = all.flatMap((from) => all.map((to) => [from, to] as const));
    const start = process.threadCpuUsage();
    expect(
      judge(
        Array.from({ length: 10 }, () => ({ policies: all, policyMappings: everyToEvery })),
        { policies: all },
        explicit,
      ),
    ).toEqual(all);
    expect(process.threadCpuUsage(start).user).toBeLessThan(10_000_000);
  });
});
