import type { CredentialRow } from './credential.entity.js';

/** When a certificate ends by schedule; null while it has none, waits to be unused, or its end is put off. */
export function scheduledEnd(
  row: Pick<CredentialRow, 'retiresAt' | 'retireAfterUnusedDays' | 'postponedAt'>,
): Date | null {
  return row.retireAfterUnusedDays === null && row.postponedAt === null ? row.retiresAt : null;
}

/** Whether a certificate grants access at a time (milliseconds since 1970). */
export function isUsable(row: CredentialRow, now: number): boolean {
  if (row.status === 'revoked' || row.status === 'retired' || row.notAfter.getTime() <= now) return false;
  const end = scheduledEnd(row);
  return end === null || end.getTime() > now;
}

/** Status of a certificate at a time: what ends by the clock is not written anywhere when it ends. */
export function statusAt(
  row: Pick<CredentialRow, 'status' | 'notAfter' | 'retiresAt' | 'retireAfterUnusedDays' | 'postponedAt'>,
  now: number,
): CredentialRow['status'] | 'expired' {
  if (row.status === 'revoked') return 'revoked';
  if (row.notAfter.getTime() < now) return 'expired';
  const end = scheduledEnd(row);
  return end && end.getTime() <= now ? 'retired' : row.status;
}
