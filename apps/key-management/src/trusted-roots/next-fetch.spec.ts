import { describe, expect, it } from '@jest/globals';
import { nextFetchAt, retryFetchAt } from './next-fetch.js';

const hour = 3_600_000;
const minutes = (date: Date) => date.getTime() / 60_000;

describe('the next fetch of a CRL', () => {
  it('comes after the interval, give or take a tenth', () => {
    expect(minutes(nextFetchAt(0, hour, undefined, 0))).toBeCloseTo(54);
    expect(minutes(nextFetchAt(0, hour, 100 * hour, 0.5))).toBeCloseTo(60);
    expect(minutes(nextFetchAt(0, hour, 100 * hour, 1))).toBeCloseTo(66);
  });

  it('comes before the CRL in force ends, but not every moment near its end', () => {
    expect(minutes(nextFetchAt(0, hour, 0.5 * hour, 1))).toBeLessThan(30);
    expect(minutes(nextFetchAt(0, hour, 1_000, 0))).toBeCloseTo(0.9);
  });

  it('comes ever more rarely after failures, up to the interval', () => {
    expect([1, 2, 3, 60].map((failures) => minutes(retryFetchAt(0, hour, failures, 0.5)))).toEqual([1, 2, 4, 60]);
  });
});
