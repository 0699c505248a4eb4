import { describe, expect, it } from '@jest/globals';
import {
  makeCertificate,
  testKey,
  testTime,
  type TestCertificate,
  type TestKeyKind,
} from '../testing/make-certificate.js';
import { withUnreadableKey } from '../testing/unreadable-key.js';
import { strangerBudget } from './budget.js';
import { judgePath } from './judge-path.js';
import { judgePathOffLoop } from './judge-path-off-loop.js';
import { type PathInput } from './path-input.js';
import { trustAnchor } from './trust-anchor.js';

const input = (root: TestCertificate, leaf: TestCertificate, pool: readonly TestCertificate[]): PathInput => ({
  leaf: leaf.certificate,
  intermediates: pool.map(({ certificate }) => certificate),
  anchors: [trustAnchor(root.certificate)],
  at: testTime,
  budget: strangerBudget,
});

function chain(keyKind: TestKeyKind, content: { forged?: boolean } = {}) {
  const root = makeCertificate({ subject: 'CN=Root', ca: true, keyKind });
  const ca = makeCertificate({ subject: 'CN=CA', issuer: root, ca: true, keyKind });
  const leaf = makeCertificate({
    subject: 'CN=leaf',
    issuer: ca,
    ...(content.forged ? { signingKey: testKey(keyKind, 'forger') } : {}),
  });
  return input(root, leaf, [ca]);
}

/** The signature of the leaf is the right one, but nothing can tell. */
function belowUnreadableKey() {
  const root = makeCertificate({ subject: 'CN=Root', ca: true });
  const ca = withUnreadableKey({ subject: 'CN=CA', issuer: root, ca: true });
  return input(root, makeCertificate({ subject: 'CN=leaf', issuer: ca }), [ca]);
}

/** Every CA has one name and signed every other: each key must be tried on each certificate. */
function crossSigned(keyKind: TestKeyKind, count: number) {
  const root = makeCertificate({ subject: 'CN=Cross', ca: true, keyKind, key: testKey(keyKind, 'root') });
  const names = Array.from({ length: count }, (_, index) => `cross ${index}`);
  const cas = names.map((name) =>
    makeCertificate({ subject: 'CN=Cross', issuer: root, ca: true, key: testKey(keyKind, name) }),
  );
  const leaf = makeCertificate({ subject: 'CN=leaf', issuer: root, signingKey: testKey(keyKind, 'forger') });
  return input(root, leaf, cas);
}

/** Whether the event loop turned before it was settled. */
async function yields(work: Promise<unknown>): Promise<boolean> {
  let turned = false;
  setImmediate(() => (turned = true));
  await work;
  return turned;
}

describe('a judgement with expensive signatures off the event loop', () => {
  it.each<[string, PathInput]>([
    ['a good chain of P-256 keys', chain('P-256')],
    ['a good chain of P-384 keys', chain('P-384')],
    ['a good chain of P-521 keys', chain('P-521')],
    ['a good chain of Ed25519 keys', chain('ed25519')],
    ['a forged leaf under P-384 keys', chain('P-384', { forged: true })],
    ['a forged leaf under P-256 keys', chain('P-256', { forged: true })],
    ['a chain below a CA whose key nobody can read', belowUnreadableKey()],
    ['many CAs of one name with P-256 keys', crossSigned('P-256', 10)],
    ['many CAs of one name with P-384 keys, over budget', crossSigned('P-384', 8)],
  ])('finds the same as one on the loop: %s', async (_what, given) => {
    expect(await judgePathOffLoop(given)).toEqual(judgePath(given));
  });

  it('does not let the loop go for an ordinary chain', async () => {
    expect(await yields(judgePathOffLoop(chain('P-256')))).toBe(false);
  });

  it('lets others run while it checks expensive signatures, or many cheap ones', async () => {
    expect(await yields(judgePathOffLoop(chain('P-384')))).toBe(true);
    expect(await yields(judgePathOffLoop(crossSigned('P-256', 10)))).toBe(true);
  });

  it('passes on what is no signature that is pending', async () => {
    const fault = new Error('the clock is broken');
    const broken = {
      ...chain('P-256'),
      get at(): number {
        throw fault;
      },
    };
    await expect(judgePathOffLoop(broken)).rejects.toBe(fault);
  });
});
