import { describe, expect, it } from '@jest/globals';
import { setImmediate } from 'node:timers/promises';
import { leaseMs, refusalMs, SimulatedWorld } from './testing/simulated-world.js';

/** A world in which one call was asked and every answer delivered. */
async function decided(prepare: (world: SimulatedWorld) => void = () => undefined): Promise<SimulatedWorld> {
  const world = new SimulatedWorld();
  prepare(world);
  world.ask();
  await world.deliverAll();
  return world;
}

describe('deciding a call', () => {
  it('gives a permit that rests on at least what the runtime had applied when the question was asked', async () => {
    const world = new SimulatedWorld();
    world.change('instance.i', false);
    world.applyNext();
    world.ask();
    await world.deliverAll();
    expect(world.outcomes).toEqual(['undecided']);
  });

  it('asks again when an answer was overtaken, and the new one counts', async () => {
    const world = new SimulatedWorld();
    world.ask();
    await world.deliver(0);
    world.change('instance.i', false);
    world.applyNext();
    world.advanceServices(1);
    await world.deliverAll();
    expect(world.outcomes).toEqual(['forbidden']);
    expect(world.cachedPermit).toBeUndefined();
  });

  it('lets a permit that a connection still points at hold no longer than the cache’s own', async () => {
    const world = await decided();
    const permit = world.cachedPermit;
    if (!permit) throw new Error('no permit was given');
    expect(world.decideCall.holds(permit)).toBe(true);
    world.change('instance.i', false);
    world.applyNext();
    expect(world.decideCall.holds(permit)).toBe(false);
  });

  it('lets known callers go on while it comes into step again, and decides nothing anew meanwhile', async () => {
    const world = await decided();
    world.fallOutOfStep();
    expect(world.cachedPermit).toBeDefined();
    world.ask({ sha256: 'cd' });
    await setImmediate();
    expect(world.outcomes).toEqual(['permitted', 'undecided']);
    world.time(leaseMs + 1);
    expect(world.cachedPermit).toBeUndefined();
  });

  it('is undecided without a lease, though the permit is in the cache', async () => {
    const world = await decided();
    expect(world.cachedPermit).toBeDefined();
    world.time(leaseMs + 1);
    expect(world.cachedPermit).toBeUndefined();
    world.ask();
    await setImmediate();
    expect(world.outcomes.at(-1)).toBe('undecided');
  });

  it('is undecided without a lease, though the refusal is in the cache: who knows whether it still holds', async () => {
    const world = await decided((each) => each.startWith('credential.ab', false));
    world.time(leaseMs + 1);
    world.ask();
    await setImmediate();
    expect(world.outcomes).toEqual(['unauthenticated', 'undecided']);
  });

  it('is undecided when the answers took longer than the lease', async () => {
    const world = new SimulatedWorld();
    world.ask();
    world.time(leaseMs + 1);
    await world.deliverAll();
    expect(world.outcomes).toEqual(['undecided']);
  });

  it('asks once for calls that come up while the answer is on its way', async () => {
    const world = new SimulatedWorld();
    for (let call = 0; call < 5; call++) world.ask();
    await setImmediate();
    await world.deliverAll();
    expect(world.outcomes).toEqual(Array.from({ length: 5 }, () => 'permitted'));
    expect([world.verifications, world.authorizations]).toEqual([1, 1]);
  });

  it('does not share the answer with who sent other certificates beside the same leaf', async () => {
    const world = new SimulatedWorld();
    world.ask();
    world.ask({ chain: [new Uint8Array([7])] });
    await setImmediate();
    expect(world.verifications).toBe(2);
  });

  it('refuses further strangers, and not a caller it let in before, when three quarters of the questions are out', async () => {
    const world = await decided();
    world.change('role.A', true);
    world.applyNext();
    world.advanceServices(1);
    for (let stranger = 0; stranger < 10; stranger++) world.ask({ sha256: `s${stranger}` });
    await setImmediate();
    expect(world.verifications).toBe(1 + 6);
    expect(world.outcomes.filter((outcome) => outcome === 'undecided')).toHaveLength(4);
    world.ask();
    await setImmediate();
    expect(world.verifications).toBe(1 + 7);
  });
});

describe('a refusal that is kept', () => {
  it('answers without a question until its time is over', async () => {
    const world = await decided((each) => each.startWith('credential.ab', false));
    const { verifications } = world;
    world.time(refusalMs - 1);
    world.ask();
    await setImmediate();
    expect([world.verifications, world.outcomes]).toEqual([verifications, ['unauthenticated', 'unauthenticated']]);
    world.time(1);
    world.ask();
    await setImmediate();
    expect(world.verifications).toBe(verifications + 1);
  });

  it.each(['credential.ab', 'unpinned.n', 'root.r'] as const)('falls with a change of %s', async (key) => {
    const world = await decided((each) => each.startWith(key, false));
    expect(world.outcomes).toEqual(['unauthenticated']);
    world.change(key, true);
    world.applyNext();
    world.advanceServices(1);
    world.ask();
    await world.deliverAll();
    expect(world.outcomes).toEqual(['unauthenticated', 'permitted']);
  });

  it.each(['instance.i', 'role.A', 'flow.f'] as const)('of a known caller falls with a change of %s', async (key) => {
    const world = await decided((each) => each.startWith(key, false));
    expect(world.outcomes).toEqual(['forbidden']);
    world.change(key, true);
    world.applyNext();
    world.advanceServices(1);
    world.ask();
    await world.deliverAll();
    expect(world.outcomes).toEqual(['forbidden', 'permitted']);
  });

  it('is that of the whole question: a leaf refused alone is judged again with its chain', async () => {
    const world = await decided((each) => each.startWith('credential.ab', false));
    const { verifications } = world;
    world.ask({ chain: [new Uint8Array([7])] });
    await setImmediate();
    expect(world.verifications).toBe(verifications + 1);
  });

  it('does not make room among the permits', async () => {
    const world = await decided();
    const permits = world.permits.size;
    for (let stranger = 0; stranger < 30; stranger++) {
      world.ask({ sha256: `s${stranger}` });
      await world.deliverAll();
    }
    expect(world.permits.size).toBe(permits);
    expect(world.cachedPermit).toBeDefined();
    expect(world.refusals.size).toBe(20);
  });
});

describe('authorization', () => {
  it('is asked while the verifier still judges', async () => {
    const world = new SimulatedWorld();
    world.ask();
    await setImmediate();
    expect([world.verifications, world.authorizations]).toEqual([1, 1]);
  });

  it('is asked again when its answer ahead was about another service instance than the verdict names', async () => {
    const world = await decided((each) => each.startWith('credential.ab', false));
    world.time(refusalMs);
    world.change('credential.ab', true);
    const { authorizations } = world;
    // The verifiers know of the change; to authorization the key is still another instance's.
    world.advance(0, 1);
    world.advance(1, 1);
    world.ask();
    await world.deliverAll();
    expect(world.outcomes).toEqual(['unauthenticated', 'permitted']);
    expect(world.authorizations).toBe(authorizations + 2);
  });

  it('is not asked a second time what it said of the service instance, until a record it rests on changes', async () => {
    const world = await decided();
    world.change('credential.ab', true);
    world.applyNext();
    world.advanceServices(1);
    world.ask();
    await setImmediate();
    // Only what is asked ahead: nothing follows the verdict.
    const { authorizations } = world;
    await world.deliver(0);
    expect([world.outcomes, world.authorizations]).toEqual([['permitted', 'permitted'], authorizations]);
    await world.deliverAll();
    world.change('instance.i', false);
    world.applyNext();
    world.advanceServices(1);
    world.ask();
    await world.deliverAll();
    expect(world.outcomes.at(-1)).toBe('forbidden');
  });

  it('is asked in turn again when it was asked ahead for many strangers', async () => {
    const world = await decided();
    for (let stranger = 0; stranger < 30; stranger++) {
      world.ask({ sha256: `s${stranger}` });
      await world.deliverAll();
    }
    expect(world.authorizations).toBeLessThan(10);
    world.time(1_000);
    world.askForHead();
    world.hearHead();
    const { authorizations } = world;
    world.ask({ sha256: 'another' });
    await setImmediate();
    expect(world.authorizations).toBe(authorizations + 1);
  });
});
