import { describe, expect, it } from '@jest/globals';
import type { Dependency } from '@sluice/domain';
import type { Endpoint } from '../flows/deployed-flows.js';
import { PermitCache } from './permit-cache.js';

const endpoint = { flowId: 'f', endpointId: 'sender' } as unknown as Endpoint;
const given = (shown: string, dependencies: Dependency[] = [], at = endpoint) => ({
  shown,
  endpoint: at,
  caller: { subjectdn: '' },
  validUntilMs: 1,
  dependencies,
});

describe('the cache of permits', () => {
  it('ends a permit when a record it rests on changes after it was read, and not when an older change comes late', () => {
    const cache = new PermitCache(10);
    const permit = cache.store(given('a', [{ key: 'instance.i', sequence: 5 }]));
    if (!permit) throw new Error('it was not stored');
    cache.changed('instance.i', 5);
    cache.changed('instance.other', 9);
    expect(cache.use(permit)).toBe(true);
    cache.changed('instance.i', 6);
    expect(cache.use(permit)).toBe(false);
    expect(cache.get('a', endpoint)).toBeUndefined();
    expect(cache.knows('a')).toBe(true);
  });

  it('ends every permit that rests on one record by one change', () => {
    const cache = new PermitCache(100);
    for (let caller = 0; caller < 50; caller++) cache.store(given(`c${caller}`, [{ key: 'role.A', sequence: 1 }]));
    cache.changed('role.A', 2);
    for (let caller = 0; caller < 50; caller++) expect(cache.get(`c${caller}`, endpoint)).toBeUndefined();
  });

  it('takes an answer that rests on a newer record as proof that the older ones have fallen, and takes no older one', () => {
    const cache = new PermitCache(10);
    const old = cache.store(given('a', [{ key: 'role.A', sequence: 1 }]));
    const newer = cache.store(given('b', [{ key: 'role.A', sequence: 2 }]));
    if (!old || !newer) throw new Error('they were not stored');
    expect([cache.use(old), cache.use(newer)]).toEqual([false, true]);
    expect(cache.store(given('c', [{ key: 'role.A', sequence: 1 }]))).toBeUndefined();
  });

  it('holds no more than its capacity: the one used longest ago makes room, and is dead wherever it is held', () => {
    const cache = new PermitCache(2);
    const [a, b] = [cache.store(given('a')), cache.store(given('b'))];
    if (!a || !b) throw new Error('they were not stored');
    expect(cache.use(a)).toBe(true);
    cache.store(given('c'));
    expect([cache.use(a), cache.use(b)]).toEqual([true, false]);
    expect(cache.size).toBe(2);
    expect(cache.statistics).toMatchObject({ entries: 2, evictions: 1, hits: 2, misses: 1 });
  });

  it('keeps the permits of one certificate for several endpoints apart', () => {
    const cache = new PermitCache(3);
    const other = { flowId: 'g', endpointId: 'sender' } as unknown as Endpoint;
    cache.store(given('a', [{ key: 'flow.f', sequence: 1 }]));
    cache.store(given('a', [{ key: 'flow.g', sequence: 1 }], other));
    cache.changed('flow.f', 2);
    expect([cache.get('a', endpoint), cache.get('a', other)?.endpoint]).toEqual([undefined, other]);
    cache.store(given('b'));
    cache.store(given('c'));
    expect(cache.get('a', other)?.endpoint).toBe(other);
    expect(cache.size).toBe(3);
  });

  it.each([
    [0, 1, 2],
    [1, 0, 2],
    [2, 1, 0],
    [1, 2, 0],
  ])('forgets a certificate when its last permit made room, in the order %i %i %i', (...order) => {
    const cache = new PermitCache(3);
    const endpoints = ['f', 'g', 'h'].map((flowId) => ({ flowId }) as unknown as Endpoint);
    const permits = endpoints.map((each) => cache.store(given('a', [], each)));
    for (const index of order) cache.use(permits[index] as NonNullable<(typeof permits)[number]>);
    order.forEach((index, turn) => {
      expect(cache.knows('a')).toBe(true);
      cache.store(given(`other${turn}`));
      expect(cache.get('a', endpoints[index] as Endpoint)).toBeUndefined();
    });
    expect(cache.knows('a')).toBe(false);
  });

  it('forgets the records that nothing rests on any more', () => {
    const cache = new PermitCache(2);
    for (let caller = 0; caller < 10; caller++) {
      cache.store(
        given(
          `c${caller}`,
          [`credential.c${caller}`, 'role.A'].map((key) => ({ key, sequence: 1 })),
        ),
      );
    }
    expect(cache.statistics.grounds).toBe(3);
  });

  it('ends everything when it is cleared, also what a connection still points at, and goes on', () => {
    const cache = new PermitCache(2);
    const before = cache.store(given('a'));
    if (!before) throw new Error('it was not stored');
    cache.clear();
    expect([cache.use(before), cache.size]).toEqual([false, 0]);
    for (const caller of ['a', 'b', 'c']) cache.store(given(caller));
    expect([cache.use(before), cache.size]).toEqual([false, 2]);
  });
});
