import { describe, expect, it } from '@jest/globals';
import { createHash } from 'node:crypto';
import { generator, mutated } from './mutate.js';

const original = Buffer.from('<orders><order id="1">some text</order></orders>'.repeat(20));
const mutants = (seed: number) => {
  const random = generator(seed);
  return Array.from({ length: 200 }, () => mutated(original, random));
};
const digests = (seed: number) => mutants(seed).map((mutant) => createHash('sha256').update(mutant).digest('hex'));

describe('mutants', () => {
  it('are the same for the same seed, and others for another', () => {
    expect(digests(7)).toEqual(digests(7));
    expect(digests(7)).not.toEqual(digests(8));
  });

  it('are shorter, as long and longer, never larger than 2 MB, and hardly ever what they were made of', () => {
    const all = mutants(1);
    const same = all.filter((mutant) => mutant.equals(original)).length;
    expect(same).toBeLessThan(10);
    for (const has of [
      (length: number) => length < original.length,
      (length: number) => length === original.length,
      (length: number) => length > 10 * original.length,
    ])
      expect(all.some(({ length }) => has(length))).toBe(true);
    expect(Math.max(...all.map(({ length }) => length))).toBeLessThanOrEqual(2 * 1_048_576);
  });

  it('leave what they are made of as it was', () => {
    const before = Buffer.from(original);
    mutants(3);
    expect(original.equals(before)).toBe(true);
  });
});
