import { allRights } from '@sluice/domain';
import { ArrayContains, IsNull, MoreThan, type EntityManager } from 'typeorm';
import { AdminTokenRow } from './admin-token.entity.js';

/** How many tokens may do everything at this time. Without one nobody could make another. */
export function countFullTokens(manager: EntityManager, now: number): Promise<number> {
  const roles = ArrayContains([allRights]);
  return manager.count(AdminTokenRow, {
    where: [
      { roles, expiresAt: IsNull() },
      { roles, expiresAt: MoreThan(new Date(now)) },
    ],
  });
}
