import { describe, expect, it } from '@jest/globals';
import type { CredentialRow } from './credential.entity.js';
import { isUsable, scheduledEnd, statusAt } from './scheduled-end.js';

const end = 10_000;
const expiry = 20_000;
const rowWith = (more: Partial<CredentialRow> = {}): CredentialRow =>
  ({
    status: 'active',
    notAfter: new Date(expiry),
    retiresAt: null,
    retireAfterUnusedDays: null,
    postponedAt: null,
    ...more,
  }) as CredentialRow;
const retiring = (more: Partial<CredentialRow> = {}): CredentialRow =>
  rowWith({ status: 'retiring', retiresAt: new Date(end), ...more });

describe('the end of a certificate by schedule', () => {
  it('is the one that was set, and none while it waits to be unused or is put off', () => {
    expect(scheduledEnd(rowWith())).toBeNull();
    expect(scheduledEnd(retiring())).toEqual(new Date(end));
    expect(scheduledEnd(retiring({ retireAfterUnusedDays: 0 }))).toBeNull();
    expect(scheduledEnd(retiring({ postponedAt: new Date(0) }))).toBeNull();
  });
});

describe('whether a certificate grants access', () => {
  it('ends with its validity, whatever the schedule says', () => {
    for (const row of [rowWith(), retiring({ postponedAt: new Date(0) }), retiring({ retireAfterUnusedDays: 3 })]) {
      expect(isUsable(row, expiry - 1)).toBe(true);
      expect(isUsable(row, expiry)).toBe(false);
    }
  });

  it('ends at the scheduled time itself, with nothing written', () => {
    expect(isUsable(retiring(), end - 1)).toBe(true);
    expect(isUsable(retiring(), end)).toBe(false);
  });

  it.each(['revoked', 'retired'] as const)('ended with the status %s', (status) => {
    expect(isUsable(rowWith({ status }), 0)).toBe(false);
  });
});

describe('the status of a certificate at a time', () => {
  it.each([
    ['active until it expires', rowWith(), expiry, 'active'],
    ['expired after that', rowWith(), expiry + 1, 'expired'],
    ['retiring until its end', retiring(), end - 1, 'retiring'],
    ['retired from its end on, with nothing written', retiring(), end, 'retired'],
    ['retired when that is written', rowWith({ status: 'retired' }), 0, 'retired'],
    ['retiring past its end while that is put off', retiring({ postponedAt: new Date(0) }), end, 'retiring'],
    ['retiring past its end while it waits to be unused', retiring({ retireAfterUnusedDays: 1 }), end, 'retiring'],
    ['expired rather than retired', retiring(), expiry + 1, 'expired'],
    ['revoked rather than expired', rowWith({ status: 'revoked' }), expiry + 1, 'revoked'],
  ] as const)('is %s', (_what, row, at, status) => {
    expect(statusAt(row, at)).toBe(status);
  });
});
