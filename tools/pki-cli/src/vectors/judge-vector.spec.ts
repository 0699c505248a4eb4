import { existsSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { makeCertificate, testTime } from '@sluice/pki/testing';
import { encodePem } from '@sluice/pki';
import { judgeVector } from './judge-vector.js';
import { readVectorFile, type VectorCase } from './vector-case.js';

const folder = join(dirname(fileURLToPath(import.meta.url)), '../../../../../shared/vectors');
const files = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.jsonl')) : [];
if (files.length === 0)
  console.warn('The public vectors are not beside the repository (../shared/vectors): their cases are skipped.');

describe('public certificate path vectors', () => {
  (files.length === 0 ? it.skip : it)(
    'agree in every core case, none over 250 ms',
    () => {
      const core = files.flatMap((name) => readVectorFile(join(folder, name))).filter(({ tier }) => tier === 'core');
      const outcomes = core.map((vector) => ({
        ...judgeVector(vector),
        expected: vector.expected,
        policies: vector.policy_inputs?.expected_user_constrained_policy_set,
      }));
      expect(outcomes.filter(({ verdict, expected }) => verdict !== expected)).toEqual([]);
      // A busy machine can stretch any single one: what was slow is asked again.
      const slow = core.filter((_vector, index) => (outcomes[index]?.ms ?? 0) > 250);
      expect(slow.filter((vector) => Math.min(...[1, 2, 3, 4].map(() => judgeVector(vector).ms)) > 250)).toEqual([]);
      expect(outcomes.length).toBeGreaterThan(400);
      // Where the suite states it, the user-constrained policy set of RFC 5280 6.1.6 must be the same.
      const stated = outcomes.filter(({ verdict, policies }) => verdict === 'valid' && policies !== undefined);
      expect(
        stated.filter(({ reason, policies }) => reason !== `policies ${[...(policies ?? [])].sort().join(' ')}`),
      ).toEqual([]);
    },
    60_000,
  );
});

describe('judgeVector', () => {
  const root = makeCertificate({ subject: 'CN=Root', ca: true });
  const leaf = makeCertificate({ subject: 'CN=leaf', issuer: root, extendedKeyUsage: ['1.3.6.1.5.5.7.3.2'] });
  const vector = (more: Partial<VectorCase> = {}): VectorCase => ({
    id: 'a/b',
    suite: 'a',
    tier: 'core',
    description: '',
    trust_anchors: [encodePem(root.der)],
    intermediates: [],
    leaf: encodePem(leaf.der),
    crls: [],
    validation_time: new Date(testTime).toISOString(),
    eku: [],
    max_depth: null,
    features: [],
    ...more,
  });

  it('gives a verdict, its reason and the time it took', () => {
    expect(judgeVector(vector())).toEqual({
      id: 'a/b',
      verdict: 'valid',
      reason: expect.any(String),
      ms: expect.any(Number),
    });
  });

  it.each<[string, Partial<VectorCase>]>([
    ['a malformed leaf', { leaf: 'junk' }],
    ['no trust anchor', { trust_anchors: [] }],
    ['a usage that is not allowed', { eku: ['serverAuth'] }],
    ['one of several usages that is not allowed', { eku: ['clientAuth', 'serverAuth'] }],
    ['CRLs that do not establish the status', { crls: ['junk'] }],
    ['a time outside the validity', { validation_time: '1999-01-01T00:00:00Z' }],
    ['a policy that is demanded', { policy_inputs: { initial_explicit_policy: true } }],
  ])('refuses %s', (_what, more) => {
    expect(judgeVector(vector(more)).verdict).toBe('invalid');
  });

  it('takes any time for a case without one, and passes over malformed certificates of the pool', () => {
    expect(judgeVector(vector({ validation_time: null, intermediates: ['junk', encodePem(leaf.der)] })).verdict).toBe(
      'valid',
    );
  });
});
