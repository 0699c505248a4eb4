import type { AdminTokenView } from '@sluice/contracts';
import type { AdminTokenRow } from './admin-token.entity.js';

const day = 86_400_000;
/** How long before its end a token is said to expire. */
export const expiringMs = 14 * day;

/** @param now milliseconds since 1970 */
export function toAdminTokenView(row: AdminTokenRow, now: number): AdminTokenView {
  return {
    name: row.name,
    createdAt: row.createdAt.toISOString(),
    createdBy: row.createdBy,
    roles: row.roles,
    ...(row.expiresAt ? { expiresAt: row.expiresAt.toISOString() } : {}),
    ...(row.lastUsedAt ? { lastUsedAt: row.lastUsedAt.toISOString() } : {}),
    status: statusOf(row, now),
    ...(row.expiresAt || isOfInstallation(row)
      ? {}
      : {
          warning: 'It does not expire: make one that does, with no more rights than are needed, and revoke this one.',
        }),
  };
}

function statusOf({ expiresAt }: AdminTokenRow, now: number): 'active' | 'expiring' | 'expired' {
  if (!expiresAt || expiresAt.getTime() > now + expiringMs) return 'active';
  return expiresAt.getTime() > now ? 'expiring' : 'expired';
}

/** How the names of the installation's own parts begin; no administrator can give such a name. */
export const installationPrefix = '@';

export function isOfInstallation({ name }: Pick<AdminTokenRow, 'name'>): boolean {
  return name.startsWith(installationPrefix);
}
