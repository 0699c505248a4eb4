import type { UserRoleView } from '@sluice/contracts';
import type { UserRoleRow } from './user-role.entity.js';

export function toUserRoleView(row: UserRoleRow): UserRoleView {
  return { name: row.name, description: row.description, owner: row.owner, createdAt: row.createdAt.toISOString() };
}
