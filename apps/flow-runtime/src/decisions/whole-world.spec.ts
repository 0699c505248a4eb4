import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Chance } from './testing/whole-world/chance.js';
import { events, healedWithinMs, WholeWorld, type Event } from './testing/whole-world/whole-world.js';

/** `npm run simulate` sets them. */
const seed = Number(process.env['SIMULATE_SEED'] ?? 1);
const worlds = Number(process.env['SIMULATE_WORLDS'] ?? 100);
const minutes = Number(process.env['SIMULATE_MINUTES'] ?? Number.POSITIVE_INFINITY);
const stepsOfWorld = 1_000;

const names = Object.keys(events) as Event[];
const weights = Object.values(events).reduce((sum, weight) => sum + weight, 0);

function draw(chance: Chance): Event {
  let left = chance.next() * weights;
  for (const name of names) {
    left -= events[name];
    if (left < 0) return name;
  }
  return 'time passes';
}

interface Step {
  readonly event: Event;
  readonly afterMs: number;
}

function plan(ofSeed: number): Step[] {
  const chance = new Chance(ofSeed ^ 0x5eed);
  return Array.from({ length: stepsOfWorld }, () => {
    const event = draw(chance);
    return { event, afterMs: event === 'time passes' ? chance.between(200, 4_000) : chance.between(0, 120) };
  });
}

interface Run {
  readonly violations: readonly string[];
  readonly counts: WholeWorld['counts'];
}

/** One world from its beginning. Time is simulated, and nothing of the world before is left. */
async function live(ofSeed: number, steps: readonly Step[]): Promise<Run> {
  jest.useFakeTimers({ doNotFake: ['nextTick', 'queueMicrotask', 'setImmediate', 'clearImmediate'] });
  try {
    const world = new WholeWorld(ofSeed);
    await jest.advanceTimersByTimeAsync(10_000);
    for (const { event, afterMs } of steps) {
      await jest.advanceTimersByTimeAsync(afterMs);
      world.take(event);
      if (world.violations.length > 0) return world;
    }
    world.endFaults();
    await jest.advanceTimersByTimeAsync(healedWithinMs);
    let done = false;
    const working = world.expectWorking().finally(() => (done = true));
    while (!done) await jest.advanceTimersByTimeAsync(100);
    await working;
    return world;
  } finally {
    jest.clearAllTimers();
    jest.useRealTimers();
  }
}

/** So long it may take to make a run shorter that found something. */
const maxShrinkingMs = 1_000 * Number(process.env['SIMULATE_SHRINK_SECONDS'] ?? 120);

/** Leaves out what the violation does not need. */
async function shrink(ofSeed: number, steps: readonly Step[]): Promise<readonly Step[]> {
  let smallest = steps;
  const end = performance.now() + maxShrinkingMs;
  for (let size = Math.ceil(steps.length / 2); size >= 1; size = Math.floor(size / 2)) {
    for (let from = 0; from < smallest.length && performance.now() < end;) {
      const without = [...smallest.slice(0, from), ...smallest.slice(from + size)];
      if ((await live(ofSeed, without)).violations.length > 0) smallest = without;
      else from += size;
    }
  }
  return smallest;
}

describe('the whole world', () => {
  let deadline: number;

  beforeEach(() => {
    deadline = performance.now() + minutes * 60_000;
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  it(
    'attacks 37 and 38: no permit outlives its end by more than a lease, no refusal its own, and everything heals, whatever happens to bus, disk, network, clock and processes',
    async () => {
      const counts = { permitted: 0, refused: 0, undecided: 0 };
      let lived = 0;
      for (let number = seed; lived < worlds && performance.now() < deadline; number++, lived++) {
        const steps = plan(number);
        const run = await live(number, steps);
        counts.permitted += run.counts.permitted;
        counts.refused += run.counts.refused;
        counts.undecided += run.counts.undecided;
        if (run.violations.length === 0) continue;
        const shrunk = await shrink(number, steps);
        const { violations } = await live(number, shrunk);
        throw new Error(
          `seed ${number}: ${violations[0] ?? run.violations[0]}\n  after ${shrunk
            .map(({ event, afterMs }) => `${afterMs} ms ${event}`)
            .join('\n        ')}`,
        );
      }
      process.stdout.write(
        `${lived} worlds of ${stepsOfWorld} steps from seed ${seed}: ${JSON.stringify(counts)}, nothing that must not be\n`,
      );
      // A world in which nothing is ever decided would prove nothing.
      expect(counts.permitted).toBeGreaterThan(lived * 20);
      expect(counts.refused).toBeGreaterThan(lived * 5);
    },
    24 * 3_600_000,
  );
});
