import { beforeAll, describe, expect, it } from '@jest/globals';
import type { CaRecord, CredentialRecord, RootRecord, UnpinnedRecord } from '@sluice/contracts';
import { namesDigestInput, parseDistinguishedName, type Position } from '@sluice/domain';
import type { StateEntry } from '@sluice/messaging';
import { TestAuthority, type TestCertificate } from '@sluice/testing';
import { createHash } from 'node:crypto';
import { AskResponder } from '../revocation/ask-responder.js';
import { RevocationSources } from '../revocation/revocation-sources.js';
import { TrustList } from './trust-list.js';
import { VerifyCertificate, type VerifierState } from './verify-certificate.js';

const position: Position = { epoch: 'e', sequence: 9 };
const at = Date.parse('2026-11-24T12:00:00Z');
const validity = { notBefore: new Date(at - 86_400_000), notAfter: new Date(at + 86_400_000) };

let root: TestAuthority;
let issuing: TestAuthority;
let leaf: TestCertificate;

beforeAll(async () => {
  root = await TestAuthority.root({ subject: 'CN=Partner Root,O=Partner', ...validity });
  issuing = await root.intermediate({ subject: 'CN=Partner Issuing,O=Partner', ...validity });
  leaf = await issuing.leaf({ subject: 'CN=shop,O=Partner', ...validity });
});

const base64 = (certificate: { der: Uint8Array }) => Buffer.from(certificate.der).toString('base64');

interface Setting {
  readonly roots?: readonly TestCertificate[];
  readonly own?: readonly { certificate: TestCertificate; kind: CaRecord['kind']; status?: CaRecord['status'] }[];
  readonly credentials?: readonly CredentialRecord[];
  readonly unpinned?: readonly UnpinnedRecord[];
  readonly state?: Partial<VerifierState>;
  readonly now?: number;
}

function verifier(setting: Setting): VerifyCertificate {
  const roots: (StateEntry<'root'> & { record: RootRecord })[] = (setting.roots ?? []).map((certificate, index) => ({
    key: `root.${certificate.sha256}`,
    sequence: index + 1,
    record: {
      key: `root.${certificate.sha256}`,
      version: 1,
      deleted: false,
      sha256: certificate.sha256,
      certificate: base64(certificate),
    },
  }));
  const own: (StateEntry<'ca'> & { record: CaRecord })[] = (setting.own ?? []).map(
    ({ certificate, kind, status = 'active' }, index) => ({
      key: `ca.${index}`,
      sequence: index + 1,
      record: {
        key: `ca.${index}`,
        version: 1,
        deleted: false,
        id: String(index),
        kind,
        status,
        certificate: base64(certificate),
        sha256: certificate.sha256,
      },
    }),
  );
  const held = { heldOf: (prefix: 'root' | 'ca') => (prefix === 'root' ? roots : own) as never };
  const state: VerifierState = {
    position,
    reach: () => Promise.resolve(true),
    fetch: (key) => {
      const record = [...(setting.credentials ?? []), ...(setting.unpinned ?? [])].find((each) => each.key === key);
      return { key, sequence: record ? 7 : 0, record: record as never };
    },
    guards: {
      read: (key) => ({ key, sequence: 0, record: undefined }),
      readNow: (key) => Promise.resolve({ key, sequence: 0, record: undefined }),
      write: () => Promise.resolve(8),
    },
    ...setting.state,
  };
  const trust = new TrustList(held, () => undefined);
  const now = () => setting.now ?? at;
  const none = () => Promise.reject(new Error('there is none in this test'));
  const revocation = {
    sources: new RevocationSources(none, () => undefined, now),
    responder: new AskResponder(none, now),
  };
  return new VerifyCertificate(state, trust, revocation, 'verifier-1', now);
}

const digestOf = (certificate: TestCertificate, issuer: string) =>
  createHash('sha256')
    .update(namesDigestInput(parseDistinguishedName(certificate.subject), parseDistinguishedName(issuer)))
    .digest('hex');

const credential = (certificate: TestCertificate, more: Partial<CredentialRecord> = {}): CredentialRecord => ({
  key: `credential.${certificate.sha256}`,
  version: 1,
  deleted: false,
  sha256: certificate.sha256,
  serviceKeyId: 'k',
  serviceKeyName: 'key',
  serviceInstanceId: 'i',
  status: 'active',
  notAfterMs: validity.notAfter.getTime(),
  ...more,
});

const ask = (
  certificate: TestCertificate,
  chain: readonly TestCertificate[] = [],
  lookUp: 'service-key' | 'names' = 'service-key',
) => ({
  leaf: base64(certificate),
  chain: chain.map(base64),
  lookUp,
  minimum: position,
});

describe('a certificate that a service key holds', () => {
  it('is accepted, with the records the verdict rests on', async () => {
    const verdict = await verifier({ roots: [root.certificate], credentials: [credential(leaf)] }).execute(
      ask(leaf, [issuing.certificate]),
    );
    expect(verdict).toMatchObject({
      outcome: 'accepted',
      sha256: leaf.sha256,
      serviceKeyId: 'k',
      serviceInstanceId: 'i',
      asOf: position,
      verifier: 'verifier-1',
    });
    expect(verdict.dependencies).toEqual([
      { key: `root.${root.certificate.sha256}`, sequence: 1 },
      { key: `credential.${leaf.sha256}`, sequence: 7 },
      { key: `unpinned.${digestOf(leaf, 'CN=Partner Issuing,O=Partner')}`, sequence: 0 },
    ]);
    expect(verdict.validUntilMs).toBe(validity.notAfter.getTime());
  });

  it('is accepted with the chain in any order, with or without the root', async () => {
    const setting = { roots: [root.certificate], credentials: [credential(leaf)] };
    for (const chain of [
      [root.certificate, issuing.certificate],
      [issuing.certificate, root.certificate],
      [issuing.certificate],
    ]) {
      expect((await verifier(setting).execute(ask(leaf, chain))).outcome).toBe('accepted');
    }
  });

  it('is accepted without its issuing certificate when that is ours', async () => {
    const own = [
      { certificate: root.certificate, kind: 'root' as const },
      { certificate: issuing.certificate, kind: 'issuing' as const },
    ];
    const verdict = await verifier({ own, credentials: [credential(leaf)] }).execute(ask(leaf));
    expect(verdict.outcome).toBe('accepted');
    expect(verdict.dependencies.map(({ key }) => key)).toEqual([
      'ca.1',
      'ca.0',
      `credential.${leaf.sha256}`,
      `unpinned.${digestOf(leaf, 'CN=Partner Issuing,O=Partner')}`,
    ]);
  });

  it('holds no longer than the overlap of a rotation', async () => {
    const credentials = [credential(leaf, { status: 'retiring', retiresAtMs: at + 1_000 })];
    const setting = { roots: [root.certificate], credentials };
    expect((await verifier(setting).execute(ask(leaf, [issuing.certificate]))).validUntilMs).toBe(at + 1_000);
    const after = await verifier({ ...setting, now: at + 1_000 }).execute(ask(leaf, [issuing.certificate]));
    expect(after).toMatchObject({ outcome: 'refused', refusal: 'certificate-retired' });
  });
});

describe('a certificate that is refused', () => {
  const refusal = async (setting: Setting, request: Parameters<VerifyCertificate['execute']>[0]) =>
    (await verifier(setting).execute(request)).refusal;

  it('no service key holds it', async () => {
    expect(await refusal({ roots: [root.certificate] }, ask(leaf, [issuing.certificate]))).toBe('no-service-key');
  });

  it('attack 15: has the serial number, the names and the public key of a registered one, and is another certificate', async () => {
    const twin = await issuing.leaf({
      subject: 'CN=shop,O=Partner',
      serialNumber: leaf.serialNumber,
      key: leaf.key,
      ...validity,
      notAfter: new Date(at + 172_800_000),
    });
    expect(
      await refusal({ roots: [root.certificate], credentials: [credential(leaf)] }, ask(twin, [issuing.certificate])),
    ).toBe('no-service-key');
  });

  it('attack 14: is judged alone, whatever registered certificate stands in its chain', async () => {
    const stranger = await root.leaf({ subject: 'CN=stranger', ...validity });
    expect(
      await refusal(
        { roots: [root.certificate], credentials: [credential(leaf)] },
        ask(stranger, [leaf, issuing.certificate]),
      ),
    ).toBe('no-service-key');
  });

  it('its chain ends in no trusted root, though a key holds it', async () => {
    const other = await TestAuthority.root({ subject: 'CN=Other', ...validity });
    expect(
      await refusal(
        { roots: [other.certificate], credentials: [credential(leaf)] },
        ask(leaf, [issuing.certificate, root.certificate]),
      ),
    ).toBe('untrusted-root');
  });

  it('attack 26: there is no trusted root at all', async () => {
    expect(await refusal({ credentials: [credential(leaf)] }, ask(leaf, [issuing.certificate]))).toBe(
      'no-trust-anchor',
    );
  });

  it.each(['revoked', 'retired'] as const)('the CA that issued it is %s', async (status) => {
    const own = [
      { certificate: root.certificate, kind: 'root' as const },
      { certificate: issuing.certificate, kind: 'issuing' as const, status },
    ];
    expect(await refusal({ own, credentials: [credential(leaf)] }, ask(leaf))).toBe('revoked');
  });

  it('its key is revoked', async () => {
    expect(
      await refusal(
        { roots: [root.certificate], credentials: [credential(leaf, { status: 'revoked' })] },
        ask(leaf, [issuing.certificate]),
      ),
    ).toBe('key-revoked');
  });

  it('attack 19: it is for servers only', async () => {
    const server = await issuing.leaf({ subject: 'CN=web', extendedKeyUsage: ['serverAuth'], ...validity });
    expect(
      await refusal(
        { roots: [root.certificate], credentials: [credential(server)] },
        ask(server, [issuing.certificate]),
      ),
    ).toBe('missing-client-auth');
  });

  it('attack 22: it is no certificate', async () => {
    const verdict = await verifier({ roots: [root.certificate] }).execute({
      ...ask(leaf),
      leaf: Buffer.from('3080', 'hex').toString('base64'),
    });
    expect(verdict).toMatchObject({ outcome: 'refused', refusal: 'malformed' });
  });

  it('passes over rubbish in the chain that it does not need', async () => {
    const request = {
      ...ask(leaf, [issuing.certificate]),
      chain: [Buffer.from('rubbish').toString('base64'), base64(issuing.certificate)],
    };
    expect(
      (await verifier({ roots: [root.certificate], credentials: [credential(leaf)] }).execute(request)).outcome,
    ).toBe('accepted');
  });
});

describe('a certificate of a key that is not pinned', () => {
  const unpinned = (accepted: TestCertificate, notBefore: Date): UnpinnedRecord => {
    const digest = digestOf(accepted, 'CN=Partner Issuing,O=Partner');
    return {
      key: `unpinned.${digest}`,
      version: 1,
      deleted: false,
      digest,
      serviceKeyId: 'u',
      serviceKeyName: 'by names',
      serviceInstanceId: 'i',
      status: 'active',
      accepted: { sha256: accepted.sha256, notBeforeMs: notBefore.getTime() },
    };
  };

  it('is accepted when it was renewed under the same names, and the verdict rests on the guard it moved', async () => {
    const renewed = await issuing.leaf({
      subject: 'CN=shop,O=Partner',
      notBefore: new Date(at - 3_600_000),
      notAfter: validity.notAfter,
    });
    const setting = { roots: [root.certificate], unpinned: [unpinned(leaf, validity.notBefore)] };
    const verdict = await verifier(setting).execute(ask(renewed, [issuing.certificate]));
    expect(verdict).toMatchObject({ outcome: 'accepted', serviceKeyId: 'u' });
    expect(verdict.dependencies.at(-1)).toEqual({ key: `guard.${setting.unpinned[0]?.digest}`, sequence: 8 });
  });

  it('is refused when it is older than the one accepted last', async () => {
    const setting = {
      roots: [root.certificate],
      unpinned: [unpinned({ ...leaf, sha256: 'a'.repeat(64) } as TestCertificate, new Date(at))],
    };
    expect((await verifier(setting).execute(ask(leaf, [issuing.certificate]))).refusal).toBe('older-certificate');
  });

  it('is refused when a pinned key holds it as well: which of the two is meant cannot be told', async () => {
    const setting = {
      roots: [root.certificate],
      credentials: [credential(leaf)],
      unpinned: [unpinned(leaf, validity.notBefore)],
    };
    expect((await verifier(setting).execute(ask(leaf, [issuing.certificate]))).refusal).toBe('conflicting-keys');
  });
});

describe('a verdict for a flow that compares names', () => {
  it('needs no service key, and gives the names in their canonical form', async () => {
    const verdict = await verifier({ roots: [root.certificate] }).execute(ask(leaf, [issuing.certificate], 'names'));
    expect(verdict).toMatchObject({
      outcome: 'accepted',
      subjectdn: 'CN=shop,O=Partner',
      issuerdn: 'CN=Partner Issuing,O=Partner',
    });
    expect(verdict.subject).toBeDefined();
    expect(verdict.serviceKeyId).toBeUndefined();
  });
});

describe('a verdict that cannot be given', () => {
  const setting = (state: Partial<VerifierState>): Setting => ({
    roots: [root.certificate],
    credentials: [credential(leaf)],
    state,
  });

  it('is refused as behind when the position was not reached', async () => {
    await expect(
      verifier(setting({ reach: () => Promise.resolve(false) })).execute(ask(leaf, [issuing.certificate])),
    ).rejects.toMatchObject({ code: 'behind' });
  });

  it('is refused as behind when the bucket became another one meanwhile', async () => {
    await expect(
      verifier(setting({ position: { epoch: 'other', sequence: 99 } })).execute(ask(leaf, [issuing.certificate])),
    ).rejects.toMatchObject({ code: 'behind' });
  });

  it('is refused as unavailable when the record cannot be fetched', async () => {
    await expect(
      verifier(setting({ fetch: () => Promise.reject(new Error('no leader')) })).execute(
        ask(leaf, [issuing.certificate]),
      ),
    ).rejects.toMatchObject({ code: 'unavailable' });
  });
});

describe('records that are looked up while the chain is judged', () => {
  function counting(fetch: VerifierState['fetch'] = (key) => ({ key, sequence: 0, record: undefined })) {
    const asked: string[] = [];
    const state: Partial<VerifierState> = {
      fetch: (key) => {
        asked.push(key);
        return fetch(key);
      },
    };
    return { asked, state };
  }

  it('are asked for once', async () => {
    const { asked, state } = counting();
    await verifier({ roots: [root.certificate], state }).execute(ask(leaf, [issuing.certificate]));
    expect(asked).toEqual([`credential.${leaf.sha256}`, `unpinned.${digestOf(leaf, 'CN=Partner Issuing,O=Partner')}`]);
  });

  it('are asked for only when the chain was found good, once many chains were bad', async () => {
    const { asked, state } = counting();
    const verify = verifier({ roots: [root.certificate], state });
    for (let stranger = 0; stranger < 100; stranger++) await verify.execute(ask(leaf));
    expect(asked.length).toBeLessThan(100);
    const before = asked.length;
    await verify.execute(ask(leaf, [issuing.certificate]));
    expect(asked.length).toBe(before + 2);
  });

  it('are of no concern after a bad chain, also when they cannot be had', async () => {
    const { state } = counting(() => Promise.reject(new Error('no answer')));
    const verify = verifier({ roots: [root.certificate], state });
    expect(await verify.execute(ask(leaf))).toMatchObject({ outcome: 'refused', refusal: 'unknown-issuer' });
    await expect(verify.execute(ask(leaf, [issuing.certificate]))).rejects.toMatchObject({ code: 'unavailable' });
  });

  it('are not asked for when only the names count', async () => {
    const { asked, state } = counting();
    await verifier({ roots: [root.certificate], state }).execute(ask(leaf, [issuing.certificate], 'names'));
    expect(asked).toEqual([]);
  });
});
