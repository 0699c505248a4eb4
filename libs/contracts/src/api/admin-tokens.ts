import { rightNames } from '@sluice/domain';
import { z } from 'zod';
import { defineHttpOperation, defineOperation } from '../operation/operation.js';
import { members, oneOf, textOf } from '../operation/violations.js';
import { defineRequest } from '../request/request-contract.js';
import {
  base64,
  byActor,
  idempotencyKey,
  idInPath,
  page,
  pageRequest,
  paging,
  pointInTime,
  timestamp,
} from '../request/shapes.js';

/** How long a token holds when nothing is said, and at most. */
export const adminTokenDays = { default: 90, most: 365 } as const;

/** An admin token, without the token. A service of the version before tells its name and time alone. */
export const adminToken = z
  .object({
    name: z.string(),
    createdAt: timestamp,
    createdBy: z.string().optional(),
    roles: z.array(z.string()).optional().meta({ description: 'Its rights.' }),
    expiresAt: timestamp.optional().meta({ description: 'Absent: it does not expire.' }),
    lastUsedAt: timestamp.optional().meta({ description: 'To the minute; absent until it was used.' }),
    status: z
      .enum(['active', 'expiring', 'expired'])
      .optional()
      .meta({ description: '`expiring`: it ends within 14 days.' }),
    warning: z.string().optional().meta({ description: 'What speaks against keeping it as it is.' }),
  })
  .meta({ id: 'AdminToken' });
export type AdminTokenView = z.infer<typeof adminToken>;

const given = {
  roles: z
    .array(oneOf(rightNames))
    .min(1, { error: 'must name at least one right' })
    .max(rightNames.length)
    .meta({ description: 'Its rights, none that the caller has not. Absent: those of the caller.' }),
  expiresAt: pointInTime.meta({
    description: `When it ends: at most ${adminTokenDays.most} days ahead. Absent: in ${adminTokenDays.default} days.`,
  }),
};

const tag = 'Administration';

export const listAdminTokens = defineOperation('authorization', 'list-admin-tokens', {
  request: pageRequest,
  response: page(adminToken),
  http: {
    method: 'GET',
    needs: 'Tokens.read',
    path: '/v1/admin-tokens',
    tag,
    summary: 'Lists admin tokens, without the tokens themselves.',
    query: paging,
  },
});

const adminTokenName = textOf(
  /^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$/,
  'must be 1 to 64 of the characters A-Z a-z 0-9 . _ @ - and begin with a letter or digit',
);

/**
 * @remarks The token itself never crosses the bus: its SHA-256 does. With an `idempotencyKey` it is beside that, sealed under the token of who
 * asks, and comes back in the answer, also in that to who repeats the call.
 */
export const createAdminToken = defineRequest(
  'authorization',
  'create-admin-token',
  byActor.extend({
    name: adminTokenName,
    roles: given.roles.optional(),
    expiresAt: given.expiresAt.optional(),
    tokenSha256: z.string().regex(/^[0-9a-f]{64}$/),
    sealed: base64.optional(),
    idempotencyKey,
  }),
  z.object({ adminToken, sealed: base64.optional() }),
);

export const makeAdminToken = defineHttpOperation('createAdminToken', {
  method: 'POST',
  needs: 'Tokens.manage',
  path: '/v1/admin-tokens',
  tag,
  summary: 'Makes an admin token, shown this once.',
  status: 201,
  body: members({ name: adminTokenName, roles: given.roles.optional(), expiresAt: given.expiresAt.optional() }),
  answer: adminToken.extend({ token: z.string() }),
  headers: ['idempotencyKey'],
  secret: true,
  errors: ['name-in-use'],
});

export const revokeAdminToken = defineOperation('authorization', 'revoke-admin-token', {
  request: byActor.extend({ name: idInPath('Name of the admin token.') }),
  response: z.object({}),
  http: {
    method: 'DELETE',
    needs: 'Tokens.manage',
    path: '/v1/admin-tokens/{name}',
    tag,
    summary: 'Revokes an admin token.',
    errors: ['not-found', 'protected'],
  },
});
