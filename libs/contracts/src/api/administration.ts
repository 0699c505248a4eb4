import { z } from 'zod';
import { defineHttpOperation, defineOperation } from '../operation/operation.js';
import { byActor } from '../request/shapes.js';
import { stateComparison } from '../request/state-maintenance.js';

const tag = 'Administration';

export const showStateComparison = defineHttpOperation('compareState', {
  method: 'GET',
  needs: 'Monitoring.read',
  path: '/v1/state/comparison',
  tag,
  summary: 'Compares the state stream with Postgres.',
  answer: z.object({
    differing: z.number().int(),
    services: z.array(stateComparison.extend({ service: z.string() })),
  }),
});

export const showVersion = defineHttpOperation('getVersion', {
  method: 'GET',
  needs: 'any',
  path: '/v1/version',
  tag,
  summary: 'Tells which version of Sluice answers.',
  answer: z.object({
    version: z.string().meta({
      description: 'Of Sluice: major.minor.patch. While an upgrade is under way, of the process that answers.',
    }),
    node: z.string().meta({ description: 'Of the Node.js that runs it.' }),
  }),
});

export const getOpenApiDocument = defineHttpOperation('getOpenApiDocument', {
  method: 'GET',
  needs: 'nothing',
  path: '/v1/openapi.json',
  tag,
  summary: 'Describes the API, in OpenAPI 3.1.',
  answer: z.record(z.string(), z.unknown()),
});

/** A reply is let through for a minute after its request. */
const maxWaitMs = 55_000;

/** Each writing service then fills it from its tables. Until then nobody decides. */
export const rebuildState = defineOperation('key-management', 'rebuild-state', {
  request: byActor,
  response: z.object({ epoch: z.string() }),
  timeoutMs: maxWaitMs,
  http: {
    method: 'POST',
    needs: 'State.maintain',
    path: '/v1/state/rebuild',
    tag,
    summary: 'Makes the state stream anew from Postgres; until it is filled every call is answered 503.',
    status: 202,
  },
});

/** Seals what is sealed under an older master key under the newest of the file. To be repeated as often as one likes. */
export const resealKeys = defineOperation('key-management', 'reseal-keys', {
  request: byActor,
  response: z.object({
    masterKey: z.string().meta({ description: 'Id of the newest master key, as this process has it.' }),
    resealed: z.number().int().meta({ description: 'Sealed anew by this request.' }),
    remaining: z
      .number()
      .int()
      .meta({ description: 'Still sealed under an older master key; 0: the older ones can be removed.' }),
  }),
  timeoutMs: maxWaitMs,
  http: {
    method: 'POST',
    needs: 'State.maintain',
    path: '/v1/master-key/reseal',
    tag,
    summary: 'Seals the private keys of the CAs under the newest key of the master key file.',
  },
});

/**
 * Signs state records anew that are signed with an older key, one stretch of the stream a request. To be repeated with `after`
 * until there is no `next`, and from the beginning until none is `left`.
 */
export const resignRecords = defineOperation('key-management', 'resign-records', {
  request: byActor.extend({
    after: z.int({ error: 'must be `next` of the answer before' }).min(0).default(0).meta({
      description: 'Sequence of the stream up to which is done: `next` of the answer before.',
    }),
  }),
  response: z.object({
    signingKey: z.string().meta({ description: 'Id of the key that is signed with, as this process has it.' }),
    resigned: z.number().int().meta({ description: 'Signed anew by this request.' }),
    left: z.number().int().meta({ description: 'Not in step with Postgres at the moment: to be looked at again.' }),
    unexpected: z.number().int().meta({
      description:
        'Records that Postgres does not know; they stay as they are, and are believed no longer than the older key is.',
    }),
    next: z.number().int().optional().meta({ description: 'Where the next request goes on; absent at the end.' }),
  }),
  timeoutMs: maxWaitMs,
  http: {
    method: 'POST',
    needs: 'State.maintain',
    path: '/v1/record-key/resign',
    tag,
    summary:
      'Signs state records anew that are signed with an older key; to be repeated with `after` until there is no `next`.',
    query: ['after'],
  },
});
