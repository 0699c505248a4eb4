import { describe, expect, it } from '@jest/globals';
import type { AccessVerdict, InstanceRecord } from '@sluice/contracts';
import type { Position } from '@sluice/domain';
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
    verify: () => Promise.resolve(verdict),
    ...more,
  }).execute('a.b.c');
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
      verify: () => Promise.resolve(accepted),
    });
    await expect(gone.execute('a.b.c')).rejects.toMatchObject({ code: 'unauthenticated' });
  });

  it('is judged by all that stands in the stream at the time of the call, or not at all', async () => {
    const asked: Position[] = [];
    await authenticate(accepted, {
      verify: (_token, minimum) => {
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
});
