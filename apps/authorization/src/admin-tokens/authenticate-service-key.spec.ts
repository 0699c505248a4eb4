import { describe, expect, it } from '@jest/globals';
import type { AccessVerdict, InstanceRecord, Verdict } from '@sluice/contracts';
import type { Position } from '@sluice/domain';
import type { StateEntry } from '@sluice/messaging';
import { AuthenticateServiceKey, type ServiceKeyState } from './authenticate-service-key.js';

const end: Position = { epoch: 'e1', sequence: 9 };
const accepted: AccessVerdict = {
  outcome: 'accepted',
  serviceKeyId: 'k',
  serviceKeyName: 'robot',
  serviceInstanceId: 'i',
  scope: ['API.invoke', 'Keys.read', 'Keys.manage', 'Orders.send'],
  checks: [],
  asOf: end,
  validUntilMs: 1,
  dependencies: [
    { key: 'secret.s', sequence: 3 },
    { key: 'instance.i', sequence: 4 },
  ],
  verifier: 'v',
};
const { scope: _scope, ...whole } = accepted;
const instance: InstanceRecord = {
  key: 'instance.i',
  version: 1,
  deleted: false,
  id: 'i',
  name: 'automation',
  plan: 'api',
  roles: ['API.invoke', 'Keys.manage', 'Audit.read', 'Orders.send'],
};

function authenticate(
  verdict: AccessVerdict,
  more: Partial<ServiceKeyState> = {},
  record: InstanceRecord | undefined = instance,
) {
  return new AuthenticateServiceKey({
    end: () => Promise.resolve(end),
    reach: () => Promise.resolve(true),
    instance: () => ({ key: 'instance.i', sequence: 4, record }),
    verifyToken: () => Promise.resolve(verdict),
    credential: () => ({ key: 'credential.c', sequence: 3, record: undefined }),
    verifyCertificate: () => Promise.reject(new Error('no certificate was shown')),
    ...more,
  }).execute({ accessToken: 'a.b.c' });
}

describe('a service key at the admin API', () => {
  it('has the rights that its instance has now, as far as its token was not narrowed, under both names', async () => {
    expect(await authenticate(accepted)).toEqual({ name: 'automation/robot', roles: ['Keys.manage'] });
    expect(await authenticate(whole)).toEqual({ name: 'automation/robot', roles: ['Keys.manage', 'Audit.read'] });
  });

  it.each([
    ['of another plan', accepted, { ...instance, plan: 'integration-flow' }],
    ['whose instance may not call the API any more', accepted, { ...instance, roles: ['Keys.manage'] }],
    ['whose token was not given that role', { ...accepted, scope: ['Keys.manage'] }, instance],
    [
      'that is not pinned',
      { ...accepted, dependencies: [...accepted.dependencies, { key: 'unpinned.d', sequence: 2 }] },
      instance,
    ],
  ])('opens nothing where it is one %s', async (_what, verdict, record) => {
    await expect(authenticate(verdict, {}, record)).rejects.toMatchObject({ code: 'permission-denied' });
  });

  it('is told that its token has expired, and of nothing else why it is refused', async () => {
    const refused = (refusal: string) => authenticate({ ...accepted, outcome: 'refused', refusal });
    await expect(refused('token-expired')).rejects.toMatchObject({
      code: 'unauthenticated',
      details: { expired: true },
    });
    const sentence = (code: string) => refused(code).catch((error: unknown) => (error as Error).message);
    expect(await sentence('revoked')).toBe(await sentence('unknown'));
    await expect(refused('revoked')).rejects.toMatchObject({ code: 'unauthenticated', details: undefined });
  });

  it('whose instance is gone is nobody', async () => {
    const gone = new AuthenticateServiceKey({
      end: () => Promise.resolve(end),
      reach: () => Promise.resolve(true),
      instance: () => ({ key: 'instance.i', sequence: 4, record: undefined }),
      verifyToken: () => Promise.resolve(accepted),
      credential: () => ({ key: 'credential.c', sequence: 3, record: undefined }),
      verifyCertificate: () => Promise.reject(new Error('no certificate was shown')),
    });
    await expect(gone.execute({ accessToken: 'a.b.c' })).rejects.toMatchObject({ code: 'unauthenticated' });
  });

  it('is judged by all that stands in the stream at the time of the call, or not at all', async () => {
    const asked: Position[] = [];
    await authenticate(accepted, {
      verifyToken: (_token, _certificate, minimum) => {
        asked.push(minimum);
        return Promise.resolve(accepted);
      },
    });
    expect(asked).toEqual([end]);
    const refusals: [Partial<ServiceKeyState>, AccessVerdict, string][] = [
      [{ end: () => Promise.resolve(undefined) }, accepted, 'unavailable'],
      [{ end: () => Promise.reject(new Error('no leader')) }, accepted, 'unavailable'],
      [{ reach: () => Promise.resolve(false) }, accepted, 'behind'],
      [{}, { ...accepted, asOf: { epoch: 'e1', sequence: 8 } }, 'behind'],
      [{}, { ...accepted, asOf: { epoch: 'e0', sequence: 99 } }, 'behind'],
      [{ instance: () => Promise.reject(new Error('no leader')) }, accepted, 'unavailable'],
    ];
    for (const [more, verdict, code] of refusals)
      await expect(authenticate(verdict, more)).rejects.toMatchObject({ code });
  });

  describe('by its certificate', () => {
    const certificate = { leaf: 'MAA=', chain: [] };
    const { token: _token, ...judged } = whole;
    const known = {
      ...judged,
      sha256: 'c',
      // A verdict on a certificate always rests on both, whichever there is.
      dependencies: [
        { key: 'credential.c', sequence: 3 },
        { key: 'unpinned.d', sequence: 0 },
        { key: 'instance.i', sequence: 4 },
      ],
    } as Verdict;
    const holder = (serviceKeyId: string) =>
      ({ key: 'credential.c', sequence: 3, record: { serviceKeyId } }) as StateEntry<'credential'>;
    const byCertificate = (
      verdict: Verdict,
      record: InstanceRecord | undefined = instance,
      held?: StateEntry<'credential'>,
    ) =>
      new AuthenticateServiceKey({
        end: () => Promise.resolve(end),
        reach: () => Promise.resolve(true),
        instance: () => ({ key: 'instance.i', sequence: 4, record }),
        verifyToken: () => Promise.reject(new Error('no token was shown')),
        credential: () => held ?? holder('k'),
        verifyCertificate: () => Promise.resolve(verdict),
      }).execute({ certificate });

    it('has the rights that its instance has now', async () => {
      expect(await byCertificate(known)).toEqual({ name: 'automation/robot', roles: ['Keys.manage', 'Audit.read'] });
    });

    it.each([
      ['of another plan', known, { ...instance, plan: 'integration-flow' }, /plan integration-flow/],
      ['whose instance may not call the API', known, { ...instance, roles: ['Keys.manage'] }, /API\.invoke/],
    ])('opens nothing where it is one %s, and says why', async (_what, verdict, record, why) => {
      const error = await byCertificate(verdict, record).catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ code: 'permission-denied', message: expect.stringMatching(why) as unknown });
    });

    it('opens nothing where it is one that is not pinned: its certificate is held by no key, or by another', async () => {
      const nobody = { ...holder('k'), record: undefined } as StateEntry<'credential'>;
      for (const held of [nobody, holder('other')])
        await expect(byCertificate(known, instance, held)).rejects.toMatchObject({
          code: 'permission-denied',
          message: expect.stringContaining('pin it') as unknown,
        });
    });

    it('says the same to every certificate that is not good', async () => {
      const refused = (refusal: string) =>
        byCertificate({ ...known, outcome: 'refused', refusal }).catch((error: unknown) => error as Error);
      expect(await refused('key-revoked')).toMatchObject({ code: 'unauthenticated' });
      expect(((await refused('key-revoked')) as Error).message).toBe(((await refused('unknown-key')) as Error).message);
    });

    it('is judged by no older state than there is when the call is made', async () => {
      await expect(byCertificate({ ...known, asOf: { epoch: 'e1', sequence: 8 } })).rejects.toMatchObject({
        code: 'behind',
      });
    });

    it('is not looked at where a token is shown', async () => {
      const asked: unknown[] = [];
      const withToken = new AuthenticateServiceKey({
        end: () => Promise.resolve(end),
        reach: () => Promise.resolve(true),
        instance: () => ({ key: 'instance.i', sequence: 4, record: instance }),
        verifyToken: (...given) => {
          asked.push(given);
          return Promise.resolve({ ...accepted, outcome: 'refused', refusal: 'token-other-certificate' });
        },
        credential: () => ({ key: 'credential.c', sequence: 3, record: undefined }),
        verifyCertificate: () => Promise.resolve(known),
      }).execute({ accessToken: 'a.b.c', certificate });
      await expect(withToken).rejects.toMatchObject({ code: 'unauthenticated' });
      expect(asked).toEqual([['a.b.c', certificate, end]]);
    });
  });
});
