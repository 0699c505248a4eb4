import type { RoleOwner } from '@sluice/domain';
import { EntitySchema } from 'typeorm';

/** Rows of the schema `authorization`. */
export interface UserRoleRow {
  name: string;
  description: string;
  owner: RoleOwner;
  version: string;
  createdAt: Date;
}

export const userRoleSchema = new EntitySchema<UserRoleRow>({
  name: 'user_role',
  columns: {
    name: { type: 'text', primary: true },
    description: { type: 'text' },
    owner: { type: 'text' },
    version: { type: 'bigint' },
    createdAt: { type: 'timestamptz', name: 'created_at' },
  },
});
