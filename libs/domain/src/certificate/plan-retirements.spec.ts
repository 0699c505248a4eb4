import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { planRetirements, type PlannedCredential } from './plan-retirements.js';

const certificate = (id: string, given: Partial<PlannedCredential> = {}): PlannedCredential => ({
  id,
  createdAtMs: 0,
  notAfterMs: 1_000,
  revoked: false,
  putOff: false,
  ...given,
});

const plan = (certificates: readonly PlannedCredential[], now = 0) => [...planRetirements(certificates, now)];

describe('the plan of retirements', () => {
  it('lets a certificate end that has a successor', () => {
    expect(plan([certificate('old', { endsAtMs: 10 }), certificate('new')])).toEqual([]);
  });

  it('puts the end off when the successor is revoked or gone before it', () => {
    expect(plan([certificate('old', { endsAtMs: 10 }), certificate('new', { revoked: true })])).toEqual(['old']);
    expect(plan([certificate('old', { endsAtMs: 10 }), certificate('new', { notAfterMs: 10 })])).toEqual(['old']);
    expect(plan([certificate('old', { endsAtMs: 10 })])).toEqual(['old']);
  });

  it('brings nothing back that has ended', () => {
    expect(plan([certificate('old', { endsAtMs: 10 }), certificate('new', { revoked: true })], 11)).toEqual([]);
  });

  it('says nothing of a schedule that expiry or revocation overtakes', () => {
    expect(plan([certificate('old', { endsAtMs: 2_000 })])).toEqual([]);
    expect(plan([certificate('old', { endsAtMs: 10, revoked: true })])).toEqual([]);
  });

  it('leaves put off what was put off before, also beside another that is usable', () => {
    expect(plan([certificate('old', { endsAtMs: 10, putOff: true }), certificate('new')])).toEqual(['old']);
    expect(plan([certificate('old', { endsAtMs: 10, putOff: true }), certificate('new')], 11)).toEqual(['old']);
  });

  it('puts off nothing for one that has expired, or that ends with its validity', () => {
    expect(plan([certificate('old', { endsAtMs: 10, putOff: true, notAfterMs: 20 })], 20)).toEqual([]);
    expect(plan([certificate('old', { endsAtMs: 10, putOff: true, notAfterMs: 20 })], 21)).toEqual([]);
    expect(plan([certificate('old', { endsAtMs: 20, notAfterMs: 20 })])).toEqual([]);
  });

  it('keeps one of several that end together: the newest', () => {
    const [first, second] = [certificate('1', { endsAtMs: 10 }), certificate('2', { endsAtMs: 10, createdAtMs: 1 })];
    expect(plan([first, second])).toEqual(['2']);
    expect(plan([second, first])).toEqual(['2']);
  });

  it('leaves a key at every scheduled end with another usable certificate, whatever the schedules are', () => {
    const any = fc.record({
      createdAtMs: fc.nat(5),
      notAfterMs: fc.integer({ min: 1, max: 12 }),
      revoked: fc.boolean(),
      endsAtMs: fc.option(fc.nat(12), { nil: undefined }),
      putOff: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(any, { maxLength: 6 }), fc.nat(8), (rows, now) => {
        const certificates = rows.map(({ endsAtMs, ...row }, index) => ({
          ...row,
          id: String(index),
          ...(endsAtMs === undefined ? {} : { endsAtMs }),
        }));
        const kept = planRetirements(certificates, now);
        const endOf = ({ id, endsAtMs, notAfterMs }: PlannedCredential) =>
          Math.min(notAfterMs, kept.has(id) ? Number.POSITIVE_INFINITY : (endsAtMs ?? Number.POSITIVE_INFINITY));
        const live = certificates.filter(
          (one) => !one.revoked && one.notAfterMs > now && !((one.endsAtMs ?? now) < now && !one.putOff),
        );
        for (const one of live) {
          const endedBySchedule = endOf(one) < one.notAfterMs;
          if (endedBySchedule && !live.some((other) => endOf(other) > endOf(one))) {
            // The last to end must end by its own expiry.
            return live.some((other) => endOf(other) === endOf(one) && endOf(other) === other.notAfterMs);
          }
        }
        return true;
      }),
      { numRuns: 2_000 },
    );
  });

  it('puts off no more than it must: without any one of them a key would be left with nothing', () => {
    const now = 0;
    fc.assert(
      fc.property(fc.array(fc.nat(8), { minLength: 1, maxLength: 5 }), (ends) => {
        const certificates = ends.map((endsAtMs, index) =>
          certificate(String(index), { endsAtMs, createdAtMs: index }),
        );
        return planRetirements(certificates, now).size === 1;
      }),
    );
  });
});
