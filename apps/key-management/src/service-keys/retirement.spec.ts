import { describe, expect, it } from '@jest/globals';
import { planRetirements } from '@sluice/domain';
import fc from 'fast-check';
import type { CredentialRow } from './credential.entity.js';
import { endIfUnused, isWatched, scheduleEnd, toPlanned } from './retirement.js';
import { isUsable, scheduledEnd } from './scheduled-end.js';

const day = 86_400_000;
const minute = 60_000;
const now = Date.UTC(2026, 5, 15, 12);
const at = (offset: number): Date => new Date(now + offset);

const rowWith = (more: Partial<CredentialRow> = {}): CredentialRow =>
  ({
    sha256: 'aa',
    status: 'active',
    notAfter: at(90 * day),
    retiresAt: null,
    retireAfterUnusedDays: null,
    postponedAt: null,
    lastUsedAt: null,
    createdAt: at(-30 * day),
    ...more,
  }) as CredentialRow;
const retiring = (more: Partial<CredentialRow> = {}): CredentialRow =>
  rowWith({ status: 'retiring', retiresAt: at(-day), ...more });

const anyDate = fc.integer({ min: -5, max: 5 }).map((days) => at(days * day));
const anyRow = fc
  .record({
    sha256: fc.uuid(),
    status: fc.constantFrom<CredentialRow['status'][]>('active', 'retiring', 'retired', 'revoked'),
    notAfter: anyDate,
    retiresAt: fc.option(anyDate),
    retireAfterUnusedDays: fc.option(fc.nat(3)),
    postponedAt: fc.option(anyDate),
    lastUsedAt: fc.option(anyDate),
    createdAt: anyDate,
  })
  .map(rowWith);

describe('what a rotation does to the certificate before', () => {
  it('ends it with the overlap', () => {
    expect(scheduleEnd(rowWith(), at(day), {}, now)).toEqual(
      rowWith({ status: 'retiring', retiresAt: at(day), retireAfterUnusedDays: null, postponedAt: null }),
    );
  });

  it('lets it wait to be unused where the caller says for how long, none at all included', () => {
    expect(scheduleEnd(rowWith(), at(day), { retireAfterUnusedDays: 0 }, now)).toMatchObject({
      status: 'retiring',
      retiresAt: at(day),
      retireAfterUnusedDays: 0,
    });
  });

  it('makes an end that was set before earlier, never later', () => {
    const row = retiring({ retiresAt: at(2 * day) });
    expect(scheduleEnd(row, at(day), {}, now)).toMatchObject({ retiresAt: at(day) });
    expect(scheduleEnd(row, at(2 * day), { retireAfterUnusedDays: 5 }, now)).toBe(row);
    expect(scheduleEnd(row, at(3 * day), {}, now)).toBe(row);
  });

  it('gives a new end to one that was put off or waits to be unused', () => {
    const putOff = retiring({ postponedAt: at(-1) });
    const waiting = retiring({ retireAfterUnusedDays: 7 });
    for (const row of [putOff, waiting])
      expect(scheduleEnd(row, at(day), {}, now)).toEqual(
        retiring({ retiresAt: at(day), retireAfterUnusedDays: null, postponedAt: null }),
      );
  });

  it('never brings back what has ended, and never gives any more time than it had', () => {
    fc.assert(
      fc.property(anyRow, anyDate, fc.option(fc.nat(3), { nil: undefined }), (row, retiresAt, unused) => {
        const after = scheduleEnd(row, retiresAt, { retireAfterUnusedDays: unused }, now);
        if (!isUsable(row, now)) return after === row;
        const end = scheduledEnd(row);
        return end === null ? after.retiresAt === retiresAt : (after.retiresAt as Date) <= end;
      }),
    );
  });
});

describe('the end of a certificate that was to end once unused', () => {
  const waiting = (more: Partial<CredentialRow> = {}): CredentialRow =>
    retiring({ retireAfterUnusedDays: 7, lastUsedAt: at(-7 * day), ...more });

  it('comes after so many days without use, counted to the millisecond', () => {
    expect(endIfUnused(waiting(), now)).toEqual(waiting({ retiresAt: at(0), retireAfterUnusedDays: null }));
    const seen = waiting({ lastUsedAt: at(-7 * day + 1) });
    expect(endIfUnused(seen, now)).toBe(seen);
  });

  it('counts from when it was made where it was never seen', () => {
    expect(isUsable(endIfUnused(waiting({ lastUsedAt: null, createdAt: at(-7 * day) }), now), now)).toBe(false);
    const young = waiting({ lastUsedAt: null, createdAt: at(-7 * day + 1) });
    expect(endIfUnused(young, now)).toBe(young);
    const seenSince = waiting({ lastUsedAt: at(-day), createdAt: at(-30 * day) });
    expect(endIfUnused(seenSince, now)).toBe(seenSince);
  });

  it('does not come before the overlap is over', () => {
    expect(endIfUnused(waiting({ retiresAt: at(0) }), now)).toMatchObject({ retireAfterUnusedDays: null });
    const early = waiting({ retiresAt: at(1) });
    expect(endIfUnused(early, now)).toBe(early);
  });

  it.each<[string, Partial<CredentialRow>]>([
    ['waits for nothing', { retireAfterUnusedDays: null }],
    ['has no overlap', { retiresAt: null }],
    ['is put off', { postponedAt: at(-day) }],
    ['is revoked', { status: 'revoked' }],
    ['has expired', { notAfter: at(0) }],
  ])('does not come for one that %s', (_what, more) => {
    const row = waiting(more);
    expect(endIfUnused(row, now)).toBe(row);
  });
});

describe('whether not having been seen means something', () => {
  const watch = (since: number, last: number) => ({ since: at(since), last: at(last) });

  it('is so after five minutes of reports without a gap, of which the last is not five minutes old', () => {
    expect(isWatched(watch(-5 * minute, -5 * minute + 1), now)).toBe(true);
    expect(isWatched(watch(-5 * minute + 1, 0), now)).toBe(false);
    expect(isWatched(watch(-day, -5 * minute), now)).toBe(false);
    expect(isWatched(undefined, now)).toBe(false);
  });
});

describe('a certificate as the plan of retirements sees it', () => {
  it('has the end that was set, none while it waits to be unused, and the one that was put off', () => {
    expect(toPlanned(rowWith())).toEqual({
      id: 'aa',
      createdAtMs: now - 30 * day,
      notAfterMs: now + 90 * day,
      revoked: false,
      putOff: false,
    });
    expect(toPlanned(retiring())).toMatchObject({ endsAtMs: now - day, putOff: false, revoked: false });
    expect(toPlanned(retiring({ retireAfterUnusedDays: 0 }))).not.toHaveProperty('endsAtMs');
    expect(toPlanned(retiring({ postponedAt: at(0) }))).toMatchObject({ endsAtMs: now - day, putOff: true });
    for (const status of ['revoked', 'retired'] as const)
      expect(toPlanned(rowWith({ status }))).toMatchObject({ revoked: true });
  });

  it('is left usable by a rotation and the plan together, at every time until the last expires', () => {
    fc.assert(
      fc.property(fc.array(anyRow, { maxLength: 4 }), fc.integer({ min: 0, max: 4 }), (before, days) => {
        const successor = rowWith({ sha256: 'successor', createdAt: at(0), notAfter: at(10 * day) });
        const rows = [successor, ...before.map((row) => scheduleEnd(row, at(days * day), {}, now))];
        const kept = planRetirements(rows.map(toPlanned), now);
        const stored = rows.map((row) => (kept.has(row.sha256) ? { ...row, postponedAt: at(0) } : row));
        for (let time = now; time < successor.notAfter.getTime(); time += day / 2)
          if (!stored.some((row) => isUsable(row, time))) return false;
        return true;
      }),
    );
  });
});
