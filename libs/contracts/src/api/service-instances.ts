import { grantTypes, plans } from '@sluice/domain';
import { z } from 'zod';
import { defineOperation } from '../operation/operation.js';
import { tagged } from '../operation/tagged.js';
import { members, oneOf, textOf, wholeNumber, yesOrNo } from '../operation/violations.js';
import {
  byActor,
  changed,
  entityName,
  etag,
  idempotencyKey,
  idInPath,
  ifMatch,
  page,
  pageRequest,
  paging,
  timestamp,
} from '../request/shapes.js';
import { revocationReason } from './revocation-reason.js';
import { serviceKey } from './service-key.js';
import { roleName } from './user-roles.js';

export const serviceInstance = z
  .object({
    id: z.uuid(),
    name: z.string(),
    plan: z.enum(plans),
    parameters: z.object({
      roles: z.array(z.string()),
      'grant-types': z.array(z.enum(grantTypes)),
      'redirect-uris': z.array(z.string()),
      'token-validity': z.number().meta({ description: 'Seconds.' }),
    }),
    createdAt: timestamp,
    updatedAt: timestamp,
  })
  .meta({ id: 'ServiceInstance' });
export type ServiceInstanceView = z.infer<typeof serviceInstance>;

const grantType = z.enum(grantTypes, {
  error: ({ input }) =>
    input === 'client_x509'
      ? 'client_x509 is deprecated: use client_credentials'
      : `must be one of ${grantTypes.join(', ')}`,
});
/** A fragment would be lost on the way back (RFC 6749 §3.1.2). */
const redirectUri = textOf(/^[a-z][a-z0-9+.-]*:\/\/[^\s#]+$/i, 'must be an absolute URI without a fragment');

function listOf<Item extends z.ZodType>(item: Item) {
  return z.array(item, { error: 'must be an array' }).check(({ value, issues }) => {
    for (const [index, each] of value.entries())
      if (value.indexOf(each) < index)
        issues.push({ code: 'custom', path: [index], message: 'stands in the list twice', input: value });
  });
}

/** What of the parameters is named; the others are the plan's, or stay. */
export const instanceParameters = members(
  {
    roles: listOf(roleName).min(1, { error: 'must name at least one role' }),
    'grant-types': listOf(grantType).min(1, { error: 'must name at least one grant type' }),
    'redirect-uris': listOf(redirectUri),
    'token-validity': wholeNumber(3_600, 86_400, 'of seconds'),
  },
  'a parameter',
)
  .partial()
  .meta({ id: 'ServiceInstanceParameters' });
export type GivenInstanceParameters = z.output<typeof instanceParameters>;

const tag = 'Service instances';

export const listServiceInstances = defineOperation('key-management', 'list-service-instances', {
  request: pageRequest,
  response: page(serviceInstance),
  http: {
    method: 'GET',
    needs: 'Keys.read',
    path: '/v1/service-instances',
    tag,
    summary: 'Lists service instances.',
    query: paging,
  },
});

export const createServiceInstance = defineOperation('key-management', 'create-service-instance', {
  request: byActor.extend({
    name: entityName,
    plan: oneOf(plans).default('integration-flow'),
    parameters: instanceParameters.nullish(),
    idempotencyKey,
  }),
  response: changed.extend({ serviceInstance, etag: etag.optional() }),
  http: {
    method: 'POST',
    needs: 'Keys.manage',
    path: '/v1/service-instances',
    tag,
    summary: 'Creates a service instance.',
    status: 201,
    shows: 'serviceInstance',
    errors: ['name-in-use'],
  },
});

export const getServiceInstance = defineOperation('key-management', 'get-service-instance', {
  request: z.object({ id: idInPath('Id of the service instance.') }),
  response: tagged(serviceInstance),
  http: {
    method: 'GET',
    needs: 'Keys.read',
    path: '/v1/service-instances/{id}',
    tag,
    summary: 'Shows a service instance.',
    errors: ['not-found'],
  },
});

export const updateServiceInstance = defineOperation('key-management', 'update-service-instance', {
  request: byActor.extend({
    id: idInPath('Id of the service instance.'),
    name: entityName.optional(),
    parameters: instanceParameters.nullish(),
    ifMatch,
  }),
  response: changed.extend({ serviceInstance, etag: etag.optional() }),
  http: {
    method: 'PATCH',
    needs: 'Keys.manage',
    path: '/v1/service-instances/{id}',
    tag,
    summary: 'Merges parameters into a service instance; seen on the next request.',
    shows: 'serviceInstance',
    errors: ['not-found', 'name-in-use'],
  },
});

export const deleteServiceInstance = defineOperation('key-management', 'delete-service-instance', {
  request: byActor.extend({
    id: idInPath('Id of the service instance.'),
    force: yesOrNo.default(false).meta({ description: 'Deletes its keys too.' }),
    ifMatch,
  }),
  response: changed,
  http: {
    method: 'DELETE',
    needs: 'Keys.manage',
    path: '/v1/service-instances/{id}',
    tag,
    summary: 'Deletes a service instance; with force=true its keys too.',
    query: ['force'],
    errors: ['not-found', 'service-instance-in-use', 'approval-required'],
  },
});

/** Those revoked before stay as they are. */
export const revokeServiceInstance = defineOperation('key-management', 'revoke-service-instance', {
  request: byActor.extend({ id: idInPath('Id of the service instance.'), reason: revocationReason, ifMatch }),
  response: changed.extend({ serviceKeys: z.array(serviceKey) }),
  timeoutMs: 30_000,
  http: {
    method: 'POST',
    needs: 'Keys.manage',
    path: '/v1/service-instances/{id}/revoke',
    tag,
    summary: 'Revokes all keys of an instance, or none.',
    errors: ['not-found'],
  },
});
