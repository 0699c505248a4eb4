import { beforeEach, describe, expect, it } from '@jest/globals';
import {
  authenticateClient,
  decide,
  verifyAccess,
  type AccessVerdict,
  type DecideResponse,
  type RequestContract,
  type RequestOf,
  type ResponseOf,
} from '@sluice/contracts';
import { SluiceError } from '@sluice/domain';
import type { Endpoint } from '../flows/deployed-flows.js';
import type { SecretCaller, TokenCaller } from './caller.js';
import { DecideCall, type Refusal } from './decide-call.js';
import { PermitCache } from './permit-cache.js';
import { RefusalCache } from './refusal-cache.js';

const endpointFor = (role: string) =>
  ({ flowId: 'f', endpointId: 'sender', sender: { authorization: { type: 'UserRole', role } } }) as unknown as Endpoint;
const endpoint = endpointFor('A');
const asOf = { epoch: '1', sequence: 5 };
const certificate = { sha256: 'ab', leaf: Buffer.from('leaf'), chain: () => [Buffer.from('ca')] };
const token: TokenCaller = { shown: 'token 1', token: 'the token itself' };
const secret: SecretCaller = {
  shown: 'secret 1',
  clientId: 'client',
  secret: 'the secret itself',
  address: '192.0.2.1',
};

let asked: { contract: RequestContract; request: unknown }[];
let access: AccessVerdict;
let client: ResponseOf<typeof authenticateClient>;
let authorization: DecideResponse;
let permits: PermitCache;
let clock: number;
let decideCall: DecideCall;

beforeEach(() => {
  asked = [];
  clock = 0;
  permits = new PermitCache(10);
  access = {
    outcome: 'accepted',
    serviceKeyId: 'k',
    serviceKeyName: 'shop',
    serviceInstanceId: 'i',
    scope: ['A'],
    token: { id: 'j', issuedAt: 0, expiresAt: 1 },
    checks: [],
    asOf,
    validUntilMs: 1_000,
    dependencies: [
      { key: 'token-key.t', sequence: 1 },
      { key: 'revoked-tokens.k', sequence: 0 },
      { key: 'secret.s', sequence: 2 },
    ],
    verifier: 'v',
  };
  client = { outcome: 'authenticated', secretId: 's', serviceKeyId: 'k' };
  authorization = {
    outcome: 'permit',
    reasons: [],
    asOf,
    dependencies: [{ key: 'instance.i', sequence: 3 }],
    serviceInstanceId: 'i',
  };
  decideCall = new DecideCall({
    state: { usable: true, position: asOf, currentAsOf: 0, confirmedAsOf: 0 },
    permits,
    refusals: new RefusalCache<Refusal>(10, 1_000, () => clock),
    requests: {
      call: <C extends RequestContract>(contract: C, request: RequestOf<C>) => {
        asked.push({ contract, request });
        const answers = new Map<RequestContract, unknown>([
          [verifyAccess, access],
          [authenticateClient, client],
          [decide, authorization],
        ]);
        return Promise.resolve(answers.get(contract) as ResponseOf<C>);
      },
    },
    leaseMs: 10_000,
    writersAbsentMs: 10_000,
    maximumQuestions: 8,
    now: () => clock,
    monotonicNow: () => clock,
  });
});

const contracts = () => asked.map(({ contract }) => contract);

describe('a call by access token', () => {
  it('is permitted by what the token rests on, and neither asked again nor kept with the token', async () => {
    const decision = await decideCall.decide(token, endpoint);
    expect(decision).toMatchObject({
      outcome: 'permitted',
      permit: { caller: { serviceKeyName: 'shop', token: { id: 'j' }, secretId: 's' } },
    });
    expect(asked).toMatchObject([
      { contract: verifyAccess, request: { shown: { kind: 'token', token: token.token }, minimum: asOf } },
      { contract: decide, request: { caller: { kind: 'service-key', serviceInstanceId: 'i', scope: ['A'] } } },
    ]);
    expect(decideCall.cached(token.shown, endpoint)).toBeDefined();
    expect(JSON.stringify(decision)).not.toContain(token.token);
  });

  it.each(['token-key.t', 'revoked-tokens.k', 'secret.s', 'instance.i'])('ends when %s changes', async (key) => {
    await decideCall.decide(token, endpoint);
    decideCall.changed(key, 9);
    expect(decideCall.cached(token.shown, endpoint)).toBeUndefined();
  });

  it('ends by the clock with what ends first: a secret that is rotated away, or the key that signed it', async () => {
    await decideCall.decide(token, endpoint);
    clock = 999;
    expect(decideCall.cached(token.shown, endpoint)).toBeDefined();
    clock = 1_000;
    expect(decideCall.cached(token.shown, endpoint)).toBeUndefined();
  });

  it('attack 46: by a scope that lacks the role is refused, though another token of the instance was let in', async () => {
    await decideCall.decide(token, endpoint);
    access = { ...access, scope: ['B'] };
    authorization = { ...authorization, outcome: 'deny' };
    expect((await decideCall.decide({ ...token, shown: 'token 2' }, endpoint)).outcome).toBe('forbidden');
    expect(asked.at(-1)?.request).toMatchObject({ caller: { scope: ['B'] } });
  });

  it('asks authorization no second time for another token of the instance whose scope has the role', async () => {
    await decideCall.decide(token, endpoint);
    await decideCall.decide({ ...token, shown: 'token 2' }, endpoint);
    expect(contracts()).toEqual([verifyAccess, decide, verifyAccess]);
  });

  it('attack 29: is not decided by a verdict about another certificate than the one that came', async () => {
    access = { ...access, token: { id: 'j', issuedAt: 0, expiresAt: 1, boundTo: 'cd' } };
    expect((await decideCall.decide({ ...token, certificate }, endpoint)).outcome).toBe('undecided');
    expect((await decideCall.decide(token, endpoint)).outcome).toBe('undecided');
    access = { ...access, token: { id: 'j', issuedAt: 0, expiresAt: 1, boundTo: 'ab' } };
    expect((await decideCall.decide({ ...token, certificate }, endpoint)).outcome).toBe('permitted');
  });

  it('is refused, and not asked about again, until what was looked at changes', async () => {
    access = { ...access, outcome: 'refused', refusal: 'token-revoked' };
    for (let call = 0; call < 2; call++)
      expect(await decideCall.decide(token, endpoint)).toMatchObject({
        outcome: 'unauthenticated',
        reason: 'token-revoked',
      });
    expect(asked).toHaveLength(1);
    decideCall.changed('revoked-tokens.k', 9);
    await decideCall.decide(token, endpoint);
    expect(asked).toHaveLength(2);
  });
});

describe('a call by a secret', () => {
  it('asks whose it is, and rests on the record of the secret', async () => {
    const decision = await decideCall.decide(secret, endpoint);
    expect(decision).toMatchObject({ outcome: 'permitted', permit: { caller: { secretId: 's' } } });
    expect(contracts()).toEqual([authenticateClient, verifyAccess, decide]);
    expect(asked[1]?.request).toMatchObject({ shown: { kind: 'secret', secretId: 's' } });
    expect(JSON.stringify(decision)).not.toContain(secret.secret);
    decideCall.changed('secret.s', 9);
    expect(decideCall.cached(secret.shown, endpoint)).toBeUndefined();
  });

  it('that is nobody’s is refused, and nothing of that is kept: it may be somebody’s at any time', async () => {
    client = { outcome: 'refused' };
    expect(await decideCall.decide(secret, endpoint)).toMatchObject({
      outcome: 'unauthenticated',
      reason: 'wrong-secret',
    });
    client = { outcome: 'authenticated', secretId: 's', serviceKeyId: 'k' };
    expect((await decideCall.decide(secret, endpoint)).outcome).toBe('permitted');
  });

  it('is told to wait after too many wrong ones', async () => {
    client = { outcome: 'delayed', retryAfterSeconds: 7 };
    expect(await decideCall.decide(secret, endpoint)).toMatchObject({ outcome: 'delayed', retryAfterSeconds: 7 });
  });

  it('is not decided when verifier and key-management name different keys', async () => {
    client = { outcome: 'authenticated', secretId: 's', serviceKeyId: 'other' };
    expect((await decideCall.decide(secret, endpoint)).outcome).toBe('undecided');
  });
});

describe('who calls, where no role is asked for', () => {
  it('is judged once, and anew when what it rests on changes', async () => {
    for (let call = 0; call < 2; call++)
      expect(await decideCall.identify(token)).toMatchObject({
        outcome: 'permitted',
        permit: { caller: { serviceKeyId: 'k', serviceInstanceId: 'i' } },
      });
    expect(contracts()).toEqual([verifyAccess]);
    access = { ...access, outcome: 'refused', refusal: 'secret-revoked' };
    decideCall.changed('secret.s', 9);
    access = { ...access, dependencies: [{ key: 'secret.s', sequence: 9 }] };
    expect((await decideCall.identify(token)).outcome).toBe('unauthenticated');
  });

  it('is no permit for an endpoint', async () => {
    await decideCall.identify(token);
    expect(decideCall.cached(token.shown, endpoint)).toBeUndefined();
  });

  it('is not decided while nobody answers', async () => {
    const failing = new DecideCall({
      state: { usable: true, position: asOf, currentAsOf: 0, confirmedAsOf: 0 },
      permits,
      refusals: new RefusalCache<Refusal>(10, 1_000, () => clock),
      requests: { call: () => Promise.reject(new SluiceError('unavailable', 'away')) },
      leaseMs: 10_000,
      writersAbsentMs: 10_000,
      maximumQuestions: 8,
      now: () => clock,
      monotonicNow: () => clock,
    });
    expect((await failing.identify(token)).outcome).toBe('undecided');
  });
});
