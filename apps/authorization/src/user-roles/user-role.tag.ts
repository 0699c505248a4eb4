import { contentTag } from '@sluice/service-shell';
import type { UserRoleRow } from './user-role.entity.js';

/** The entity tag of a role. Its version is that of its state record, which does not change with the description. */
export function userRoleTag({ version, description }: UserRoleRow): string {
  return contentTag([version, description]);
}
