import { describe, expect, it } from '@jest/globals';
import type { CaRecord, RootRecord, RootRevocation } from '@sluice/contracts';
import type { StateFollower } from '@sluice/messaging';
import { TestAuthority } from '@sluice/testing';
import type { RevocationSources } from '../revocation/revocation-sources.js';
import { TrustList } from './trust-list.js';
import { VerifyCertificateController } from './verify-certificate.controller.js';
import { VerifyCertificateModule } from './verify-certificate.module.js';
import type { VerifyCertificate } from './verify-certificate.js';

const revocation: RootRevocation = { failure: 'hard', scope: 'all', clockSkewMs: 0, lists: [], issuers: [] };

/** The module with a trust list over these records, and what happens in the state stream. */
function setUp() {
  const roots: { key: string; sequence: number; record: RootRecord }[] = [];
  const authorities: { key: string; sequence: number; record: CaRecord }[] = [];
  const faults: string[] = [];
  const needed: (readonly RootRevocation[])[] = [];
  const listeners: Record<string, (told: never) => void> = {};
  const listen = (name: string) => (listener: (told: never) => void) => void (listeners[name] = listener);
  const follower = {
    onChange: listen('change'),
    onEpoch: listen('epoch'),
    onLoaded: listen('loaded'),
  } as unknown as StateFollower;
  const held = { heldOf: (prefix: 'root' | 'ca') => (prefix === 'root' ? roots : authorities) as never };
  const trust = new TrustList(held, (_error, what) => faults.push(what));
  const sources = { need: (revocations: readonly RootRevocation[]) => void needed.push(revocations) };
  new VerifyCertificateModule(follower, trust, sources as unknown as RevocationSources);
  const tell = (name: 'change' | 'epoch' | 'loaded', what?: unknown) => listeners[name]?.(what as never);
  return { roots, authorities, faults, needed, trust, tell };
}

const rootRecord = (sha256: string, der: Uint8Array): RootRecord => ({
  key: `root.${sha256}`,
  version: 1,
  deleted: false,
  sha256,
  certificate: Buffer.from(der).toString('base64'),
  revocation,
});

describe('what a verifier trusts', () => {
  it('is read anew when a root or a CA changed, and the CRLs of its policies with it; not for anything else', async () => {
    const { certificate } = await TestAuthority.root({ subject: 'CN=Partner Root' });
    const { roots, needed, trust, tell } = setUp();
    expect(trust.anchors).toEqual([]);
    roots.push({
      key: `root.${certificate.sha256}`,
      sequence: 1,
      record: rootRecord(certificate.sha256, certificate.der),
    });
    tell('change', { key: 'credential.0', sequence: 1 });
    expect([trust.anchors.length, needed.length]).toEqual([0, 0]);
    tell('change', { key: `root.${certificate.sha256}`, sequence: 1 });
    expect([trust.anchors.length, needed]).toEqual([1, [[revocation]]]);
    roots.length = 0;
    tell('change', { key: 'ca.1', sequence: 2 });
    expect([trust.anchors.length, needed.at(-1)]).toEqual([0, []]);
  });

  it('is read anew when the state is another or was loaded afresh', async () => {
    const { certificate } = await TestAuthority.root({ subject: 'CN=Partner Root' });
    const { roots, needed, trust, tell } = setUp();
    expect(trust.anchors).toEqual([]);
    roots.push({
      key: `root.${certificate.sha256}`,
      sequence: 1,
      record: rootRecord(certificate.sha256, certificate.der),
    });
    tell('epoch', undefined);
    expect(trust.anchors).toHaveLength(1);
    roots.length = 0;
    tell('loaded');
    expect([trust.anchors.length, needed.at(-1)]).toEqual([0, []]);
  });

  it('leaves out, and tells of, a record whose certificate cannot be read', async () => {
    const { certificate } = await TestAuthority.root({ subject: 'CN=Partner Root' });
    const { roots, authorities, faults, trust } = setUp();
    roots.push(
      { key: 'root.broken', sequence: 1, record: rootRecord('broken', Buffer.from('none')) },
      { key: `root.${certificate.sha256}`, sequence: 2, record: rootRecord(certificate.sha256, certificate.der) },
    );
    authorities.push({
      key: 'ca.1',
      sequence: 3,
      record: { ...rootRecord('x', Buffer.from('none')), key: 'ca.1', id: '1', kind: 'root', status: 'active' },
    });
    expect(trust.anchors.map((anchor) => anchor.certificate.sha256)).toEqual([certificate.sha256]);
    expect(faults).toEqual(['reading the certificate of ca.1', 'reading the certificate of root.broken']);
  });

  it('is asked of by the request that the bus hands on, and by nothing else of it', async () => {
    const asked: unknown[] = [];
    const useCase = { execute: (request: unknown) => Promise.resolve(asked.push(request)) };
    const controller = new VerifyCertificateController(useCase as unknown as VerifyCertificate);
    const request = { certificate: 'AAAA' } as unknown as Parameters<typeof controller.handle>[0];
    await controller.handle(request);
    expect(asked).toEqual([request]);
  });
});
