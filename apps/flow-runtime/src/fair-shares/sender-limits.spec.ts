import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { SenderLimits } from './sender-limits.js';

const none = { requestsPerSecond: 0, burst: 1, concurrentMessages: 0 };

describe('the limits of a sender', () => {
  it('lets a burst through, then as many as the rate allows', () => {
    let now = 0;
    const limits = new SenderLimits({ ...none, requestsPerSecond: 2, burst: 3 }, () => now);
    const passed = () => limits.enter('a') === undefined;
    expect([passed(), passed(), passed(), passed()]).toEqual([true, true, true, false]);
    now = 499;
    expect(passed()).toBe(false);
    now = 500;
    expect([passed(), passed()]).toEqual([true, false]);
    now = 100_000;
    expect([passed(), passed(), passed(), passed()]).toEqual([true, true, true, false]);
  });

  it('lets through what a bucket with tokens would, each owner by itself', () => {
    const world = fc.record({
      // These divide a second into whole milliseconds.
      requestsPerSecond: fc.constantFrom(1, 2, 4, 5, 10, 100, 1_000),
      burst: fc.integer({ min: 1, max: 20 }),
      requests: fc.array(fc.record({ afterMs: fc.nat({ max: 700 }), owner: fc.constantFrom('a', 'b', 'c') }), {
        maxLength: 300,
      }),
    });
    fc.assert(
      fc.property(world, ({ requestsPerSecond, burst, requests }) => {
        let now = 0;
        const limits = new SenderLimits({ ...none, requestsPerSecond, burst }, () => now);
        // In thousandths of a token.
        const tokens = new Map<string, { left: number; at: number }>();
        for (const { afterMs, owner } of requests) {
          now += afterMs;
          const bucket = tokens.get(owner) ?? { left: burst * 1_000, at: now };
          bucket.left = Math.min(burst * 1_000, bucket.left + (now - bucket.at) * requestsPerSecond);
          bucket.at = now;
          tokens.set(owner, bucket);
          const expected = bucket.left >= 1_000;
          if (expected) bucket.left -= 1_000;
          expect(limits.enter(owner) === undefined).toBe(expected);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('tells in how many seconds to come again, and come then is let in', () => {
    let now = 0;
    const limits = new SenderLimits({ requestsPerSecond: 1, burst: 5, concurrentMessages: 7 }, () => now);
    for (let request = 0; request < 5; request++) limits.enter('a');
    now = 300;
    expect(limits.enter('a')).toMatchObject({ limit: 'rate', retryAfterSeconds: 1, rateLimit: '"requests";r=0;t=1' });
    now = 1_300;
    expect(limits.enter('a')).toBeUndefined();
    expect(limits.policy).toBe('"requests";q=5;w=5, "messages";q=7;qu="concurrent-requests"');
  });

  it('counts messages under way, and forgets who has none', () => {
    const limits = new SenderLimits({ ...none, concurrentMessages: 2 }, () => 0);
    expect([limits.enter('a'), limits.enter('a'), limits.enter('b')]).toEqual([undefined, undefined, undefined]);
    expect(limits.enter('a')).toMatchObject({
      limit: 'concurrency',
      retryAfterSeconds: 1,
      rateLimit: '"messages";r=0',
    });
    limits.leave('a');
    expect(limits.enter('a')).toBeUndefined();
    for (const owner of ['a', 'a', 'b']) limits.leave(owner);
    expect(limits.remembered).toBe(0);
  });

  it('remembers no more owners than it may, and nobody who has been quiet for long', () => {
    let now = 0;
    const limits = new SenderLimits({ ...none, requestsPerSecond: 10, burst: 10 }, () => now, 100);
    for (let owner = 0; owner < 10_000; owner++) {
      limits.enter(`${owner}`);
      expect(limits.remembered).toBeLessThanOrEqual(200);
    }
    for (const at of [1_000, 2_000]) {
      now = at;
      limits.enter('late');
    }
    expect(limits.remembered).toBeLessThanOrEqual(2);
  });
});
