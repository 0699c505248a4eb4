import { z } from 'zod';
import { check } from './certificate-verifier.js';
import { defineRequest } from './request-contract.js';
import { actor, base64, page, pageRequest, propagation, timestamp } from './shapes.js';

export const flowWarning = z.object({ code: z.string(), message: z.string(), path: z.string().optional() });

export const flow = z.object({
  id: z.string(),
  name: z.string(),
  /** Its sender channels that listen on HTTP. */
  endpoints: z.array(
    z.object({
      id: z.string(),
      address: z.string(),
      url: z.string(),
      authorization: z.record(z.string(), z.unknown()),
    }),
  ),
  status: z.enum(['started', 'failed']),
  error: z.string().optional(),
  warnings: z.array(flowWarning),
  version: z.number().int(),
  deployedAt: timestamp,
  definition: z.record(z.string(), z.unknown()).optional(),
});
export type FlowView = z.infer<typeof flow>;

export const deployFlow = defineRequest(
  'flow-runtime',
  'deploy-flow',
  z.object({
    actor,
    id: z.string(),
    mediaType: z.string(),
    content: base64,
    ports: z.record(z.string(), z.string()).optional(),
  }),
  z.object({ flow, created: z.boolean(), propagation }),
  15_000,
);
export const getFlow = defineRequest('flow-runtime', 'get-flow', z.object({ id: z.string() }), flow);
export const listFlows = defineRequest('flow-runtime', 'list-flows', pageRequest, page(flow));
export const undeployFlow = defineRequest(
  'flow-runtime',
  'undeploy-flow',
  z.object({ actor, id: z.string() }),
  z.object({ propagation }),
);
/** Flows whose sender channel asks for this role; asked by authorization before it deletes the role. */
export const listFlowsAskingRole = defineRequest(
  'flow-runtime',
  'list-flows-asking-role',
  z.object({ role: z.string() }),
  z.object({ flows: z.array(z.object({ id: z.string(), name: z.string() })) }),
);

export const messageStatuses = [
  'COMPLETED',
  'PROCESSING',
  'RETRY',
  'ESCALATED',
  'FAILED',
  'CANCELLED',
  'DISCARDED',
  'ABANDONED',
] as const;

/** One entry of the message processing log. */
export const messageProcessingLog = z.object({
  id: z.string(),
  correlationId: z.string(),
  flow: z.string(),
  start: timestamp,
  end: timestamp.optional(),
  status: z.enum(messageStatuses),
  logLevel: z.enum(['NONE', 'INFO', 'DEBUG', 'TRACE']),
  error: z.string().optional(),
  sender: z.string().optional(),
  receiver: z.string().optional(),
  customHeaders: z.record(z.string(), z.string()).optional(),
  steps: z.array(z.record(z.string(), z.unknown())).optional(),
});
export type MessageProcessingLog = z.infer<typeof messageProcessingLog>;

export const listMessageProcessingLogs = defineRequest(
  'flow-runtime',
  'list-message-processing-logs',
  pageRequest.extend({
    flow: z.string().optional(),
    status: z.string().optional(),
    since: z.string().optional(),
  }),
  page(messageProcessingLog),
);
export const getMessageProcessingLog = defineRequest(
  'flow-runtime',
  'get-message-processing-log',
  z.object({ id: z.string() }),
  messageProcessingLog,
);

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
    })
    .optional(),
  serviceKey: z.object({ id: z.string(), name: z.string().optional() }).optional(),
  serviceInstanceId: z.string().optional(),
  checks: z.array(check),
  nearestMatch: z.string().optional(),
});
export type DecisionRecord = z.infer<typeof decisionRecord>;
export const getDecision = defineRequest('flow-runtime', 'get-decision', z.object({ id: z.string() }), decisionRecord);
