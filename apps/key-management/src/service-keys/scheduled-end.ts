import type { CredentialRow } from './credential.entity.js';

/** Of a certificate or secret of a key: what its end depends on. */
export type Lifetime = Pick<
  CredentialRow,
  'status' | 'retiresAt' | 'retireAfterUnusedDays' | 'postponedAt' | 'lastUsedAt' | 'createdAt'
> & {
  /** Null for a secret that does not expire. */
  readonly notAfter: Date | null;
};

/** When it ends by schedule; null while it has none, waits to be unused, or its end is put off. */
export function scheduledEnd(row: Pick<Lifetime, 'retiresAt' | 'retireAfterUnusedDays' | 'postponedAt'>): Date | null {
  return row.retireAfterUnusedDays === null && row.postponedAt === null ? row.retiresAt : null;
}

/** Whether it grants access at a time (milliseconds since 1970). */
export function isUsable(row: Omit<Lifetime, 'lastUsedAt' | 'createdAt'>, now: number): boolean {
  if (row.status === 'revoked' || row.status === 'retired' || (row.notAfter && row.notAfter.getTime() <= now))
    return false;
  const end = scheduledEnd(row);
  return end === null || end.getTime() > now;
}

/** Its status at a time: what ends by the clock is not written anywhere when it ends. */
export function statusAt(
  row: Omit<Lifetime, 'lastUsedAt' | 'createdAt'>,
  now: number,
): CredentialRow['status'] | 'expired' {
  if (row.status === 'revoked') return 'revoked';
  if (row.notAfter && row.notAfter.getTime() < now) return 'expired';
  const end = scheduledEnd(row);
  return end && end.getTime() <= now ? 'retired' : row.status;
}
