import { keyTypes } from '@sluice/domain';
import { z } from 'zod';
import { defineOperation } from '../operation/operation.js';
import { tagged } from '../operation/tagged.js';
import { oneOf, textUpTo, wholeNumber } from '../operation/violations.js';
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
  pointInTime,
} from '../request/shapes.js';
import { revocationReason } from './revocation-reason.js';
import { certificateWarnings, serviceKey, serviceKeyParameters, serviceKeyWithCredentials } from './service-key.js';

const tag = 'Service keys';

export const listServiceKeys = defineOperation('key-management', 'list-service-keys', {
  request: pageRequest.extend({ serviceInstanceId: idInPath('Id of the service instance.') }),
  response: page(serviceKey),
  http: {
    method: 'GET',
    needs: 'Keys.read',
    path: '/v1/service-instances/{serviceInstanceId}/service-keys',
    tag,
    summary: 'Lists the keys of an instance.',
    query: paging,
    errors: ['not-found'],
  },
});

export const findServiceKeys = defineOperation('key-management', 'find-service-keys', {
  request: pageRequest.extend({
    serviceInstanceId: z
      .uuid({ error: 'must be the id of a service instance' })
      .optional()
      .meta({ description: 'Keys of this service instance.' }),
    'key-type': oneOf(keyTypes).optional().meta({ description: 'What the sender is known by.' }),
    status: oneOf(['active', 'revoked', 'expired'])
      .optional()
      .meta({ description: '`expired`: no certificate or secret of the key is usable any more.' }),
    expiringBefore: pointInTime
      .optional()
      .meta({ description: 'Active keys of which the last usable certificate or secret ends before that time.' }),
    unusedSince: pointInTime
      .optional()
      .meta({ description: 'Active keys made before that time, no certificate or secret of which was used since.' }),
    text: textUpTo(32, 1).optional().meta({ description: 'With which the name begins, in any case of its letters.' }),
  }),
  response: page(serviceKey),
  http: {
    method: 'GET',
    needs: 'Keys.read',
    path: '/v1/service-keys',
    tag,
    summary: 'Lists the keys of all instances by their names, or those of them that every parameter fits.',
    description:
      'Lists the keys of all instances by their names, or those of them that every parameter fits. Keys that end soon or have ended (`expiringBefore`, `status=expired`) come in the order of their ends, those that nobody uses (`unusedSince`) with the longest unused first.',
    query: [...paging, 'serviceInstanceId', 'key-type', 'status', 'expiringBefore', 'unusedSince', 'text'],
  },
});

/** The time-out is longer because issuing may wait for an RSA key pair. */
export const createServiceKey = defineOperation('key-management', 'create-service-key', {
  request: byActor.extend({
    serviceInstanceId: idInPath('Id of the service instance.'),
    name: entityName,
    parameters: serviceKeyParameters.optional(),
    idempotencyKey,
  }),
  response: changed.extend({
    serviceKey: serviceKeyWithCredentials,
    warnings: certificateWarnings,
    etag: etag.optional(),
  }),
  timeoutMs: 30_000,
  http: {
    method: 'POST',
    needs: 'Keys.manage',
    path: '/v1/service-instances/{serviceInstanceId}/service-keys',
    tag,
    summary: 'Creates a service key; private key and secret are shown this once.',
    status: 201,
    shows: 'serviceKey',
    secret: true,
    errors: [
      'not-found',
      'name-in-use',
      'certificate-in-use',
      'certificate-refused',
      'distinguished-name-conflict',
      'public-key-in-use',
    ],
  },
});

export const getServiceKey = defineOperation('key-management', 'get-service-key', {
  request: z.object({ id: idInPath('Id of the service key.') }),
  response: tagged(serviceKeyWithCredentials),
  http: {
    method: 'GET',
    needs: 'Keys.read',
    path: '/v1/service-keys/{id}',
    tag,
    summary: 'Shows a service key, without what is shown once.',
    errors: ['not-found'],
  },
});

export const deleteServiceKey = defineOperation('key-management', 'delete-service-key', {
  request: byActor.extend({ id: idInPath('Id of the service key.'), ifMatch }),
  response: changed,
  http: {
    method: 'DELETE',
    needs: 'Keys.manage',
    path: '/v1/service-keys/{id}',
    tag,
    summary: 'Deletes a service key and ends its access.',
    errors: ['not-found'],
  },
});

const day = 86_400;

export const rotateServiceKey = defineOperation('key-management', 'rotate-service-key', {
  request: byActor.extend({
    id: idInPath('Id of the service key.'),
    overlapSeconds: wholeNumber(0, 365 * day, 'of seconds')
      .default(7 * day)
      .meta({ description: 'How long the certificate or secret before stays valid.' }),
    retireAfterUnusedDays: wholeNumber(1, 365, 'of days')
      .optional()
      .meta({ description: 'The certificate or secret before ends only when it was not seen for so many days.' }),
    'certificate-request': z
      .string()
      .optional()
      .meta({ description: 'PKCS#10 in PEM; of a key of type certificate_request.' }),
    'X.509': z
      .string()
      .optional()
      .meta({ description: 'The successor in PEM; of a key of type certificate_external.' }),
    ifMatch,
    idempotencyKey,
  }),
  response: changed.extend({
    serviceKey: serviceKeyWithCredentials,
    warnings: certificateWarnings,
    etag: etag.optional(),
  }),
  timeoutMs: 30_000,
  http: {
    method: 'POST',
    needs: 'Keys.manage',
    path: '/v1/service-keys/{id}/rotate',
    tag,
    summary: 'Gives a key a successor certificate or a new secret; the old one stays valid for the overlap.',
    shows: 'serviceKey',
    secret: true,
    errors: [
      'not-found',
      'service-key-state',
      'certificate-in-use',
      'certificate-refused',
      'distinguished-name-conflict',
      'public-key-in-use',
    ],
  },
});

export const revokeServiceKey = defineOperation('key-management', 'revoke-service-key', {
  request: byActor.extend({ id: idInPath('Id of the service key.'), reason: revocationReason, ifMatch }),
  response: changed.extend({ serviceKey, etag: etag.optional() }),
  http: {
    method: 'POST',
    needs: 'Keys.manage',
    path: '/v1/service-keys/{id}/revoke',
    tag,
    summary: 'Revokes a key for good, with a reason of RFC 5280.',
    shows: 'serviceKey',
    errors: ['not-found', 'service-key-state'],
  },
});

export const revokeCertificate = defineOperation('key-management', 'revoke-certificate', {
  request: byActor.extend({
    id: idInPath('Id of the service key.'),
    sha256: idInPath('SHA-256 of the certificate, in lower-case hexadecimal.'),
    reason: revocationReason,
    ifMatch,
  }),
  response: changed.extend({ serviceKey, etag: etag.optional() }),
  http: {
    method: 'POST',
    needs: 'Keys.manage',
    path: '/v1/service-keys/{id}/certificates/{sha256}/revoke',
    tag,
    summary: 'Revokes one certificate of a key for good; the key lives on with its others.',
    shows: 'serviceKey',
    errors: ['not-found', 'service-key-state'],
  },
});

export const revokeClientSecret = defineOperation('key-management', 'revoke-client-secret', {
  request: byActor.extend({
    id: idInPath('Id of the service key.'),
    secretId: idInPath('Id of the secret.'),
    reason: revocationReason,
    ifMatch,
  }),
  response: changed.extend({ serviceKey, etag: etag.optional() }),
  http: {
    method: 'POST',
    needs: 'Keys.manage',
    path: '/v1/service-keys/{id}/secrets/{secretId}/revoke',
    tag,
    summary: 'Revokes one secret of a key for good, and the tokens that rest on it; the key lives on with its others.',
    shows: 'serviceKey',
    errors: ['not-found', 'service-key-state'],
  },
});
