import { describe, expect, it } from '@jest/globals';
import { DerivationPlaces } from './derivation-places.js';

/** Work that ends when it is told to. */
function held() {
  let end: () => void = () => undefined;
  const ended = new Promise<void>((resolve) => (end = resolve));
  return { work: () => ended, end };
}

describe('the places of derivations', () => {
  it('let so many work, so many wait, and refuse the rest at once', async () => {
    const places = new DerivationPlaces({ atOnce: 1, waiting: 1, ofOne: 9 });
    const first = held();
    const order: string[] = [];
    const one = places.run('a', first.work);
    const two = places.run('b', () => Promise.resolve(order.push('b')));
    expect(places.run('c', () => Promise.resolve(order.push('c')))).toBeUndefined();
    expect(order).toEqual([]);
    first.end();
    await Promise.all([one, two]);
    expect(order).toEqual(['b']);
    await places.run('c', () => Promise.resolve(order.push('c')));
    expect(order).toEqual(['b', 'c']);
  });

  it('leave room for others whatever one asker asks', async () => {
    const places = new DerivationPlaces({ atOnce: 1, waiting: 4, ofOne: 2 });
    const first = held();
    const own = [places.run('a', first.work), places.run('a', () => Promise.resolve())];
    expect(places.run('a', () => Promise.resolve())).toBeUndefined();
    const other = places.run('b', () => Promise.resolve('served'));
    first.end();
    expect(await other).toBe('served');
    await Promise.all(own);
    expect(places.run('a', () => Promise.resolve())).toBeDefined();
  });

  it('are given back by work that fails', async () => {
    const places = new DerivationPlaces({ atOnce: 1, waiting: 0, ofOne: 1 });
    await expect(places.run('a', () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(await places.run('a', () => Promise.resolve('served'))).toBe('served');
  });
});
