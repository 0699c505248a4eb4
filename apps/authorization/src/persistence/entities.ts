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

export interface AdminTokenRow {
  name: string;
  /** Hex. A token is 256 random bits, so a plain hash cannot be guessed backwards. */
  sha256: string;
  createdBy: string;
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

export const adminTokenSchema = new EntitySchema<AdminTokenRow>({
  name: 'admin_token',
  columns: {
    name: { type: 'text', primary: true },
    sha256: { type: 'text' },
    createdBy: { type: 'text', name: 'created_by' },
    createdAt: { type: 'timestamptz', name: 'created_at' },
  },
});

export interface SubscriberRow {
  id: string;
  name: string;
  /** nkey, `U…`. */
  publicKey: string;
  createdAt: Date;
  /** To the minute. */
  lastSeenAt: Date | null;
}

export const subscriberSchema = new EntitySchema<SubscriberRow>({
  name: 'subscriber',
  columns: {
    id: { type: 'uuid', primary: true },
    name: { type: 'text' },
    publicKey: { type: 'text', name: 'public_key' },
    createdAt: { type: 'timestamptz', name: 'created_at' },
    lastSeenAt: { type: 'timestamptz', name: 'last_seen_at', nullable: true },
  },
});

export const entities = [userRoleSchema, adminTokenSchema, subscriberSchema] as const;
export const schema = 'authorization';
