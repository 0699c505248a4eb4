import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { FlowGate } from './flow-gate.js';

/** A gate with what is inside, counted by whoever tries it. */
class Tried {
  readonly inside = new Map<string, number>();
  readonly turnedAway = new Map<string, number>();
  /** In the order they were let in. */
  readonly let: string[] = [];

  constructor(readonly gate: FlowGate) {}

  /** Settles when the message is in or turned away. */
  async enter(owner: string): Promise<boolean> {
    const entered = this.gate.enter(owner);
    const isIn = typeof entered === 'boolean' ? entered : await entered;
    const counts = isIn ? this.inside : this.turnedAway;
    counts.set(owner, (counts.get(owner) ?? 0) + 1);
    if (isIn) this.let.push(owner);
    return isIn;
  }

  leave(owner: string): void {
    this.inside.set(owner, this.of(owner) - 1);
    this.gate.leave(owner);
  }

  of(owner: string): number {
    return this.inside.get(owner) ?? 0;
  }

  get total(): number {
    return [...this.inside.values()].reduce((sum, count) => sum + count, 0);
  }
}

/** Until every promise that is settled was heard. */
async function heard(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await Promise.resolve();
}

const owners = ['a', 'b', 'c', 'd', 'e'];
const action = fc.record({ owner: fc.constantFrom(...owners), enters: fc.boolean() });

describe('the gate of a flow', () => {
  it('lets so many in, so many wait, and turns one more away', async () => {
    const gate = new FlowGate(2, 1);
    expect([gate.enter('a'), gate.enter('a')]).toEqual([true, true]);
    const third = gate.enter('a');
    expect(third).toBeInstanceOf(Promise);
    expect(gate.enter('a')).toBe(false);
    gate.leave('a');
    await expect(third).resolves.toBe(true);
    expect(gate.enter('a')).toBeInstanceOf(Promise);
  });

  it('is first come, first served, for the messages of one owner', async () => {
    const tried = new Tried(new FlowGate(1, 10));
    await tried.enter('a');
    const order: number[] = [];
    const waiting = [1, 2, 3].map(async (number) => {
      await tried.enter('a');
      order.push(number);
      tried.leave('a');
    });
    tried.leave('a');
    await Promise.all(waiting);
    expect(order).toEqual([1, 2, 3]);
  });

  it('keeps nobody waiting when nobody may', () => {
    const gate = new FlowGate(1, 0);
    expect([gate.enter('a'), gate.enter('a')]).toEqual([true, false]);
    gate.leave('a');
    expect(gate.enter('a')).toBe(true);
  });

  it('attack 49: a thousand messages of one owner to a slow receiver keep those of another neither out nor waiting', () => {
    const gate = new FlowGate(256, 1_024);
    const first = Array.from({ length: 1_310 }, () => gate.enter('loud'));
    expect(first.filter((entered) => entered === true)).toHaveLength(224);
    expect(first.filter((entered) => entered === false)).toHaveLength(1_310 - 224 - 1_024);
    // Nothing has left yet.
    expect(Array.from({ length: 20 }, () => gate.enter('quiet'))).toEqual(Array.from({ length: 20 }, () => true));
  });

  it('attack 49: a queue full of messages of one owner makes room for one of another, and turns its newest away', async () => {
    const tried = new Tried(new FlowGate(2, 3));
    await Promise.all([tried.enter('loud'), tried.enter('loud')]);
    const waiting = [1, 2, 3].map(() => tried.enter('loud'));
    const quiet = tried.enter('quiet');
    await expect(waiting[2]).resolves.toBe(false);
    tried.leave('loud');
    await expect(quiet).resolves.toBe(true);
    expect(tried.gate.queued).toBe(2);
  });

  it('does not let two that are equal turn each other away', () => {
    const gate = new FlowGate(1, 2);
    expect(gate.enter('a')).toBe(true);
    expect(gate.enter('b')).toBeInstanceOf(Promise);
    expect(gate.enter('c')).toBeInstanceOf(Promise);
    expect([gate.enter('b'), gate.enter('c'), gate.enter('d')]).toEqual([false, false, false]);
  });

  it('never has more inside or waiting than it may, whatever comes and goes, and loses no place', async () => {
    const world = fc.record({
      maximum: fc.integer({ min: 1, max: 20 }),
      queued: fc.integer({ min: 0, max: 20 }),
      actions: fc.array(action, { maxLength: 200 }),
    });
    await fc.assert(
      fc.asyncProperty(world, async ({ maximum, queued, actions }) => {
        const tried = new Tried(new FlowGate(maximum, queued));
        const entering: Promise<boolean>[] = [];
        for (const { owner, enters } of actions) {
          if (enters) entering.push(tried.enter(owner));
          else if (tried.of(owner) > 0) tried.leave(owner);
          await heard();
          expect(tried.total).toBeLessThanOrEqual(maximum);
          expect(tried.gate.queued).toBeLessThanOrEqual(queued);
        }
        // Whoever is inside leaves: everybody who waits gets in, however much the others have.
        while (tried.total > 0) {
          for (const owner of owners) if (tried.of(owner) > 0) tried.leave(owner);
          await heard();
        }
        expect(tried.gate.queued).toBe(0);
        await Promise.all(entering);
        expect(tried.gate.enter('a')).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  it('lets no owner wait for ever: one that has nothing inside is in after at most one turn of each other', async () => {
    const world = fc.record({
      maximum: fc.integer({ min: 1, max: 12 }),
      others: fc.integer({ min: 1, max: 12 }),
      seed: fc.array(fc.nat({ max: 1_000 }), { minLength: 1, maxLength: 50 }),
    });
    await fc.assert(
      fc.asyncProperty(world, async ({ maximum, others, seed }) => {
        const tried = new Tried(new FlowGate(maximum, 10_000));
        const name = (number: number) => `other ${number % others}`;
        for (let number = 0; number < 100; number++) void tried.enter(name(number));
        let isIn = false;
        void tried.enter('quiet').then((entered) => (isIn = entered));
        await heard();
        let turns = 0;
        while (!isIn) {
          const inside = [...tried.inside].filter(([, count]) => count > 0).map(([owner]) => owner);
          const leaving = inside[(seed[turns % seed.length] ?? 0) % inside.length] as string;
          tried.leave(leaving);
          // The others never stop.
          void tried.enter(leaving);
          void tried.enter(`new ${turns}`);
          await heard();
          turns++;
          expect(turns).toBeLessThanOrEqual(others + maximum);
        }
      }),
      { numRuns: 200 },
    );
  });

  it.each([1, 2, 8, 64, 256])(
    'attack 49: with %i places four owners of equal weight, of which one sends twenty times as much, get their share within 10 %%',
    async (maximum) => {
      const four = ['loud', 'a', 'b', 'c'];
      const tried = new Tried(new FlowGate(maximum, 1_024));
      // Each of the three sends as much as its share can have, and the loud one twenty times that.
      const send = async (owner: string, times: number) => {
        for (let time = 0; time < times; time++) void tried.enter(owner);
        await heard();
      };
      const perRound = Math.max(1, Math.ceil(maximum / 4));
      const served: string[] = [];
      for (let round = 0; round < 400; round++) {
        for (const owner of four) await send(owner, owner === 'loud' ? perRound * 20 : perRound * 2);
        // All messages take the same time: those that came first leave first.
        const leaving = tried.let.splice(0, maximum);
        for (const owner of leaving) tried.leave(owner);
        served.push(...leaving);
        await heard();
      }
      const settled = served.slice(served.length / 4);
      for (const owner of four) {
        const share = settled.filter((name) => name === owner).length / settled.length;
        expect(share).toBeGreaterThan(0.25 * 0.9);
        expect(share).toBeLessThan(0.25 * 1.1);
      }
    },
  );
});
