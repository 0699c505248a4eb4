import { describe, expect, it } from '@jest/globals';
import { CsrfTokens } from './csrf-tokens.js';

const caller = 'a'.repeat(64);
const start = Date.parse('2026-11-24T10:00:00Z');

function fetched(tokens: CsrfTokens, flowId = 'orders', sha256 = caller): string {
  const verdict = tokens.judge('GET', 'Fetch', flowId, sha256);
  if (!('token' in verdict)) throw new Error('There is no token.');
  return verdict.token;
}

describe('CSRF protection', () => {
  let time = start;
  const tokens = new CsrfTokens(Buffer.from('shared'), () => time);
  const allowed = (token: string | undefined, flowId = 'orders', sha256 = caller, method = 'POST') =>
    (tokens.judge(method, token, flowId, sha256) as { allowed: boolean }).allowed;

  it.each(['POST', 'PUT', 'PATCH', 'DELETE', 'get'])('asks for a token on %s', (method) => {
    const token = fetched(tokens);
    expect([allowed(undefined, 'orders', caller, method), allowed('fetch', 'orders', caller, method)]).toEqual([
      false,
      false,
    ]);
    expect(allowed(token, 'orders', caller, method)).toBe(true);
  });

  it('lets methods through that change nothing', () => {
    expect(tokens.judge('GET', undefined, 'orders', caller)).toEqual({ allowed: true });
    expect(tokens.judge('HEAD', 'anything', 'orders', caller)).toEqual({ allowed: true });
  });

  it('takes a token from its caller, for its flow, until it expires', () => {
    const token = fetched(tokens);
    expect(allowed(token, 'other')).toBe(false);
    expect(allowed(token, 'orders', 'b'.repeat(64))).toBe(false);
    time = start + 30 * 60_000 - 1;
    expect(allowed(token)).toBe(true);
    time = start + 30 * 60_000;
    expect(allowed(token)).toBe(false);
    time = start;
  });

  it('takes a token of another runtime with the same secret, and of no other', () => {
    expect(allowed(fetched(new CsrfTokens(Buffer.from('shared'), () => time)))).toBe(true);
    expect(allowed(fetched(new CsrfTokens(Buffer.from('another'), () => time)))).toBe(false);
  });

  it('refuses a token of which any byte was changed, or cut', () => {
    const bytes = Buffer.from(fetched(tokens), 'base64url');
    for (let index = 0; index < bytes.length; index++) {
      const changed = Buffer.from(bytes);
      changed.writeUInt8(bytes.readUInt8(index) ^ 1, index);
      expect(allowed(changed.toString('base64url'))).toBe(false);
    }
    expect(allowed(bytes.subarray(1).toString('base64url'))).toBe(false);
    expect(allowed('')).toBe(false);
  });
});
