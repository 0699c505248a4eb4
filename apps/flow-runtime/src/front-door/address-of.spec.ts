import { describe, expect, it } from '@jest/globals';
import type { IncomingMessage } from 'node:http';
import { addressOf } from './address-of.js';

const from = (forwarded: string | undefined, proxied: boolean) =>
  addressOf(
    {
      socket: { remoteAddress: '10.0.0.1' },
      headers: forwarded === undefined ? {} : { 'x-forwarded-for': forwarded },
    } as unknown as IncomingMessage,
    proxied,
  );

describe('where a request came from', () => {
  it('is the peer, whatever it says itself', () => {
    expect(from('203.0.113.9', false)).toBe('10.0.0.1');
    expect(from(undefined, true)).toBe('10.0.0.1');
  });

  it('behind a load balancer is what that one added last', () => {
    expect(from('203.0.113.9', true)).toBe('203.0.113.9');
    expect(from('198.51.100.1, 203.0.113.9', true)).toBe('203.0.113.9');
    expect(from('2001:db8::1', true)).toBe('2001:db8::1');
    for (const nonsense of ['', 'x', '203.0.113.9:80', `fe80::1%${'z'.repeat(80)}`])
      expect(from(nonsense, true)).toBe('10.0.0.1');
  });
});
