import type { EventData, ServiceKeyView } from '@sluice/contracts';
import { statusAt } from '../service-keys/scheduled-end.js';
import type { ClientSecretRow } from './client-secret.entity.js';

/** A secret as whoever may read its key sees it: nothing that would help to guess it. */
export function toSecretView(row: ClientSecretRow, now: number): ServiceKeyView['secrets'][number] {
  return {
    id: row.id,
    status: statusAt(row, now),
    createdAt: row.createdAt.toISOString(),
    ...(row.retiresAt ? { retiresAt: row.retiresAt.toISOString() } : {}),
    ...(row.retireAfterUnusedDays === null ? {} : { retireAfterUnusedDays: row.retireAfterUnusedDays }),
    ...(row.postponedAt ? { retirementPostponedAt: row.postponedAt.toISOString() } : {}),
    ...(row.notAfter ? { validuntil: row.notAfter.toISOString() } : {}),
    ...(row.lastUsedAt ? { lastUsedAt: row.lastUsedAt.toISOString() } : {}),
    ...(row.revocationReason ? { revocationReason: row.revocationReason } : {}),
  };
}

export function toEventSecret(row: ClientSecretRow): NonNullable<EventData<'service-key.expiring'>['secret']> {
  return {
    id: row.id,
    createdAt: row.createdAt.toISOString(),
    ...(row.notAfter ? { validuntil: row.notAfter.toISOString() } : {}),
  };
}
