import { describe, expect, it } from '@jest/globals';
import { isTrustRecord, RefusalCache } from './refusal-cache.js';

const basis = (trustAsOf: number, ...keys: string[]) => ({
  dependencies: keys.map((key) => ({ key, sequence: 1 })),
  trustAsOf,
});

function kept(keptMs = 100) {
  const world = { clock: 0 };
  const cache = new RefusalCache<string>(3, keptMs, () => world.clock);
  return { world, cache };
}

describe('the cache of refusals', () => {
  it('keeps a refusal for its time, to the millisecond', () => {
    const { world, cache } = kept();
    cache.store('q', 'no', basis(0));
    world.clock = 99;
    expect([cache.get('q'), cache.hits]).toEqual(['no', 1]);
    world.clock = 100;
    expect([cache.get('q'), cache.size, cache.hits]).toEqual([undefined, 0, 1]);
  });

  it('keeps nothing when it is to keep for no time', () => {
    const { cache } = kept(0);
    cache.store('q', 'no', basis(0));
    expect(cache.size).toBe(0);
  });

  it('drops a refusal with a change of a record that was looked at', () => {
    const { cache } = kept();
    cache.store('q', 'no', basis(0, 'credential.ab'));
    cache.changed('credential.cd', 2);
    expect(cache.get('q')).toBe('no');
    cache.changed('credential.ab', 2);
    expect(cache.get('q')).toBeUndefined();
  });

  it.each(['root.r', 'ca.c'])('drops a refusal with a later change of the trust list: %s', (key) => {
    const { cache } = kept();
    cache.store('q', 'no', basis(5));
    cache.changed(key, 5);
    expect(cache.get('q')).toBe('no');
    cache.changed(key, 6);
    expect([cache.get('q'), cache.size]).toEqual([undefined, 0]);
  });

  it('does not keep a refusal that was judged by an older trust list than the one known', () => {
    const { cache } = kept();
    cache.changed('root.r', 6);
    // One that comes late changes nothing.
    cache.changed('root.s', 4);
    cache.store('early', 'no', basis(5));
    cache.store('same', 'no', basis(6));
    expect(cache.size).toBe(1);
    expect([cache.get('early'), cache.get('same')]).toEqual([undefined, 'no']);
  });

  it('begins anew with another epoch, whose sequences are smaller', () => {
    const { cache } = kept();
    cache.changed('root.r', 6);
    cache.store('q', 'no', basis(6));
    cache.clear();
    expect(cache.get('q')).toBeUndefined();
    cache.store('q', 'no', basis(1));
    expect(cache.get('q')).toBe('no');
  });

  it('takes roots and CAs for the trust list, and nothing whose name only resembles theirs', () => {
    const keys = ['root.r', 'ca.c', 'credential.x', 'a.root.r', 'a.ca.c', 'role.root.'];
    expect(keys.map(isTrustRecord)).toEqual([true, true, false, false, false, false]);
  });
});
