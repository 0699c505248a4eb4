import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { setImmediate } from 'node:timers/promises';
import { keysOf, leaseMs, SimulatedWorld, type Key, type Shown } from './testing/simulated-world.js';

type Step = (world: SimulatedWorld) => void | Promise<void>;
type NamedStep = readonly [name: string, step: Step];

const always = (name: string, step: Step) => fc.constant<NamedStep>([name, step]);
/** Of the records that the call of the world rests on: its key is revoked, its role taken, its token revoked, its secret rotated away, … */
const change = fc
  .tuple(fc.nat(1_000), fc.constantFrom(true, true, false))
  .map(([which, granted]): NamedStep => [
    `${granted ? 'grant' : 'deny'} ${which}`,
    (world) => world.change(world.keys[which % world.keys.length] as Key, granted),
  ]);

/** Weights are such that most runs see permits and refusals given, and changed under way. */
const step: fc.Arbitrary<NamedStep> = fc.oneof(
  { weight: 5, arbitrary: change },
  { weight: 6, arbitrary: always('apply', (world) => world.applyNext()) },
  { weight: 1, arbitrary: always('catch up', (world) => world.catchUp()) },
  { weight: 2, arbitrary: always('ask for head', (world) => world.askForHead()) },
  { weight: 2, arbitrary: always('hear head', (world) => world.hearHead()) },
  { weight: 6, arbitrary: always('call', (world) => world.ask()) },
  { weight: 2, arbitrary: always('settle', (world) => world.settle()) },
  { weight: 1, arbitrary: always('fall out of step', (world) => world.fallOutOfStep()) },
  { weight: 1, arbitrary: always('fall far behind', (world) => world.fallFarBehind()) },
  { weight: 1, arbitrary: always('restart', (world) => world.restartRuntime()) },
  {
    weight: 1,
    arbitrary: fc.nat(6).map((by): NamedStep => [`recreate ${by}`, (world) => world.recreate(by)]),
  },
  {
    weight: 1,
    arbitrary: fc.nat(4).map((back): NamedStep => [`hear again ${back}`, (world) => world.hearAgain(back)]),
  },
  {
    weight: 6,
    arbitrary: fc
      .tuple(fc.nat(2), fc.integer({ min: 1, max: 5 }))
      .map(([service, by]): NamedStep => [`service ${service} +${by}`, (world) => world.advance(service, by)]),
  },
  {
    weight: 8,
    arbitrary: fc.nat(5).map((which): NamedStep => [`deliver ${which}`, (world) => world.deliver(which)]),
  },
  {
    weight: 2,
    arbitrary: fc.integer({ min: 1, max: 1_500 }).map((by): NamedStep => [`${by} ms`, (world) => world.time(by)]),
  },
);

/** The permits that are usable now: in the cache, or held by a connection. */
function expectPermitsToStand(world: SimulatedWorld): void {
  const usable = world.cachedPermit !== undefined || [...world.given].some((permit) => world.decideCall.holds(permit));
  if (!usable) return;
  if (world.runtimePosition) expect(world.mayBePermittedAt(world.runtimePosition)).toBe(true);
  expect(world.deniedFor ?? 0).toBeLessThanOrEqual(leaseMs);
}

/** Looks at the calls that were answered by the last step. */
function expectDecisionsToStand(world: SimulatedWorld, seen: WeakSet<object>): void {
  for (const call of world.calls) {
    if (!call.decision || seen.has(call)) continue;
    seen.add(call);
    if (call.decision.outcome === 'undecided') continue;
    if (call.decision.outcome === 'permitted') {
      expect(world.runtimePosition && world.mayBePermittedAt(world.runtimePosition)).toBe(true);
      expect(world.deniedFor ?? 0).toBeLessThanOrEqual(leaseMs);
    } else {
      const { at } = call;
      expect(at && (at.epoch === world.head.epoch ? world.wasDeniedSince(at) : true)).toBe(true);
    }
  }
}

describe('no stale permit', () => {
  it.each(Object.keys(keysOf) as Shown[])(
    'no permit by %s outlives a change once the runtime has applied it, nor by more than the lease; no refusal outlives its end',
    async (shown) => {
      const counts = { permitted: 0, refused: 0 };
      await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 100, size: 'max' }), async (steps) => {
          const world = new SimulatedWorld(shown);
          const seen = new WeakSet<object>();
          for (const [, take] of steps) {
            await take(world);
            await setImmediate();
            expectDecisionsToStand(world, seen);
            expectPermitsToStand(world);
          }
          for (const { decision } of world.calls) {
            if (decision?.outcome === 'permitted') counts.permitted++;
            else if (decision && decision.outcome !== 'undecided') counts.refused++;
          }
        }),
        { numRuns: shown === 'certificate' ? 2_000 : 1_000 },
      );
      // A world in which nothing is ever decided would prove nothing.
      expect(counts.permitted).toBeGreaterThan(100);
      expect(counts.refused).toBeGreaterThan(100);
    },
    120_000,
  );
});
