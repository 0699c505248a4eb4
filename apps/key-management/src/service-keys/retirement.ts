import type { PlannedCredential } from '@sluice/domain';
import { isUsable, scheduledEnd, type Lifetime } from './scheduled-end.js';

export interface RetirementOptions {
  /** Absent: those before end with the overlap, used or not. */
  readonly retireAfterUnusedDays?: number | undefined;
}

const day = 86_400_000;
/** Longer than a runtime needs to deliver what it kept while it could not report. */
const settlingMs = 5 * 60_000;

/**
 * What a rotation does to a certificate or secret that was there before: it ends when the overlap does (`retiresAt`), or later, when it was
 * not seen for so many days. An end that was set before is never made later; one that was put off, or waits to be unused, gets the
 * new one. The row itself where nothing changes.
 * @param now milliseconds since 1970
 */
export function scheduleEnd<Row extends Lifetime>(
  row: Row,
  retiresAt: Date,
  { retireAfterUnusedDays }: RetirementOptions,
  now: number,
): Row {
  if (!isUsable(row, now)) return row;
  const end = scheduledEnd(row);
  if (end && end <= retiresAt) return row;
  return {
    ...row,
    status: 'retiring',
    retiresAt,
    retireAfterUnusedDays: retireAfterUnusedDays ?? null,
    postponedAt: null,
  };
}

/**
 * Ends now a certificate or secret that was to end once unused, was not seen for so long, and whose overlap is over. The row itself where
 * that is not so. The query of `RetireUnused` says the same of rows that were not read.
 * @param now milliseconds since 1970
 */
export function endIfUnused<Row extends Lifetime>(row: Row, now: number): Row {
  if (row.retireAfterUnusedDays === null || !row.retiresAt || !isUsable(row, now) || row.postponedAt) return row;
  const seen = (row.lastUsedAt ?? row.createdAt).getTime();
  if (row.retiresAt.getTime() > now || seen > now - row.retireAfterUnusedDays * day) return row;
  return { ...row, retiresAt: new Date(now), retireAfterUnusedDays: null };
}

/**
 * Whether not having been seen means something: reports of use have come without a gap for a while, and still come.
 * @param watch since when they came without a gap, and the last; undefined: none ever came
 * @param now milliseconds since 1970
 */
export function isWatched(watch: { readonly since: Date; readonly last: Date } | undefined, now: number): boolean {
  return watch !== undefined && watch.last.getTime() > now - settlingMs && watch.since.getTime() <= now - settlingMs;
}

/** A certificate or secret as `planRetirements` looks at it. */
export function toPlanned(row: Lifetime & ({ readonly sha256: string } | { readonly id: string })): PlannedCredential {
  return {
    id: 'sha256' in row ? row.sha256 : row.id,
    createdAtMs: row.createdAt.getTime(),
    notAfterMs: row.notAfter?.getTime() ?? Number.POSITIVE_INFINITY,
    revoked: row.status === 'revoked' || row.status === 'retired',
    putOff: row.postponedAt !== null,
    ...(row.retiresAt && row.retireAfterUnusedDays === null ? { endsAtMs: row.retiresAt.getTime() } : {}),
  };
}
