import { describe, expect, it } from '@jest/globals';
import type { CredentialRecord, FlowRecord, InstanceRecord } from '@sluice/contracts';
import { canonicalDistinguishedName, parseDistinguishedName, type Position } from '@sluice/domain';
import { Decide, type AuthorizationState } from './decide.js';

const now: Position = { epoch: 'e1', sequence: 9 };
const canonical = (name: string) => canonicalDistinguishedName(parseDistinguishedName(name));

function endpoint(authorization: FlowRecord['endpoints'][number]['authorization']): FlowRecord {
  return {
    key: 'flow.f',
    version: 1,
    deleted: false,
    id: 'f',
    name: 'f',
    endpoints: [{ id: 'sender', address: '/f', authorization }],
    definition: {},
  };
}

function instance(roles: string[]): InstanceRecord {
  return { key: 'instance.i', version: 1, deleted: false, id: 'i', name: 'shop', plan: 'integration-flow', roles };
}

function decideWith(
  flow: FlowRecord | undefined,
  roles: string[],
  held: InstanceRecord | undefined,
  more: Partial<AuthorizationState> = {},
) {
  return new Decide({
    position: now,
    reach: () => Promise.resolve(true),
    flow: () => ({ key: 'flow.f', sequence: flow ? 3 : 0, record: flow }),
    role: (name) => ({
      key: `role.${name}`,
      sequence: 2,
      record: roles.includes(name) ? { key: `role.${name}`, version: 1, deleted: false, name } : undefined,
    }),
    instance: () => ({ key: 'instance.i', sequence: 5, record: held }),
    credential: (sha256) => ({ key: `credential.${sha256}`, sequence: 0, record: undefined }),
    ...more,
  });
}

const byKey = {
  flowId: 'f',
  endpointId: 'sender',
  caller: { kind: 'service-key', serviceInstanceId: 'i' } as const,
  minimum: now,
};
const asking = endpoint({ type: 'UserRole', role: 'A' });

describe('authorization by role', () => {
  it('permits a caller whose instance has the role, and names every record it rests on', async () => {
    const decision = await decideWith(asking, ['A'], instance(['A', 'B'])).execute(byKey);
    expect(decision).toMatchObject({ outcome: 'permit', asOf: now });
    expect(decision.dependencies).toEqual([
      { key: 'flow.f', sequence: 3 },
      { key: 'role.A', sequence: 2 },
      { key: 'instance.i', sequence: 5 },
    ]);
  });

  it('denies an instance without the role and says which roles it has', async () => {
    const decision = await decideWith(asking, ['A'], instance(['B'])).execute(byKey);
    expect(decision.outcome).toBe('deny');
    expect(decision.reasons[0]?.explanation).toContain('it has B');
  });

  it('denies an instance of the plan api, whatever its roles and by whichever way its key was shown', async () => {
    const decision = await decideWith(asking, ['A'], { ...instance(['A']), plan: 'api' }).execute(byKey);
    expect(decision.outcome).toBe('deny');
    expect(decision.reasons[0]?.explanation).toContain('call the admin API, and no flows');
  });

  it('denies when the role does not exist, though the instance still lists it', async () => {
    expect((await decideWith(asking, [], instance(['A'])).execute(byKey)).outcome).toBe('deny');
  });

  it('denies when the instance is gone', async () => {
    expect((await decideWith(asking, ['A'], undefined).execute(byKey)).outcome).toBe('deny');
  });

  it('attack 46: denies what the scope of the token lacks, though the instance has the role, and permits what it has', async () => {
    const scoped = (scope: string[]) =>
      decideWith(asking, ['A'], instance(['A', 'B'])).execute({ ...byKey, caller: { ...byKey.caller, scope } });
    for (const scope of [[], ['B']]) {
      const { outcome, reasons } = await scoped(scope);
      expect([outcome, reasons[0]?.check]).toEqual(['deny', 'scope']);
      expect(reasons[0]?.explanation).toContain('the scope of its token lacks it');
    }
    const { outcome, dependencies } = await scoped(['A']);
    expect(outcome).toBe('permit');
    expect(dependencies).toHaveLength(3);
    // What the instance lost since it was granted is gone (ADR 52).
    const lost = decideWith(asking, ['A'], instance(['B']));
    const caller = { ...byKey.caller, scope: ['A'] };
    expect((await lost.execute({ ...byKey, caller })).reasons[0]?.check).toBe('role');
  });

  it('denies a caller that is known by its names only', async () => {
    const caller = { kind: 'certificate', subject: 'a', issuer: 'b' } as const;
    expect((await decideWith(asking, ['A'], instance(['A'])).execute({ ...byKey, caller })).outcome).toBe('deny');
  });
});

describe('authorization of a certificate that is still being judged', () => {
  const sha256 = 'a'.repeat(64);
  const ahead = { ...byKey, caller: { kind: 'held-certificate', sha256 } as const };
  const held: CredentialRecord = {
    key: `credential.${sha256}`,
    version: 1,
    deleted: false,
    sha256,
    serviceKeyId: 'k',
    serviceKeyName: 'key',
    serviceInstanceId: 'i',
    status: 'active',
    notAfterMs: 1,
  };
  const credential = () => ({ key: held.key, sequence: 4, record: held });

  it('is that of the service instance whose key holds it, which it names, and rests on the same records', async () => {
    const decide = decideWith(asking, ['A'], instance(['A']), { credential });
    expect(await decide.execute(ahead)).toEqual(await decide.execute(byKey));
    expect((await decide.execute(ahead)).serviceInstanceId).toBe('i');
    expect((await decideWith(asking, ['A'], instance(['B']), { credential }).execute(ahead)).outcome).toBe('deny');
  });

  it('is not found when no key holds it', async () => {
    await expect(decideWith(asking, ['A'], instance(['A'])).execute(ahead)).rejects.toMatchObject({
      code: 'not-found',
    });
  });

  it('is refused as unavailable when the record cannot be fetched', async () => {
    const failing = { credential: () => Promise.reject(new Error('no answer')) };
    await expect(decideWith(asking, ['A'], instance(['A']), failing).execute(ahead)).rejects.toMatchObject({
      code: 'unavailable',
    });
  });
});

describe('authorization by subject and issuer', () => {
  const listing = endpoint({
    type: 'ClientCertificate',
    certificates: [{ subjectDN: 'CN=a,O=b', issuerDN: 'CN=c,O=d' }],
  });
  const asked = (subject: string, issuer: string) => ({
    ...byKey,
    caller: { kind: 'certificate', subject: canonical(subject), issuer: canonical(issuer) } as const,
  });

  it('permits a pair that is listed, compared as RFC 5280 §7.1 says', async () => {
    expect((await decideWith(listing, [], undefined).execute(asked('CN=A,O=b', 'cn=c, o=D'))).outcome).toBe('permit');
  });

  it('attack 17: denies reordered RDNs and a subject under another issuer', async () => {
    expect((await decideWith(listing, [], undefined).execute(asked('O=b,CN=a', 'CN=c,O=d'))).outcome).toBe('deny');
    expect((await decideWith(listing, [], undefined).execute(asked('CN=a,O=b', 'CN=x,O=d'))).outcome).toBe('deny');
  });

  it('passes over a pair of an older definition that cannot be read, says so, and lets the others in', async () => {
    const older = endpoint({
      type: 'ClientCertificate',
      certificates: [
        { subjectDN: '/C=DE/O=Example/CN=other', issuerDN: 'CN=c,O=d' },
        { subjectDN: 'CN=a,O=b', issuerDN: 'CN=c,O=d' },
      ],
    });
    expect((await decideWith(older, [], undefined).execute(asked('CN=a,O=b', 'CN=c,O=d'))).outcome).toBe('permit');
    const denied = await decideWith(older, [], undefined).execute(asked('CN=other,O=Example,C=DE', 'CN=c,O=d'));
    expect(denied.outcome).toBe('deny');
    expect(denied.reasons[0]?.explanation).toMatch(
      /cannot be read.*not RFC 4514 at character 0.*Deploy the flow again/,
    );
  });

  it('denies a service key: it is the names that count here', async () => {
    expect((await decideWith(listing, [], instance(['A'])).execute(byKey)).outcome).toBe('deny');
  });
});

describe('authorization that cannot be decided', () => {
  it('is refused as behind when the position was not reached', async () => {
    await expect(
      decideWith(asking, ['A'], instance(['A']), { reach: () => Promise.resolve(false) }).execute(byKey),
    ).rejects.toMatchObject({ code: 'behind' });
  });

  it('is refused as behind when the bucket became another one while it was decided', async () => {
    await expect(
      decideWith(asking, ['A'], instance(['A']), { position: { epoch: 'e2', sequence: 99 } }).execute(byKey),
    ).rejects.toMatchObject({ code: 'behind' });
  });

  it('is refused as unavailable when the instance cannot be fetched', async () => {
    const failing = { instance: () => Promise.reject(new Error('no answer')) };
    await expect(decideWith(asking, ['A'], undefined, failing).execute(byKey)).rejects.toMatchObject({
      code: 'unavailable',
    });
  });

  it('is not found when there is no such endpoint', async () => {
    await expect(decideWith(undefined, ['A'], instance(['A'])).execute(byKey)).rejects.toMatchObject({
      code: 'not-found',
    });
  });
});
