import { z } from 'zod';
import { check } from './certificate-verifier.js';
import { defineRequest } from './request-contract.js';
import { actor, base64, page, pageRequest, propagation, timestamp } from './shapes.js';

const flowElement = z.object({ type: z.string(), id: z.string(), name: z.string() });

export const flowWarning = z.object({
  code: z.string(),
  message: z.string(),
  path: z.string().optional(),
  line: z.number().int().optional(),
  element: flowElement.optional(),
});

/** One thing that is in the way of a flow; `nearest` is the nearest thing that can be done. */
export const flowProblem = z.object({
  path: z.string(),
  line: z.number().int().optional(),
  code: z.string(),
  message: z.string(),
  element: flowElement.optional(),
  nearest: z.string().optional(),
});

/** A script that a port to JavaScript must replace, with what it uses; null when the artifact lacks its text. */
export const scriptToPort = z.object({
  script: z.string(),
  functions: z.array(z.string()),
  steps: z.array(z.object({ id: z.string(), name: z.string() })),
  ported: z.boolean(),
  uses: z
    .object({
      imports: z.array(z.string()),
      messageApi: z.array(z.string()),
      features: z.array(z.string()),
      lines: z.number().int(),
    })
    .nullable(),
});

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
  /** `failed`: its last deployment was refused and none stands, or it could not be started. */
  status: z.enum(['started', 'starting', 'failed']),
  error: z.string().optional(),
  /** How each flow runtime holds it, when one flow is asked for. */
  runtimes: z
    .array(
      z.object({
        name: z.string(),
        status: z.enum(['STARTED', 'STARTING', 'ERROR']),
        version: z.number().int().optional(),
        error: z.string().optional(),
      }),
    )
    .optional(),
  /** The last deployment, when it was refused; the version before it goes on. */
  failure: z
    .object({ at: timestamp, actor: z.string(), code: z.string(), error: z.string(), problems: z.array(flowProblem) })
    .optional(),
  warnings: z.array(flowWarning),
  /** 0 when no deployment ever succeeded. */
  version: z.number().int(),
  deployedAt: timestamp.optional(),
  definition: z.record(z.string(), z.unknown()).optional(),
});
export type FlowView = z.infer<typeof flow>;

/** JavaScript by the file name of the script it replaces, or `<id of the artifact>/<file name>` for one flow of a package. */
const ports = z.record(z.string(), z.string()).optional();

export const deployFlow = defineRequest(
  'flow-runtime',
  'deploy-flow',
  z.object({ actor, id: z.string(), mediaType: z.string(), content: base64, ports }),
  z.object({ flow, created: z.boolean(), propagation }),
  15_000,
);

export const flowCheck = z.object({
  name: z.string(),
  id: z.string(),
  path: z.string(),
  /** `needs-scripts`: nothing but ports of scripts is missing. */
  verdict: z.enum(['supported', 'needs-scripts', 'refused']),
  senders: z.array(z.string()),
  receivers: z.array(z.string()),
  steps: z.record(z.string(), z.number()),
  needs: z.array(z.string()),
  problems: z.array(flowProblem),
  warnings: z.array(flowWarning),
  scriptsToPort: z.array(scriptToPort),
});
const others = z.array(z.object({ name: z.string(), kind: z.string() }));

/** Tells without deploying what a deployment under the id would say; without an id, under the flow's own. */
export const checkFlow = defineRequest(
  'flow-runtime',
  'check-flow',
  z.object({ id: z.string().optional(), mediaType: z.string(), content: base64, ports }),
  z.object({ flows: z.array(flowCheck), others }),
  30_000,
);

/** Deploys every flow of a package, each for itself, under ids made of those of the artifacts. */
export const importFlows = defineRequest(
  'flow-runtime',
  'import-flows',
  z.object({ actor, content: base64, ports }),
  z.object({
    items: z.array(
      z.object({
        id: z.string(),
        name: z.string(),
        path: z.string(),
        outcome: z.enum(['created', 'updated', 'unchanged', 'refused']),
        flow: flow.optional(),
        error: z.string().optional(),
        warnings: z.array(flowWarning),
        problems: z.array(flowProblem),
        scriptsToPort: z.array(scriptToPort),
      }),
    ),
    others,
    propagation,
  }),
  60_000,
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
  messageType: z.string().optional(),
  applicationId: z.string().optional(),
  customHeaders: z.record(z.string(), z.string()).optional(),
  /** At DEBUG and TRACE; with headers, properties and payload at TRACE. */
  steps: z.array(z.record(z.string(), z.unknown())).optional(),
  /** Steps that ran and are not among `steps`. */
  stepsDropped: z.number().int().optional(),
  /** What log steps and scripts wrote. */
  log: z.array(z.record(z.string(), z.unknown())).optional(),
  /** Their contents are read one by one. */
  attachments: z
    .array(
      z.object({
        name: z.string(),
        mediaType: z.string(),
        size: z.number().int(),
        /** There was no room for it in the log: it cannot be read. */
        contentDropped: z.boolean().optional(),
      }),
    )
    .optional(),
  /** Payloads or attachments were left out, for want of room in the log or because they were too large. */
  payloadsDropped: z.boolean().optional(),
});
export type MessageProcessingLog = z.infer<typeof messageProcessingLog>;

export const listMessageProcessingLogs = defineRequest(
  'flow-runtime',
  'list-message-processing-logs',
  pageRequest.extend({
    flow: z.string().optional(),
    status: z.string().optional(),
    since: z.string().optional(),
    until: z.string().optional(),
    sender: z.string().optional(),
    correlationId: z.string().optional(),
  }),
  page(messageProcessingLog),
);
/** One attachment of an entry, by its place in the entry's list. */
export const getMessageAttachment = defineRequest(
  'flow-runtime',
  'get-message-attachment',
  z.object({ id: z.string(), index: z.number().int().nonnegative() }),
  z.object({ name: z.string(), mediaType: z.string(), content: base64 }),
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
export const getDecision = defineRequest('flow-runtime', 'get-decision', z.object({ id: z.string() }), decisionRecord);
