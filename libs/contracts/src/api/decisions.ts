import { z } from 'zod';
import { defineOperation } from '../operation/operation.js';
import { check } from '../request/certificate-verifier.js';
import { idInPath, timestamp } from '../request/shapes.js';

/** Why a call was allowed or denied; for administrators only. */
export const decisionRecord = z.object({
  id: z.string(),
  at: timestamp,
  outcome: z.enum(['permitted', 'denied', 'undecided']),
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
    path: '/v1/decisions/{id}',
    tag: 'Decisions',
    summary: 'Tells why a call was permitted or denied.',
    errors: ['not-found'],
  },
});
