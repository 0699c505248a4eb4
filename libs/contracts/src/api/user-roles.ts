import { z } from 'zod';
import { defineOperation } from '../operation/operation.js';
import { tagged } from '../operation/tagged.js';
import { textOf, textUpTo } from '../operation/violations.js';
import {
  byActor,
  changed,
  etag,
  idempotencyKey,
  idInPath,
  ifMatch,
  page,
  pageRequest,
  paging,
  timestamp,
} from '../request/shapes.js';
import { roleNamePattern, roleNameRule } from '@sluice/domain';

export const roleName = textOf(roleNamePattern, roleNameRule).meta({ examples: ['Orders.send'] });
const description = textUpTo(1_000);

export const userRole = z
  .object({
    name: z.string(),
    description: z.string(),
    owner: z.enum(['SAP', 'tenant']).meta({ description: '`SAP`: predefined, and neither changed nor removed.' }),
    createdAt: timestamp,
  })
  .meta({ id: 'UserRole' });
export type UserRoleView = z.infer<typeof userRole>;

const tag = 'User roles';

export const listUserRoles = defineOperation('authorization', 'list-user-roles', {
  request: pageRequest,
  response: page(userRole),
  http: {
    method: 'GET',
    needs: 'Roles.read',
    path: '/v1/user-roles',
    tag,
    summary: 'Lists user roles.',
    query: paging,
  },
});

export const createUserRole = defineOperation('authorization', 'create-user-role', {
  request: byActor.extend({ name: roleName, description: description.default(''), idempotencyKey }),
  response: changed.extend({ userRole, etag: etag.optional() }),
  http: {
    method: 'POST',
    needs: 'Roles.manage',
    path: '/v1/user-roles',
    tag,
    summary: 'Creates a user role.',
    status: 201,
    shows: 'userRole',
    errors: ['name-in-use'],
  },
});

export const getUserRole = defineOperation('authorization', 'get-user-role', {
  request: z.object({ name: idInPath('Name of the role.') }),
  response: tagged(userRole),
  http: {
    method: 'GET',
    needs: 'Roles.read',
    path: '/v1/user-roles/{name}',
    tag,
    summary: 'Shows a user role.',
    errors: ['not-found'],
  },
});

export const updateUserRole = defineOperation('authorization', 'update-user-role', {
  request: byActor.extend({ name: idInPath('Name of the role.'), description, ifMatch }),
  response: changed.extend({ userRole, etag: etag.optional() }),
  http: {
    method: 'PATCH',
    needs: 'Roles.manage',
    path: '/v1/user-roles/{name}',
    tag,
    summary: 'Changes the description of a custom role.',
    shows: 'userRole',
    errors: ['not-found', 'role-predefined'],
  },
});

export const deleteUserRole = defineOperation('authorization', 'delete-user-role', {
  request: byActor.extend({ name: idInPath('Name of the role.'), ifMatch }),
  response: changed,
  http: {
    method: 'DELETE',
    needs: 'Roles.manage',
    path: '/v1/user-roles/{name}',
    tag,
    summary: 'Deletes a role that nobody uses; 409 lists its users.',
    errors: ['not-found', 'role-in-use', 'role-predefined'],
  },
});
