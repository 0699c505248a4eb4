import type { RoleOwner } from '@sluice/domain';
import { Column, Entity, PrimaryColumn } from 'typeorm';

/** Rows of the schema `authorization`. */
@Entity({ name: 'user_role' })
export class UserRoleRow {
  @PrimaryColumn({ type: 'text' })
  name!: string;

  @Column({ type: 'text' })
  description!: string;

  @Column({ type: 'text' })
  owner!: RoleOwner;

  @Column({ type: 'bigint' })
  version!: string;

  @Column({ type: 'timestamptz', name: 'created_at' })
  createdAt!: Date;
}
