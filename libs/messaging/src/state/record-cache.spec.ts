import { describe, expect, it } from '@jest/globals';
import { RecordCache } from './record-cache.js';

const full = (capacity: number) => {
  const cache = new RecordCache<number>(capacity);
  for (let index = 0; index < capacity; index++) cache.set(String(index), index);
  return cache;
};
const held = (cache: RecordCache<number>, keys: readonly string[]) => keys.filter((key) => cache.has(key));

describe('the cache of fetched records', () => {
  it('drops what was used longest ago, where reading and writing are both uses', () => {
    const cache = full(4);
    expect(cache.get('0')).toBe(0);
    cache.set('1', 10);
    cache.set('new', 4);
    cache.set('newer', 5);
    expect(held(cache, ['0', '1', '2', '3', 'new', 'newer'])).toEqual(['0', '1', 'new', 'newer']);
    expect([cache.get('1'), cache.size]).toEqual([10, 4]);
  });

  it('keeps its order when entries are taken out of it, wherever they stood', () => {
    for (const gone of ['0', '1', '2']) {
      const cache = full(3);
      cache.delete(gone);
      cache.delete('never there');
      for (const key of ['a', 'b']) cache.set(key, 0);
      const left = ['0', '1', '2'].filter((key) => key !== gone);
      expect(held(cache, ['0', '1', '2', 'a', 'b'])).toEqual([left[1], 'a', 'b']);
    }
  });

  it('begins anew when it is cleared, and holds nothing without a capacity', () => {
    const cache = full(2);
    cache.clear();
    for (const key of ['a', 'b', 'c']) cache.set(key, 0);
    expect([held(cache, ['0', '1', 'a', 'b', 'c']), cache.size]).toEqual([['b', 'c'], 2]);
    const none = new RecordCache<number>(0);
    none.set('a', 1);
    expect([none.get('a'), none.size]).toEqual([undefined, 0]);
  });
});
