import { z } from 'zod';
import { defineHttpOperation, defineOperation } from '../operation/operation.js';
import { textOf } from '../operation/violations.js';
import { defineRequest } from '../request/request-contract.js';
import { base64, byActor, idempotencyKey, idInPath, page, pageRequest, paging, timestamp } from '../request/shapes.js';

export const adminToken = z.object({ name: z.string(), createdAt: timestamp }).meta({ id: 'AdminToken' });

const tag = 'Administration';

export const listAdminTokens = defineOperation('authorization', 'list-admin-tokens', {
  request: pageRequest,
  response: page(adminToken),
  http: {
    method: 'GET',
    needs: 'Tokens.read',
    path: '/v1/admin-tokens',
    tag,
    summary: 'Lists the names of admin tokens.',
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
  body: z.strictObject({ name: adminTokenName }),
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
