import { describe, expect, it } from '@jest/globals';
import { verifyCertificate, type RequestContract, type RequestOf, type ResponseOf } from '@sluice/contracts';
import { SluiceError, type Dependency, type Position } from '@sluice/domain';
import fc from 'fast-check';
import { setImmediate } from 'node:timers/promises';
import type { Endpoint } from '../deployed-flows/deployed-flows.js';
import { DecideCall, type CallDecision, type FollowedState } from './decide-call.js';
import { PermitCache } from './permit-cache.js';

const leaf = new Uint8Array([1]);
const certificate = { sha256: 'ab', leaf, chain: () => [] };
const endpoint = {
  flowId: 'f',
  endpointId: 'sender',
  sender: { authorization: { type: 'UserRole', role: 'A' } },
} as unknown as Endpoint;
const leaseMs = 1_000;
const keys = ['credential.ab', 'instance.i', 'role.A'] as const;
type Key = (typeof keys)[number];

/** The state stream as its leader has it, and three readers that lag behind it each in its own way. */
class World {
  epoch = 1;
  log: { key: Key; granted: boolean }[] = [];
  runtime: Position | undefined;
  verifier: Position;
  clock = 0;
  asOf = 0;
  readonly cache = new PermitCache(100);
  readonly waiting: (() => void)[] = [];
  readonly decisions: { decision: CallDecision; asked: number }[] = [];
  readonly decideCall: DecideCall;

  constructor() {
    this.verifier = this.position();
    this.runtime = this.position();
    this.decideCall = new DecideCall(
      this.followed(),
      this.cache,
      { call: (contract, request) => this.answer(contract, request) },
      leaseMs,
      () => 0,
      () => this.clock,
    );
  }

  /** What the runtime's follower says at the moment it is asked. */
  followed(): FollowedState {
    const properties = {
      ready: { get: () => this.runtime !== undefined },
      position: { get: () => this.runtime },
      currentAsOf: { get: () => this.asOf },
    };
    return Object.defineProperties({}, properties) as FollowedState;
  }

  position(): Position {
    return { epoch: String(this.epoch), sequence: this.log.length };
  }

  /** Granted unless the newest change up to a sequence says otherwise. */
  stateOf(key: Key, upTo: number): Dependency & { granted: boolean } {
    for (let sequence = Math.min(upTo, this.log.length); sequence > 0; sequence--) {
      const change = this.log[sequence - 1];
      if (change?.key === key) return { key, sequence, granted: change.granted };
    }
    return { key, sequence: 0, granted: true };
  }

  grantedAt(upTo: number): boolean {
    return keys.every((key) => this.stateOf(key, upTo).granted);
  }

  /** The services compute an answer at once, from what they have applied; it travels until it is delivered. */
  answer<C extends RequestContract>(contract: C, request: RequestOf<C>): Promise<ResponseOf<C>> {
    const { minimum } = request as { minimum: Position };
    const asOf = this.verifier;
    const behind = asOf.epoch !== minimum.epoch || asOf.sequence < minimum.sequence;
    const read = (key: Key) => this.stateOf(key, asOf.sequence);
    let answer: unknown;
    if ((contract as RequestContract) === verifyCertificate) {
      const { granted, ...dependency } = read('credential.ab');
      answer = {
        outcome: granted ? 'accepted' : 'refused',
        sha256: 'ab',
        subjectdn: '',
        serviceInstanceId: 'i',
        checks: [],
        asOf,
        validUntilMs: 1,
        dependencies: [dependency],
        verifier: 'v',
      };
    } else {
      const instance = read('instance.i');
      const role = read('role.A');
      answer = {
        outcome: instance.granted && role.granted ? 'permit' : 'deny',
        reasons: [],
        asOf,
        dependencies: [instance, role].map(({ key, sequence }) => ({ key, sequence })),
      };
    }
    return new Promise((resolve, reject) =>
      this.waiting.push(() =>
        behind ? reject(new SluiceError('behind', 'behind')) : resolve(answer as ResponseOf<C>),
      ),
    );
  }

  applyNext(): void {
    const { runtime } = this;
    if (!runtime || runtime.epoch !== String(this.epoch) || runtime.sequence >= this.log.length) return;
    const change = this.log[runtime.sequence];
    this.runtime = { ...runtime, sequence: runtime.sequence + 1 };
    if (change) this.cache.changed(change.key, runtime.sequence + 1);
  }

  /** The runtime asks for the last sequence and applies up to it: its lease begins when it asked. */
  heartbeat(): void {
    this.asOf = this.clock;
    if (this.runtime?.epoch !== String(this.epoch)) {
      this.cache.clear();
      this.runtime = this.position();
    }
    while (this.runtime && this.runtime.sequence < this.log.length) this.applyNext();
  }

  recreate(): void {
    this.epoch++;
    // The records that are there are put in again, in some order; what was denied stays denied.
    this.log = keys.map((key) => ({ key, granted: this.stateOf(key, this.log.length).granted }));
    this.verifier = { epoch: String(this.epoch), sequence: 0 };
  }

  ask(): void {
    void this.decideCall
      .decide(certificate, endpoint)
      .then((decision) => this.decisions.push({ decision, asked: this.log.length }));
  }
}

type Step =
  | { kind: 'change'; key: Key; granted: boolean }
  | { kind: 'apply' | 'heartbeat' | 'ask' | 'recreate' }
  | { kind: 'verifier'; by: number }
  | { kind: 'deliver'; which: number }
  | { kind: 'time'; by: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('change' as const),
      key: fc.constantFrom(...keys),
      granted: fc.boolean(),
    }),
  },
  { weight: 4, arbitrary: fc.constant({ kind: 'apply' as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'heartbeat' as const }) },
  { weight: 4, arbitrary: fc.constant({ kind: 'ask' as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'recreate' as const }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('verifier' as const), by: fc.integer({ min: 1, max: 3 }) }) },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('deliver' as const), which: fc.nat(5) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('time' as const), by: fc.integer({ min: 1, max: 1_500 }) }) },
);

async function take(world: World, each: Step): Promise<void> {
  switch (each.kind) {
    case 'change':
      world.log.push({ key: each.key, granted: each.granted });
      break;
    case 'apply':
      world.applyNext();
      break;
    case 'heartbeat':
      world.heartbeat();
      break;
    case 'recreate':
      world.recreate();
      break;
    case 'verifier':
      if (world.verifier.epoch === String(world.epoch)) {
        world.verifier = { ...world.verifier, sequence: Math.min(world.log.length, world.verifier.sequence + each.by) };
      }
      break;
    case 'ask':
      world.ask();
      break;
    case 'deliver':
      world.waiting.splice(each.which % Math.max(1, world.waiting.length), 1)[0]?.();
      break;
    case 'time':
      world.clock += each.by;
      break;
  }
  await setImmediate();
}

describe('no stale permit', () => {
  it('no cached permit outlives the change that ended it once the runtime has applied that change, nor the lease', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        const world = new World();
        for (const each of steps) {
          await take(world, each);
          if (!world.decideCall.cached('ab', endpoint)) continue;
          expect(world.clock - world.asOf).toBeLessThanOrEqual(leaseMs);
          if (world.runtime?.epoch === String(world.epoch)) expect(world.grantedAt(world.runtime.sequence)).toBe(true);
        }
      }),
      { numRuns: 500 },
    );
  }, 60_000);

  it('a permit that is given rests on at least what the runtime had applied when the question was asked', async () => {
    const world = new World();
    world.log.push({ key: 'instance.i', granted: false });
    world.applyNext();
    world.ask();
    for (let turn = 0; turn < 4; turn++) await take(world, { kind: 'deliver', which: 0 });
    expect(world.decisions.map(({ decision }) => decision.outcome)).toEqual(['undecided']);
  });

  it('an answer that was overtaken is asked for again, and the new one counts', async () => {
    const world = new World();
    world.ask();
    await take(world, { kind: 'deliver', which: 0 });
    world.log.push({ key: 'instance.i', granted: false });
    world.applyNext();
    world.verifier = world.position();
    for (let turn = 0; turn < 4; turn++) await take(world, { kind: 'deliver', which: 0 });
    expect(world.decisions.map(({ decision }) => decision.outcome)).toEqual(['forbidden']);
    expect(world.cache.size).toBe(0);
  });

  it('a permit that a connection still points at holds no longer than the cache’s own', async () => {
    const world = new World();
    world.ask();
    for (let turn = 0; turn < 2; turn++) await take(world, { kind: 'deliver', which: 0 });
    const permit = world.decideCall.cached('ab', endpoint);
    if (!permit) throw new Error('no permit was given');
    expect(world.decideCall.holds(permit)).toBe(true);
    world.log.push({ key: 'instance.i', granted: false });
    world.applyNext();
    expect(world.decideCall.holds(permit)).toBe(false);
  });

  it('is undecided without a lease, though the permit is in the cache', async () => {
    const world = new World();
    world.ask();
    for (let turn = 0; turn < 2; turn++) await take(world, { kind: 'deliver', which: 0 });
    expect(world.decideCall.cached('ab', endpoint)).toBeDefined();
    world.clock += leaseMs + 1;
    expect(world.decideCall.cached('ab', endpoint)).toBeUndefined();
    world.ask();
    await setImmediate();
    expect(world.decisions.at(-1)?.decision.outcome).toBe('undecided');
  });
});

describe('the cache of permits', () => {
  const permit = (sha256: string, dependencies: Dependency[] = []) => ({
    live: true,
    certificateSha256: sha256,
    endpoint,
    caller: { subjectdn: '' },
    validUntilMs: 1,
    dependencies,
  });

  it('drops a permit when a record it rests on changes after it was read, and not when an older change comes late', () => {
    const cache = new PermitCache(10);
    const stored = permit('a', [{ key: 'instance.i', sequence: 5 }]);
    cache.store(stored);
    cache.changed('instance.i', 5);
    cache.changed('instance.other', 9);
    expect(stored.live).toBe(true);
    cache.changed('instance.i', 6);
    expect(stored.live).toBe(false);
    expect(cache.size).toBe(0);
  });

  it('holds no more than its capacity, and marks what made room as dead', () => {
    const cache = new PermitCache(2);
    const permits = ['a', 'b', 'c'].map((sha256) => permit(sha256));
    permits.forEach((each) => cache.store(each));
    expect(permits.map(({ live }) => live)).toEqual([false, true, true]);
    expect(cache.size).toBe(2);
  });

  it('marks everything dead when it is cleared, also what a connection still points at', () => {
    const cache = new PermitCache(2);
    const stored = permit('a');
    cache.store(stored);
    cache.clear();
    expect(stored.live).toBe(false);
  });
});
