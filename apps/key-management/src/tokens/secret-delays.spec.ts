import { describe, expect, it } from '@jest/globals';
import { SecretDelays } from './secret-delays.js';

const minute = 60_000;
const fail = (delays: SecretDelays, times: number, { client = 'c', address = '192.0.2.1', now = 0 } = {}) => {
  for (let count = 0; count < times; count++) delays.failed(client, address, now);
};

describe('the delay after wrong secrets', () => {
  it('begins after three, doubles, and is never longer than a minute', () => {
    const delays = new SecretDelays();
    const waits: number[] = [];
    for (let count = 0; count < 12; count++) {
      fail(delays, 1);
      waits.push(delays.waitMs('c', '192.0.2.1', 0));
    }
    expect(waits).toEqual([0, 0, 0, 1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000, 60_000]);
  });

  it('holds for an address whichever client it asks for', () => {
    const delays = new SecretDelays();
    for (const client of ['a', 'b', 'c', 'd', 'e']) fail(delays, 1, { client });
    expect(delays.waitMs('another', '192.0.2.1', 0)).toBe(2_000);
  });

  it('holds for a client at every address that gave a wrong secret itself', () => {
    const delays = new SecretDelays();
    for (let host = 1; host <= 6; host++) fail(delays, 1, { address: `192.0.2.${host}` });
    expect(delays.waitMs('c', '192.0.2.1', 0)).toBe(4_000);
    expect(delays.waitMs('other', '192.0.2.1', 0)).toBe(0);
  });

  it('ends a minute after the last wrong secret of an address, though strangers go on guessing for its client', () => {
    const delays = new SecretDelays();
    fail(delays, 20, { address: '198.51.100.1' });
    fail(delays, 1);
    expect(delays.waitMs('c', '192.0.2.1', 0)).toBe(minute);
    for (let now = 20_000; now < 3 * minute; now += 20_000) fail(delays, 1, { address: '198.51.100.2', now });
    expect(delays.waitMs('c', '192.0.2.1', minute)).toBe(0);
    expect(delays.waitMs('c', '198.51.100.2', 3 * minute)).toBeGreaterThan(0);
  });

  it('locks nobody out who gave no wrong secret, whatever strangers do', () => {
    const delays = new SecretDelays();
    fail(delays, 1_000);
    expect(delays.waitMs('c', '198.51.100.1', 0)).toBe(0);
  });

  it('is over when it is over, and forgotten a quarter of an hour after the last wrong secret', () => {
    const delays = new SecretDelays();
    fail(delays, 5);
    expect(delays.waitMs('c', '192.0.2.1', 1_999)).toBe(1);
    expect(delays.waitMs('c', '192.0.2.1', 2_000)).toBe(0);
    fail(delays, 1, { now: 14 * minute });
    expect(delays.waitMs('c', '192.0.2.1', 14 * minute)).toBe(4_000);
    fail(delays, 1, { now: 29 * minute });
    expect(delays.waitMs('c', '192.0.2.1', 29 * minute)).toBe(0);
  });

  it('has nobody wait for another IPv4 address, where both come over a listener of IPv6', () => {
    const delays = new SecretDelays();
    fail(delays, 9, { address: '::ffff:192.0.2.1' });
    expect(delays.waitMs('c', '192.0.2.1', 0)).toBe(32_000);
    expect(delays.waitMs('other', '::ffff:192.0.2.2', 0)).toBe(0);
  });

  it('counts the addresses of one IPv6 network as one', () => {
    const delays = new SecretDelays();
    for (let host = 1; host <= 5; host++) fail(delays, 1, { address: `2001:db8::${host}` });
    expect(delays.waitMs('c', '2001:db8::99', 0)).toBe(2_000);
  });
});
