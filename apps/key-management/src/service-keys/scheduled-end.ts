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
