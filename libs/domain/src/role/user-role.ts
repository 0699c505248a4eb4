import type { FieldViolation } from '../error/sluice-error.js';
import { apiRole, rights } from './right.js';

/** Roles that exist from the start and can be neither changed nor removed. */
export const predefinedRoles: ReadonlyMap<string, string> = new Map([
  ['ESBMessaging.send', 'Send messages to integration flow endpoints.'],
  [apiRole, 'Call the management API.'],
  ...Object.entries(rights).map(([name, { description }]): [string, string] => [name, description]),
]);

/** The role a sender channel asks for, and a service instance gets, when none is named. */
export const defaultRole = 'ESBMessaging.send';

/** The name of a role: letters, digits, `_` and `.`. */
export const roleNamePattern = /^[a-zA-Z0-9_.]{1,255}$/;
export const roleNameRule = 'must be a role name: 1 to 255 of the characters a-z A-Z 0-9 _ .';

export type RoleOwner = 'SAP' | 'tenant';

export interface UserRole {
  readonly name: string;
  readonly description: string;
  readonly owner: RoleOwner;
}

/** @returns what is wrong with a role's name, or undefined; letters, digits, `_` and `.` are allowed. */
export function roleNameViolation(name: unknown, field: string): FieldViolation | undefined {
  if (typeof name === 'string' && roleNamePattern.test(name)) return undefined;
  return { field, message: roleNameRule };
}
