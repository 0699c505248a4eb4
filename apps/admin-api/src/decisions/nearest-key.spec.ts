import { describe, expect, it } from '@jest/globals';
import type { DecisionRecord } from '@sluice/contracts';
import { asksForNearestKey, nearestKey } from './nearest-key.js';

const record: DecisionRecord = {
  id: 'i',
  at: '2026-01-01T00:00:00.000Z',
  outcome: 'denied',
  status: 401,
  reason: 'no-service-key',
  path: '/http/x',
  certificate: { sha256: 'aa', namesDigest: 'dd', serialnumber: '0x2' },
  checks: [],
};
const held = (sha256: string, status: 'active' | 'revoked', serviceKeyName: string) => ({
  sha256,
  serialnumber: '0x1',
  validuntil: '2027-01-01T00:00:00.000Z',
  serviceKeyId: '00000000-0000-4000-8000-000000000000',
  serviceKeyName,
  serviceInstanceId: '00000000-0000-4000-8000-000000000001',
  status,
});

describe('the nearest service key', () => {
  it('is one with the same names and another serial number, and the hint says what to do', () => {
    const hint = nearestKey(record, [held('bb', 'revoked', 'old'), held('cc', 'active', 'current')]);
    expect(hint).toMatch(/service key current .* another serial number: 0x2 was sent, the key has 0x1/);
    expect(hint).toMatch(/renewed/);
  });

  it('is not the key that holds the very certificate', () => {
    expect(nearestKey(record, [held('aa', 'active', 'itself')])).toBeUndefined();
    expect(nearestKey(record, [])).toBeUndefined();
  });

  it('is asked for by denials of a readable certificate alone, and where nothing nearer is known', () => {
    expect(asksForNearestKey(record)).toBe(true);
    expect(asksForNearestKey({ ...record, outcome: 'permitted' })).toBe(false);
    expect(asksForNearestKey({ ...record, nearestMatch: 'the root' })).toBe(false);
    expect(asksForNearestKey({ ...record, certificate: { sha256: 'aa' } })).toBe(false);
  });
});
