import { describe, expect, it } from '@jest/globals';
import { verifyCertificate, type DecideResponse, type RequestContract, type Verdict } from '@sluice/contracts';
import { SluiceError, type ErrorCode } from '@sluice/domain';
import type { Endpoint } from '../flows/deployed-flows.js';
import { DecideCall, type FollowedState, type Refusal } from './decide-call.js';
import type { Requester } from './ask-again.js';
import { PermitCache } from './permit-cache.js';
import { RefusalCache } from './refusal-cache.js';

const at = { epoch: 'e', sequence: 4 };
const endpointWith = (authorization: Endpoint['sender']['authorization']) =>
  ({ flowId: 'f', endpointId: 's', sender: { authorization } }) as unknown as Endpoint;
const byRole = endpointWith({ type: 'UserRole', role: 'A' });
const byNames = endpointWith({ type: 'ClientCertificate', certificates: [] });
const certificate = { sha256: 'ab', leaf: new Uint8Array([1, 2]), chain: () => [new Uint8Array([3])] };

const accepted = {
  outcome: 'accepted',
  sha256: 'ab',
  subjectdn: 'CN=sender',
  serviceInstanceId: 'i',
  serviceKeyId: 'k',
  serviceKeyName: 'key',
  checks: [{ check: 'path', ok: true, explanation: 'valid' }],
  asOf: at,
  validUntilMs: 1_000,
  dependencies: [{ key: 'credential.ab', sequence: 1 }],
} as unknown as Verdict;
const permitted = {
  outcome: 'permit',
  reasons: [{ check: 'role', ok: true, explanation: 'has it' }],
  asOf: at,
  dependencies: [{ key: 'role.A', sequence: 2 }],
  serviceInstanceId: 'i',
} as unknown as DecideResponse;

type Answer<T> = T | Error | (() => T | Error);

interface Script {
  readonly verdicts?: readonly Answer<Verdict>[];
  readonly decisions?: readonly Answer<DecideResponse>[];
}

/** A decider whose services answer by the script; the last answer is given again. */
function deciding({ verdicts = [accepted], decisions = [permitted] }: Script = {}) {
  const asked: { contract: 'verify' | 'decide'; request: Record<string, unknown>; timeoutMs: number | undefined }[] =
    [];
  const state: { -readonly [K in keyof FollowedState]: FollowedState[K] } = {
    usable: true,
    position: at,
    currentAsOf: 0,
    confirmedAsOf: 0,
  };
  const clock = { now: 0, monotonic: 0 };
  const next = { verify: 0, decide: 0 };
  const call = async (contract: RequestContract, request: Record<string, unknown>, timeoutMs?: number) => {
    const name = contract === (verifyCertificate as RequestContract) ? 'verify' : 'decide';
    asked.push({ contract: name, request, timeoutMs });
    const script: readonly Answer<unknown>[] = name === 'verify' ? verdicts : decisions;
    const answer = script[Math.min(next[name]++, script.length - 1)];
    const given: unknown = typeof answer === 'function' ? (answer as () => unknown)() : answer;
    if (given instanceof Error) throw given;
    return given;
  };
  const permits = new PermitCache(10);
  const refusals = new RefusalCache<Refusal>(10, 100, () => clock.monotonic);
  const decideCall = new DecideCall({
    state,
    permits,
    refusals,
    requests: { call } as unknown as Requester,
    leaseMs: 10,
    writersAbsentMs: 50,
    maximumQuestions: 4,
    now: () => clock.now,
    monotonicNow: () => clock.monotonic,
  });
  return { decideCall, asked, state, clock, permits, refusals };
}

const explanationOf = (decision: Awaited<ReturnType<DecideCall['decide']>>): string | undefined =>
  decision.outcome === 'permitted' ? undefined : decision.evidence.checks.at(-1)?.explanation;

describe('what is asked to decide a call', () => {
  it('is the verifier about the leaf and its chain, as of what the runtime has applied, and authorization for the endpoint', async () => {
    const { decideCall, asked } = deciding();
    await decideCall.decide(certificate, byRole);
    expect(asked[0]).toEqual({
      contract: 'verify',
      request: { leaf: 'AQI=', chain: ['Aw=='], lookUp: 'service-key', minimum: at },
      timeoutMs: 1_000,
    });
    expect(asked[1]).toMatchObject({
      contract: 'decide',
      request: { flowId: 'f', endpointId: 's', caller: { kind: 'held-certificate', sha256: 'ab' }, minimum: at },
    });
    expect(asked).toHaveLength(2);
  });

  it('is authorization about the names of the certificate where the endpoint asks for those, each time anew', async () => {
    const verdict = { ...accepted, subject: 'CN=s', issuer: 'CN=i', dependencies: [] };
    const { decideCall, asked, permits } = deciding({ verdicts: [verdict] });
    await decideCall.decide(certificate, byNames);
    permits.clear();
    await decideCall.decide(certificate, byNames);
    expect(asked.map(({ contract }) => contract)).toEqual(['verify', 'decide', 'verify', 'decide']);
    expect(asked[0]?.request).toMatchObject({ lookUp: 'names' });
    expect(asked[3]?.request).toEqual({
      flowId: 'f',
      endpointId: 's',
      caller: { kind: 'certificate', subject: 'CN=s', issuer: 'CN=i' },
      minimum: at,
    });
  });

  it('is authorization about the instance of the verdict when its answer ahead is about another', async () => {
    const { decideCall, asked } = deciding({ decisions: [{ ...permitted, serviceInstanceId: 'j' }, permitted] });
    expect(await decideCall.decide(certificate, byRole)).toMatchObject({ outcome: 'permitted' });
    expect(asked[2]?.request).toMatchObject({ caller: { kind: 'service-key', serviceInstanceId: 'i' } });
  });

  it('is authorization about no instance where the verdict names none', async () => {
    const { serviceInstanceId: _none, ...verdict } = accepted;
    const { decideCall, asked } = deciding({ verdicts: [verdict as Verdict] });
    await decideCall.decide(certificate, byRole);
    expect(asked.at(-1)?.request).toMatchObject({ caller: { kind: 'service-key', serviceInstanceId: '' } });
  });

  it.each<ErrorCode>(['behind', 'overloaded', 'unavailable', 'deadline-exceeded'])(
    'is asked a second time when the first who was asked is %s',
    async (code) => {
      const { decideCall, asked } = deciding({ verdicts: [new SluiceError(code, 'not now'), accepted] });
      expect(await decideCall.decide(certificate, byRole)).toMatchObject({ outcome: 'permitted' });
      const verifying = asked.filter(({ contract }) => contract === 'verify');
      expect(verifying).toHaveLength(2);
      expect(verifying[1]).toEqual(verifying[0]);
    },
  );

  it('is not asked a third time: nothing is decided', async () => {
    const { decideCall, asked } = deciding({ verdicts: [new SluiceError('behind', 'still behind')] });
    const decision = await decideCall.decide(certificate, byNames);
    expect([decision.outcome, explanationOf(decision), asked.length]).toEqual(['undecided', 'still behind', 2]);
  });

  it('is not asked again after an answer that no other process would give better', async () => {
    const { decideCall, asked } = deciding({ verdicts: [new SluiceError('not-found', 'wrong')] });
    expect((await decideCall.decide(certificate, byNames)).outcome).toBe('undecided');
    expect(asked).toHaveLength(1);
  });

  it('fails with an error that is none of ours, and does not decide by it', async () => {
    const { decideCall } = deciding({ verdicts: [new TypeError('a fault')] });
    await expect(decideCall.decide(certificate, byNames)).rejects.toThrow('a fault');
    expect(decideCall.underWay).toBe(0);
  });
});

describe('what is decided', () => {
  it('is a permit with who calls, what it rests on and until when, and every check for the administrator', async () => {
    const { decideCall, clock } = deciding();
    const decision = await decideCall.decide(certificate, byRole);
    expect(decision).toMatchObject({
      outcome: 'permitted',
      permit: {
        shown: 'ab',
        endpoint: byRole,
        validUntilMs: 1_000,
        caller: {
          subjectdn: 'CN=sender',
          serviceInstanceId: 'i',
          serviceKeyId: 'k',
          serviceKeyName: 'key',
          certificateSha256: 'ab',
        },
      },
      evidence: { verdict: accepted, authorization: permitted, checks: [...accepted.checks, ...permitted.reasons] },
    });
    clock.now = 999;
    expect(decideCall.cached('ab', byRole)).toBeDefined();
    clock.now = 1_000;
    expect(decideCall.cached('ab', byRole)).toBeUndefined();
  });

  it('names no service key where there is none', async () => {
    const verdict = { outcome: 'accepted', sha256: 'ab', checks: [], asOf: at, validUntilMs: 1, dependencies: [] };
    const { decideCall, asked } = deciding({ verdicts: [verdict as unknown as Verdict] });
    const decision = await decideCall.decide(certificate, byNames);
    expect(decision.outcome === 'permitted' && decision.permit.caller).toEqual({
      subjectdn: '',
      certificateSha256: 'ab',
    });
    expect(asked[1]?.request).toMatchObject({ caller: { kind: 'certificate', subject: '', issuer: '' } });
  });

  it('is a refusal of the certificate with the reason of the verdict, for every endpoint that looks it up so', async () => {
    const refused = { ...accepted, outcome: 'refused', refusal: 'expired' } as unknown as Verdict;
    const { decideCall, asked } = deciding({ verdicts: [refused] });
    expect(await decideCall.decide(certificate, byRole)).toEqual({
      outcome: 'unauthenticated',
      reason: 'expired',
      evidence: { verdict: refused, checks: refused.checks },
    });
    const before = asked.length;
    const other = endpointWith({ type: 'UserRole', role: 'B' });
    expect((await decideCall.decide(certificate, other)).outcome).toBe('unauthenticated');
    expect((await decideCall.decide(certificate, undefined)).outcome).toBe('unauthenticated');
    expect(asked).toHaveLength(before);
    await decideCall.decide(certificate, byNames);
    expect(asked.length).toBeGreaterThan(before);
  });

  it('says "refused" where the verdict has no reason', async () => {
    const { decideCall } = deciding({ verdicts: [{ ...accepted, outcome: 'refused' } as unknown as Verdict] });
    expect(await decideCall.decide(certificate, byRole)).toMatchObject({ reason: 'refused' });
  });

  it('is that there is no endpoint, told to a known caller and not asked of authorization', async () => {
    const { decideCall, asked } = deciding();
    expect(await decideCall.decide(certificate, undefined)).toEqual({
      outcome: 'no-endpoint',
      reason: 'no-endpoint',
      evidence: { verdict: accepted, checks: accepted.checks },
    });
    expect(asked.map(({ contract }) => contract)).toEqual(['verify']);
    await decideCall.decide(certificate, undefined);
    expect(asked).toHaveLength(1);
  });

  it('is that the role is missing, kept for this endpoint alone', async () => {
    const denied = { ...permitted, outcome: 'deny' } as unknown as DecideResponse;
    const { decideCall, asked, permits } = deciding({ decisions: [denied] });
    expect(await decideCall.decide(certificate, byRole)).toMatchObject({
      outcome: 'forbidden',
      reason: 'role-missing',
      evidence: { verdict: accepted, authorization: denied, checks: [...accepted.checks, ...denied.reasons] },
    });
    const before = asked.length;
    await decideCall.decide(certificate, byRole);
    expect([asked.length, permits.size]).toEqual([before, 0]);
    await decideCall.decide(certificate, endpointWith({ type: 'UserRole', role: 'B' }));
    expect(asked.length).toBeGreaterThan(before);
  });

  it('falls with what authorization rested on as well', async () => {
    const denied = { ...permitted, outcome: 'deny' } as unknown as DecideResponse;
    const { decideCall, asked } = deciding({ decisions: [denied] });
    await decideCall.decide(certificate, byRole);
    const before = asked.length;
    decideCall.changed('role.A', 3);
    await decideCall.decide(certificate, byRole);
    expect(asked.length).toBeGreaterThan(before);
  });
});

describe('what cannot be decided', () => {
  const undecided = async (world: ReturnType<typeof deciding>, endpoint = byRole) => {
    const decision = await world.decideCall.decide(certificate, endpoint);
    return [decision.outcome, decision.outcome === 'undecided' && decision.reason, explanationOf(decision)];
  };

  it('is a call while the runtime is not in step, which asks nobody', async () => {
    const world = deciding();
    world.state.position = undefined;
    expect(await undecided(world)).toEqual([
      'undecided',
      'undecided',
      'The runtime is not in step with the state stream.',
    ]);
    expect(world.asked).toEqual([]);
  });

  it.each(['usable', 'currentAsOf', 'confirmedAsOf'] as const)('is a call without a lease: %s', async (what) => {
    const world = deciding();
    world.clock.monotonic = 10;
    expect(world.decideCall.leaseHolds).toBe(true);
    if (what === 'usable') world.state.usable = false;
    if (what === 'currentAsOf') world.clock.monotonic = 11;
    if (what === 'confirmedAsOf') [world.clock.monotonic, world.state.currentAsOf] = [51, 51];
    expect(await undecided(world)).toEqual([
      'undecided',
      'undecided',
      'The runtime is not in step with the state stream.',
    ]);
    expect(world.asked).toEqual([]);
  });

  it('is not a call while the writing services were last heard of as long ago as they may be', () => {
    const { decideCall, clock, state } = deciding();
    [clock.monotonic, state.currentAsOf] = [50, 50];
    expect(decideCall.leaseHolds).toBe(true);
    [clock.monotonic, state.currentAsOf, state.confirmedAsOf] = [100, 100, 60];
    expect(decideCall.leaseHolds).toBe(true);
  });

  it('is a call whose answers took longer than the lease, though they permit it', async () => {
    const world = deciding({ decisions: [() => ((world.clock.monotonic = 11), permitted)] });
    expect(await undecided(world)).toEqual([
      'undecided',
      'undecided',
      'The runtime fell out of step with the state stream meanwhile.',
    ]);
  });

  it('is a call about which the verifier answers for another certificate', async () => {
    const world = deciding({ verdicts: [{ ...accepted, sha256: 'cd' }] });
    expect((await undecided(world))[2]).toBe('The verifier answered for another caller.');
    expect(world.permits.size).toBe(0);
  });

  it.each(['verdict', 'decision'] as const)('is a call whose %s is of another epoch, twice', async (which) => {
    const asOf = { epoch: 'another', sequence: 4 };
    const world = deciding(
      which === 'verdict' ? { verdicts: [{ ...accepted, asOf }] } : { decisions: [{ ...permitted, asOf }] },
    );
    expect((await undecided(world))[2]).toBe('What the decision rests on changed twice while it was made.');
    expect(world.asked.filter(({ contract }) => contract === 'verify')).toHaveLength(2);
    expect(world.permits.size).toBe(0);
  });

  it('is a call during which the runtime falls out of step', async () => {
    const world = deciding({ verdicts: [() => ((world.state.position = undefined), accepted)] });
    expect((await undecided(world))[2]).toBe('The runtime is not in step with the state stream.');
    const later = deciding({ decisions: [() => ((later.state.position = undefined), permitted)] });
    expect((await undecided(later))[2]).toBe('The runtime is not in step with the state stream.');
  });

  it('is a call whose answer rests on an older record than that of a call that was decided meanwhile', async () => {
    const newer = { ...permitted, dependencies: [{ key: 'role.A', sequence: 9 }] };
    const world = deciding({
      verdicts: [{ ...accepted, sha256: 'cd', dependencies: [] }, accepted],
      decisions: [newer, permitted],
    });
    const other = endpointWith({ type: 'UserRole', role: 'A' });
    expect((await world.decideCall.decide({ ...certificate, sha256: 'cd' }, other)).outcome).toBe('permitted');
    expect((await undecided(world))[2]).toBe('What the decision rests on changed twice while it was made.');
    expect(world.decideCall.cached('ab', byRole)).toBeUndefined();
  });

  it('is told to the administrator as a check that failed', async () => {
    const { decideCall, state } = deciding();
    state.position = undefined;
    expect(await decideCall.decide(certificate, byRole)).toMatchObject({
      evidence: { checks: [{ check: 'decision', ok: false }] },
    });
  });

  it('is a call too many at a time', async () => {
    const world = deciding();
    const others = ['1', '2', '3'].map((sha256) => world.decideCall.decide({ ...certificate, sha256 }, byRole));
    expect(world.decideCall.underWay).toBe(3);
    expect((await undecided(world))[2]).toBe('Too many other decisions are being made at this moment.');
    await Promise.all(others);
    expect(world.decideCall.underWay).toBe(0);
  });
});

describe('a change while the answers are on their way', () => {
  it.each(['credential.ab', 'role.A'])('of %s, on which the permit rests, has it asked again', async (key) => {
    let first = true;
    const world = deciding({
      decisions: [
        () => {
          if (first) world.decideCall.changed(key, 9);
          first = false;
          return permitted;
        },
      ],
      verdicts: [accepted, { ...accepted, dependencies: [{ key: 'credential.ab', sequence: 9 }] }],
    });
    const decision = await world.decideCall.decide(certificate, byRole);
    expect(world.asked.filter(({ contract }) => contract === 'verify')).toHaveLength(2);
    expect(decision.outcome).toBe('permitted');
  });

  it('of everything has it asked again, and nothing of before is kept', async () => {
    let first = true;
    const world = deciding({
      verdicts: [
        () => {
          if (first) world.decideCall.clear();
          first = false;
          return accepted;
        },
      ],
    });
    expect((await world.decideCall.decide(certificate, byRole)).outcome).toBe('permitted');
    expect(world.asked.filter(({ contract }) => contract === 'verify')).toHaveLength(2);
  });

  it('of the trust list has a refusal asked again', async () => {
    let first = true;
    const refused = { ...accepted, outcome: 'refused', dependencies: [] } as unknown as Verdict;
    const world = deciding({
      verdicts: [
        () => {
          if (first) world.decideCall.changed('root.r', 5);
          first = false;
          return refused;
        },
        { ...refused, asOf: { epoch: 'e', sequence: 5 } },
      ],
    });
    expect((await world.decideCall.decide(certificate, byRole)).outcome).toBe('unauthenticated');
    expect(world.asked.filter(({ contract }) => contract === 'verify')).toHaveLength(2);
  });
});

describe('everything that is kept', () => {
  it('is gone when the state stream is another one: permits, refusals, and what instances may', async () => {
    const refused = { ...accepted, outcome: 'refused', sha256: 'cd' } as unknown as Verdict;
    // Ahead, authorization answers about another instance: what it said of this one has to be kept, or asked for again.
    const elsewhere = { ...permitted, serviceInstanceId: 'j' };
    const { decideCall, asked, refusals } = deciding({
      verdicts: [accepted, refused, accepted],
      decisions: [elsewhere],
    });
    const decision = await decideCall.decide(certificate, byRole);
    await decideCall.decide({ ...certificate, sha256: 'cd' }, byRole);
    if (decision.outcome !== 'permitted') throw new Error('it was not permitted');
    expect([decideCall.holds(decision.permit), refusals.size]).toEqual([true, 1]);
    decideCall.clear();
    expect([decideCall.holds(decision.permit), refusals.size]).toEqual([false, 0]);
    expect(decideCall.cached('ab', byRole)).toBeUndefined();
    const before = asked.length;
    await decideCall.decide(certificate, byRole);
    expect(asked.length).toBe(before + 3);
  });
});
