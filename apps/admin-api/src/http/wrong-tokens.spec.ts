import { beforeEach, describe, expect, it } from '@jest/globals';
import { WrongTokens } from './wrong-tokens.js';

let now: number;
let tokens: WrongTokens;
beforeEach(() => {
  now = 1_000_000;
  tokens = new WrongTokens(() => now);
});

const waits = (address: string, digest = 'guess'): number => {
  try {
    tokens.admit(address, digest);
    return 0;
  } catch (error) {
    expect(error).toMatchObject({ code: 'too-many-attempts' });
    return (error as { details: { retryAfterSeconds: number } }).details.retryAfterSeconds;
  }
};
const fail = (address: string, times: number) => {
  for (let index = 0; index < times; index++) tokens.wrong(address, 'guess');
};

describe('who tries tokens', () => {
  it('has some tries, then waits, and twice as long after each further one, to an end', () => {
    fail('192.0.2.1', 9);
    expect(waits('192.0.2.1')).toBe(0);
    const delays = Array.from({ length: 12 }, () => {
      fail('192.0.2.1', 1);
      const seconds = waits('192.0.2.1');
      now += seconds * 1_000;
      expect(waits('192.0.2.1')).toBe(0);
      return seconds;
    });
    expect(delays).toEqual([1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300]);
  });

  it('is forgotten a quarter of an hour after the last', () => {
    fail('192.0.2.1', 12);
    now += 15 * 60_000 + 1;
    expect(waits('192.0.2.1')).toBe(0);
    fail('192.0.2.1', 1);
    expect(waits('192.0.2.1')).toBe(0);
  });

  it('is nobody at another address, but everybody in one network of IPv6', () => {
    fail('2001:db8::1', 10);
    for (const same of ['2001:db8::ffff:1', '2001:0db8:0:0:1:2:3:4', '2001:db8::1%eth0']) expect(waits(same)).toBe(1);
    for (const other of ['2001:db8:0:1::1', '192.0.2.1', '::1']) expect(waits(other)).toBe(0);
    fail('::ffff:192.0.2.9', 10);
    expect([waits('192.0.2.9'), waits('192.0.2.10')]).toEqual([1, 0]);
  });

  it('keeps nobody out who had a right token within the hour, even behind the same address', () => {
    tokens.right('good');
    fail('192.0.2.1', 20);
    expect([waits('192.0.2.1', 'good'), waits('192.0.2.1')]).toEqual([0, 300]);
    tokens.wrong('192.0.2.1', 'good');
    expect(waits('192.0.2.1', 'good')).toBe(300);
    tokens.right('other');
    fail('192.0.2.1', 20);
    now += 60 * 60_000 + 1;
    fail('192.0.2.1', 20);
    expect(waits('192.0.2.1', 'other')).toBe(300);
  });

  it('is remembered in room that does not grow', () => {
    fail('192.0.2.1', 20);
    for (let index = 0; index < 10_000; index++) fail(`10.${index >> 16}.${(index >> 8) & 255}.${index & 255}`, 1);
    expect(waits('192.0.2.1')).toBe(0);
  });
});
