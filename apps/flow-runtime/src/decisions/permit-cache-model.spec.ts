import { describe, expect, it } from '@jest/globals';
import type { Dependency } from '@sluice/domain';
import fc from 'fast-check';
import type { Endpoint } from '../flows/deployed-flows.js';
import { PermitCache, type Permit } from './permit-cache.js';

const endpoints = ['f', 'g', 'h'].map((flowId) => ({ flowId, endpointId: 's' }) as unknown as Endpoint);
const capacity = 4;

interface Entry {
  readonly certificate: string;
  readonly endpoint: Endpoint;
  readonly dependencies: readonly Dependency[];
  readonly permit: Permit;
  /** Keys of its records of which a newer one is known. */
  readonly fallen: Set<string>;
}

/** What the cache promises, written down as slowly and plainly as can be. */
class Model {
  /** The one used longest ago first. */
  entries: Entry[] = [];
  hits = 0;
  misses = 0;
  evictions = 0;

  /** The newest sequence of a record on which something rests that has not fallen by it. */
  #known(key: string): number | undefined {
    const sequences = this.entries
      .filter(({ fallen }) => !fallen.has(key))
      .flatMap(({ dependencies }) => dependencies.filter((each) => each.key === key).map(({ sequence }) => sequence));
    return sequences.length > 0 ? Math.max(...sequences) : undefined;
  }

  get grounds(): number {
    const keys = new Set(this.entries.flatMap(({ dependencies }) => dependencies.map(({ key }) => key)));
    return [...keys].filter((key) => this.#known(key) !== undefined).length;
  }

  accepts(dependencies: readonly Dependency[]): boolean {
    return dependencies.every(({ key, sequence }) => (this.#known(key) ?? -1) <= sequence);
  }

  store(certificate: string, endpoint: Endpoint, dependencies: readonly Dependency[], permit: Permit): void {
    for (const { key, sequence } of dependencies) this.changed(key, sequence);
    this.entries = this.entries.filter((each) => each.certificate !== certificate || each.endpoint !== endpoint);
    this.entries.push({ certificate, endpoint, dependencies, permit, fallen: new Set() });
    if (this.entries.length <= capacity) return;
    this.entries.shift();
    this.evictions++;
  }

  changed(key: string, sequence: number): void {
    for (const { dependencies, fallen } of this.entries)
      if (dependencies.some((each) => each.key === key && each.sequence < sequence)) fallen.add(key);
  }

  use(permit: Permit | undefined): boolean {
    const entry = this.entries.find((each) => each.permit === permit);
    if (!entry || entry.fallen.size > 0) {
      this.misses++;
      return false;
    }
    this.hits++;
    this.entries = [...this.entries.filter((each) => each !== entry), entry];
    return true;
  }
}

const certificate = fc.constantFrom('a', 'b', 'c');
const endpoint = fc.constantFrom(...endpoints);
const key = fc.constantFrom('role.A', 'instance.i', 'credential.c');
const sequence = fc.integer({ min: 0, max: 6 });
const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      type: fc.constant('store' as const),
      certificate,
      endpoint,
      at: fc.dictionary(key, sequence),
    }),
  },
  { weight: 4, arbitrary: fc.record({ type: fc.constant('get' as const), certificate, endpoint }) },
  { weight: 4, arbitrary: fc.record({ type: fc.constant('use' as const), which: fc.nat(30) }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('change' as const), key, sequence }) },
  { weight: 1, arbitrary: fc.constant({ type: 'clear' as const }) },
);

describe('the cache of permits', () => {
  it('does what the plainest cache would do, whatever is stored, used and changed', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60, size: 'max' }), (steps) => {
        const cache = new PermitCache(capacity);
        const model = new Model();
        const given: Permit[] = [];
        for (const each of steps) {
          if (each.type === 'store') {
            const dependencies = Object.entries(each.at).map(([name, at]) => ({ key: name, sequence: at }));
            const accepted = model.accepts(dependencies);
            const { certificate: shown } = each;
            const permit = cache.store({
              shown,
              endpoint: each.endpoint,
              caller: { subjectdn: shown },
              validUntilMs: given.length,
              dependencies,
            });
            expect(permit !== undefined).toBe(accepted);
            if (!permit) continue;
            expect(permit).toMatchObject({ shown, caller: { subjectdn: shown }, usedAtMs: 0 });
            expect([permit.endpoint, permit.validUntilMs]).toEqual([each.endpoint, given.length]);
            given.push(permit);
            model.store(shown, each.endpoint, dependencies, permit);
          } else if (each.type === 'get') {
            const found = model.entries.find(
              (entry) => entry.certificate === each.certificate && entry.endpoint === each.endpoint,
            )?.permit;
            expect(cache.get(each.certificate, each.endpoint)).toBe(model.use(found) ? found : undefined);
          } else if (each.type === 'use') {
            const permit = given[each.which % Math.max(1, given.length)];
            if (permit) expect(cache.use(permit)).toBe(model.use(permit));
          } else if (each.type === 'change') {
            cache.changed(each.key, each.sequence);
            model.changed(each.key, each.sequence);
          } else {
            cache.clear();
            model.entries = [];
          }
          const { hits, misses, evictions, grounds, entries } = model;
          const names = ['a', 'b', 'c'];
          expect([cache.size, cache.statistics, names.filter((name) => cache.knows(name))]).toEqual([
            entries.length,
            { entries: entries.length, hits, misses, evictions, grounds },
            names.filter((name) => entries.some((entry) => entry.certificate === name)),
          ]);
        }
      }),
      { numRuns: 200 },
    );
  });
});
