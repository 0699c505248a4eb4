import { describe, expect, it } from '@jest/globals';
import type { RootRecord, RootRevocation } from '@sluice/contracts';
import type { StateEntry } from '@sluice/messaging';
import {
  makeCertificate,
  makeCertificateList,
  makeOcspResponse,
  testKey,
  testTime,
  type ListContent,
  type TestCertificate,
} from '@sluice/pki/testing';
import { createHash } from 'node:crypto';
import { AskResponder, type ExchangeOcsp } from '../revocation/ask-responder.js';
import { RevocationSources } from '../revocation/revocation-sources.js';
import { TrustList } from './trust-list.js';
import { VerifyCertificate } from './verify-certificate.js';

const position = { epoch: 'e', sequence: 9 };
const root = makeCertificate({ subject: 'CN=Root', ca: true });
const otherRoot = makeCertificate({ subject: 'CN=Other root', ca: true });
const ca = makeCertificate({ subject: 'CN=CA', issuer: root, ca: true });
const leaf = makeCertificate({ subject: 'CN=leaf', issuer: ca, extendedKeyUsage: ['1.3.6.1.5.5.7.3.2'] });
const other = makeCertificate({ subject: 'CN=other', issuer: otherRoot, extendedKeyUsage: ['1.3.6.1.5.5.7.3.2'] });
const serial = leaf.certificate.serialNumberBytes;

const base64 = (der: Uint8Array) => Buffer.from(der).toString('base64');
const sha256 = (der: Uint8Array) => createHash('sha256').update(der).digest('hex');

const listOf = (issuer: TestCertificate, content: Partial<ListContent> = {}) => {
  const der = makeCertificateList({ issuer, ...content });
  return { sha256: sha256(der), bytes: der.length, der: base64(der) };
};
const byRoot = listOf(root);

const policy = (more: Partial<RootRevocation> = {}): RootRevocation => ({
  failure: 'hard',
  scope: 'all',
  clockSkewMs: 0,
  lists: [byRoot, listOf(ca)],
  issuers: [],
  ...more,
});

interface Setting {
  readonly revocation?: RootRevocation;
  readonly read?: (sha256: string) => Promise<Uint8Array>;
  readonly exchange?: ExchangeOcsp;
  readonly now?: number | (() => number);
}

function verifier({ revocation, read, exchange, now: time = testTime }: Setting) {
  const now = typeof time === 'number' ? () => time : time;
  const held = [root, otherRoot].map((certificate, index): StateEntry<'root'> & { record: RootRecord } => ({
    key: `root.${index}`,
    sequence: index + 1,
    record: {
      key: `root.${index}`,
      version: 1,
      deleted: false,
      sha256: certificate.certificate.sha256,
      certificate: base64(certificate.der),
      ...(index === 0 && revocation ? { revocation } : {}),
    },
  }));
  const faults: string[] = [];
  const trust = new TrustList(
    { heldOf: (prefix: 'root' | 'ca') => (prefix === 'root' ? held : []) as never },
    () => undefined,
  );
  const none = () => Promise.reject(new Error('there is none in this test'));
  const sources = new RevocationSources(read ?? none, (_error, what) => faults.push(what), now);
  const verify = new VerifyCertificate(
    {
      position,
      reach: () => Promise.resolve(true),
      fetch: (key) => ({ key, sequence: 0, record: undefined }),
      guards: {
        read: (key) => ({ key, sequence: 0, record: undefined }),
        readNow: (key) => Promise.resolve({ key, sequence: 0, record: undefined }),
        write: () => Promise.resolve(1),
      },
    },
    trust,
    { sources, responder: new AskResponder(exchange ?? none, now) },
    'verifier-1',
    now,
  );
  const ask = (certificate: TestCertificate = leaf, chain: readonly TestCertificate[] = [ca]) =>
    verify.execute({
      leaf: base64(certificate.der),
      chain: chain.map(({ der }) => base64(der)),
      lookUp: 'names',
      minimum: position,
    });
  return { ask, sources, trust, faults };
}

const outcome = async (setting: Setting, ...asked: Parameters<ReturnType<typeof verifier>['ask']>) => {
  const { outcome: result, refusal } = await verifier(setting).ask(...asked);
  return refusal ?? result;
};

describe('a certificate below a root whose revocation is checked by CRLs', () => {
  it('is accepted when it is shown not to be revoked, until the first CRL must be renewed', async () => {
    const lists = [byRoot, listOf(ca, { nextUpdate: testTime + 5_000 })];
    const verdict = await verifier({ revocation: policy({ lists }) }).ask();
    expect(verdict).toMatchObject({ outcome: 'accepted', validUntilMs: testTime + 5_000 });
    expect(verdict.checks.map(({ check, ok }) => `${check} ${ok}`)).toEqual(['chain true', 'revocation true']);
  });

  it('is refused when a CRL lists it, or the CA above it', async () => {
    expect(await outcome({ revocation: policy({ lists: [byRoot, listOf(ca, { entries: [{ serial }] })] }) })).toBe(
      'revoked',
    );
    const revokedCa = listOf(root, { entries: [{ serial: ca.certificate.serialNumberBytes }] });
    expect(await outcome({ revocation: policy({ lists: [revokedCa, listOf(ca)] }) })).toBe('revoked');
  });

  it('is refused when its status is not known, and let pass where failure is soft', async () => {
    const unknown = { lists: [byRoot] };
    const verdict = await verifier({ revocation: policy(unknown) }).ask();
    expect(verdict).toMatchObject({ outcome: 'refused', refusal: 'revocation-undetermined' });
    expect(verdict.checks.at(-1)).toMatchObject({ check: 'revocation', ok: false });
    expect(await outcome({ revocation: policy({ ...unknown, failure: 'soft' }) })).toBe('accepted');
    expect(await outcome({ revocation: policy({ ...unknown, scope: 'leaf' }) })).toBe('revocation-undetermined');
    expect(await outcome({ revocation: policy({ lists: [listOf(ca)], scope: 'leaf' }) })).toBe('accepted');
  });

  it('is refused when the last good CRL has passed its end, or the bound for its age', async () => {
    const day = 86_400_000;
    expect(await outcome({ revocation: policy(), now: testTime + 8 * day })).toBe('revocation-undetermined');
    expect(await outcome({ revocation: policy({ maximumAgeMs: day / 2 }) })).toBe('revocation-undetermined');
  });

  it('is judged by the others when an issuer that the policy of an older version names cannot be read', async () => {
    const { ask, faults } = verifier({ revocation: policy({ issuers: [base64(Buffer.from('no certificate'))] }) });
    expect((await ask()).outcome).toBe('accepted');
    expect(faults).toEqual([expect.stringContaining('issuer')]);
  });

  it('is not judged by the policy of another root', async () => {
    expect(await outcome({ revocation: policy({ lists: [] }) }, other, [])).toBe('accepted');
    expect(await outcome({ revocation: policy({ lists: [] }) })).toBe('revocation-undetermined');
  });

  it('attack 24: is not touched by the same serial number in the CRL of another CA', async () => {
    const elsewhere = listOf(otherRoot, { entries: [{ serial }] });
    expect(await outcome({ revocation: policy({ lists: [byRoot, listOf(ca), elsewhere] }) })).toBe('accepted');
  });

  it('attack 25: is judged without a CRL that somebody else signed, and the administrator is told', async () => {
    const forged = listOf(ca, { signingKey: testKey('P-256', 'forger') });
    const verdict = await verifier({ revocation: policy({ lists: [byRoot, forged] }) }).ask();
    expect(verdict.refusal).toBe('revocation-undetermined');
    expect(verdict.checks.at(-1)?.explanation).toContain('its signature does not match');
    const soft = await verifier({ revocation: policy({ lists: [byRoot, forged], failure: 'soft' }) }).ask();
    expect(soft.checks.at(-1)?.explanation).toContain('its signature does not match');
  });
});

describe('a CRL that is too long for the record', () => {
  const der = makeCertificateList({ issuer: ca, entries: [{ serial }] });
  const named = { sha256: sha256(der), bytes: der.length };

  it('is read from the object store before a verdict rests on the record that names it', async () => {
    let reads = 0;
    const { ask } = verifier({
      revocation: policy({ lists: [byRoot, named] }),
      read: () => (reads++, Promise.resolve(der)),
    });
    expect((await ask()).refusal).toBe('revoked');
    await ask();
    expect(reads).toBe(1);
  });

  it('makes the verifier refuse as behind, and nothing else, while it cannot be read', async () => {
    const { ask, faults } = verifier({
      revocation: policy({ lists: [byRoot, named] }),
      read: () => Promise.reject(new Error('the leader does not answer')),
    });
    await expect(ask()).rejects.toMatchObject({ code: 'behind' });
    expect(faults.length).toBeGreaterThan(0);
    expect((await ask(other, [])).outcome).toBe('accepted');
  });

  it('is read ahead when it is announced, and let go of when no record names it any more', async () => {
    let reads = 0;
    const { ask, sources, trust } = verifier({
      revocation: policy({ lists: [byRoot, named] }),
      read: () => (reads++, Promise.resolve(der)),
    });
    sources.readAhead(named.sha256);
    await new Promise(setImmediate);
    sources.need(trust.revocations);
    await ask();
    expect(reads).toBe(1);
  });
});

describe('a certificate below a root whose revocation is checked by OCSP', () => {
  const ocsp = { url: 'http://ocsp.example/', nonce: 'none', timeoutMs: 500 } as const;
  const revocation = policy({ lists: [byRoot], ocsp });
  const answering =
    (status: 'good' | 'revoked' | 'unknown', issuer = ca): ExchangeOcsp =>
    () =>
      Promise.resolve(makeOcspResponse({ certificate: leaf, issuer, status, nextUpdate: testTime + 9_000 }));

  it('is accepted or refused as the responder says, for as long as the answer holds', async () => {
    expect(await verifier({ revocation, exchange: answering('good') }).ask()).toMatchObject({
      outcome: 'accepted',
      validUntilMs: testTime + 9_000,
    });
    expect(await outcome({ revocation, exchange: answering('revoked') })).toBe('revoked');
    expect(await outcome({ revocation, exchange: answering('unknown') })).toBe('revocation-undetermined');
  });

  it('cannot be decided while no responder answers, unless failure is soft', async () => {
    const setting = { exchange: () => Promise.reject(new Error('refused')) };
    await expect(verifier({ revocation, ...setting }).ask()).rejects.toMatchObject({ code: 'unavailable' });
    const soft = await verifier({ revocation: { ...revocation, failure: 'soft' }, ...setting }).ask();
    expect(soft.outcome).toBe('accepted');
    expect(soft.checks.at(-1)?.explanation).toContain('gave no answer');
  });

  it('attack 25: is not accepted by an answer that somebody else signed', async () => {
    const forged: ExchangeOcsp = () =>
      Promise.resolve(
        makeOcspResponse({ certificate: leaf, issuer: ca, status: 'good', signingKey: testKey('P-256', 'forger') }),
      );
    await expect(verifier({ revocation, exchange: forged }).ask()).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringContaining('cannot be used: its signature does not match') as unknown,
    });
    const soft = await verifier({ revocation: { ...revocation, failure: 'soft' }, exchange: forged }).ask();
    expect(soft.checks.at(-1)?.explanation).toContain('cannot be used: its signature does not match');
  });

  it('attack 43: is let in with the first good answer after one of a stranger, and told what was wrong until then', async () => {
    let forged = true;
    let now = testTime;
    const { ask } = verifier({
      revocation,
      now: () => now,
      exchange: () =>
        Promise.resolve(
          makeOcspResponse({
            certificate: leaf,
            issuer: ca,
            nextUpdate: testTime + 10 * 365 * 86_400_000,
            ...(forged ? { signingKey: testKey('P-256', 'forger') } : {}),
          }),
        ),
    });
    await expect(ask()).rejects.toMatchObject({ code: 'unavailable' });
    forged = false;
    now += 1_000;
    expect((await ask()).outcome).toBe('accepted');
  });

  it('is refused with the cause while the responder does not know it, and let in once it does', async () => {
    let status: 'unknown' | 'good' = 'unknown';
    let now = testTime;
    const { ask } = verifier({
      revocation,
      now: () => now,
      exchange: () => Promise.resolve(makeOcspResponse({ certificate: leaf, issuer: ca, status })),
    });
    const verdict = await ask();
    expect(verdict.refusal).toBe('revocation-undetermined');
    expect(verdict.checks.at(-1)?.explanation).toContain('it knows nothing of this certificate');
    status = 'good';
    expect((await ask()).outcome).toBe('refused');
    now += 1_000;
    expect((await ask()).outcome).toBe('accepted');
  });

  it('is not asked about before its path has been found valid', async () => {
    let calls = 0;
    const exchange: ExchangeOcsp = () => (calls++, Promise.reject(new Error('refused')));
    const stranger = makeCertificate({
      subject: 'CN=stranger',
      issuer: ca,
      signingKey: testKey('P-256', 'forger'),
      extendedKeyUsage: ['1.3.6.1.5.5.7.3.2'],
    });
    expect((await verifier({ revocation, exchange }).ask(stranger)).outcome).toBe('refused');
    expect(calls).toBe(0);
  });
});
