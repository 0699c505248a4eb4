import { z } from 'zod';
import { defineOperation } from '../operation/operation.js';
import { oneOf, textOf, textUpTo } from '../operation/violations.js';
import { check } from '../request/certificate-verifier.js';
import { idInPath, page, pageRequest, paging, pointInTime, timestamp } from '../request/shapes.js';

const tag = 'Decisions';
const outcomes = ['permitted', 'denied', 'undecided'] as const;

/** Why a call was allowed or denied; for administrators only. */
export const decisionRecord = z.object({
  id: z.string(),
  at: timestamp,
  outcome: z.enum(outcomes),
  status: z.number().int(),
  reason: z.string(),
  flow: z.string().optional(),
  path: z.string(),
  certificate: z
    .object({
      sha256: z.string(),
      subjectdn: z.string().optional(),
      issuerdn: z.string().optional(),
      serialnumber: z.string().optional(),
      namesDigest: z.string().optional(),
    })
    .optional(),
  token: z.object({ id: z.string(), boundTo: z.string().optional() }).optional().meta({
    description: 'The access token by which it called: its `jti`, and the SHA-256 of the certificate it is bound to.',
  }),
  serviceKey: z.object({ id: z.string(), name: z.string().optional() }).optional(),
  serviceInstanceId: z.string().optional(),
  checks: z.array(check),
  nearestMatch: z.string().optional(),
});
export type DecisionRecord = z.infer<typeof decisionRecord>;

export const getDecision = defineOperation('flow-runtime', 'get-decision', {
  request: z.object({ id: idInPath('Id of the decision, as the refusal told it.') }),
  response: decisionRecord,
  http: {
    method: 'GET',
    needs: 'Monitoring.read',
    path: '/v1/decisions/{id}',
    tag,
    summary: 'Tells why a call was permitted or denied.',
    errors: ['not-found'],
  },
});

/** Calls of one minute that were decided alike: the first of them, and how many there were. */
export const listedDecision = decisionRecord
  .omit({ checks: true, nearestMatch: true, certificate: true, token: true })
  .extend({
    id: z.string().meta({ description: 'Of the first; its checks are at `/v1/decisions/{id}`.' }),
    path: z.string().optional(),
    lastAt: timestamp,
    count: z.number().int().meta({
      description:
        'Calls with this outcome, reason, flow and certificate in that minute at one flow runtime; of permitted ones those that were sampled.',
    }),
    others: z.boolean().optional().meta({
      description: 'Calls of many certificates or flows, told apart no further because there were too many of them.',
    }),
    sender: z
      .string()
      .optional()
      .meta({ description: 'Name of the service key, else the subject of the certificate.' }),
    certificate: z.object({ sha256: z.string(), subjectdn: z.string().optional() }).optional(),
  })
  .meta({ id: 'ListedDecision' });
export type ListedDecision = z.infer<typeof listedDecision>;

export const listDecisions = defineOperation('flow-runtime', 'list-decisions', {
  request: pageRequest.extend({
    since: pointInTime.optional().meta({ description: 'Not before this.' }),
    until: pointInTime.optional().meta({ description: 'Before this.' }),
    sender: textUpTo(1_024, 1)
      .optional()
      .meta({ description: 'Name of a service key, or subject of a certificate that no key holds.' }),
    certificate: textOf(/^[0-9a-f]{64}$/, 'must be the SHA-256 of a certificate: 64 digits of 0-9 a-f')
      .optional()
      .meta({ description: 'SHA-256 of the certificate that came.' }),
    flow: textUpTo(1_024, 1).optional().meta({ description: 'Id of a flow.' }),
    outcome: oneOf(outcomes).optional().meta({ description: 'What came of the call.' }),
  }),
  response: page(listedDecision),
  http: {
    method: 'GET',
    needs: 'Monitoring.read',
    path: '/v1/decisions',
    tag,
    summary: 'Lists refused calls and a sample of the permitted ones, alike ones of a minute together, newest first.',
    query: [...paging, 'since', 'until', 'sender', 'certificate', 'flow', 'outcome'],
  },
});
