import { z } from 'zod';
import { defineHttpOperation, defineOperation } from '../operation/operation.js';
import { tagged } from '../operation/tagged.js';
import { defineRequest } from '../request/request-contract.js';
import {
  base64,
  byActor,
  changed,
  etag,
  idInPath,
  ifMatch,
  ifNoneMatch,
  page,
  pageRequest,
  paging,
  pointInTime,
  propagation,
  timestamp,
} from '../request/shapes.js';

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
  /** In the list of flows. */
  messages: z
    .object({
      since: timestamp.meta({
        description: 'From when on is counted, by the start of messages: the beginning of an hour.',
      }),
      total: z.number().int().meta({ description: 'Entries of the message processing log.' }),
      errors: z.number().int().meta({ description: 'Of them those that are `FAILED`, `ESCALATED` or `ABANDONED`.' }),
      byStatus: z.record(z.string(), z.number().int()),
    })
    .optional(),
});
export type FlowView = z.infer<typeof flow>;

/** JavaScript by the file name of the script it replaces, or `<id of the artifact>/<file name>` for one flow of a package. */
const ports = z.record(z.string(), z.string()).optional();

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

const tag = 'Flows';
const artifactErrors = ['payload-too-large', 'unsupported-media-type'] as const;

/** What a flow may be sent as; the names other programs use for the same are accepted. */
export const flowMediaTypes: Readonly<Record<string, string>> = {
  'application/yaml': 'application/yaml',
  'application/x-yaml': 'application/yaml',
  'text/yaml': 'application/yaml',
  'application/json': 'application/json',
  'application/xml': 'application/xml',
  'text/xml': 'application/xml',
  'application/zip': 'application/zip',
  'application/x-zip-compressed': 'application/zip',
};
export const multipartMediaType = 'multipart/form-data';
const artifactMediaTypes = [...Object.keys(flowMediaTypes), multipartMediaType];

export const listFlows = defineOperation('flow-runtime', 'list-flows', {
  request: pageRequest.extend({
    messagesSince: pointInTime.optional().meta({
      description:
        'From when on the messages of each flow are counted; from the beginning of that hour, 24 hours ago when it is left out.',
    }),
  }),
  response: page(flow),
  http: {
    method: 'GET',
    needs: 'Flows.read',
    path: '/v1/flows',
    tag,
    summary: 'Lists flows, with how many messages each had and how many of them ended in an error.',
    query: [...paging, 'messagesSince'],
  },
});

export const getFlow = defineOperation('flow-runtime', 'get-flow', {
  request: z.object({ id: idInPath('Id of the flow.') }),
  response: tagged(flow),
  http: {
    method: 'GET',
    needs: 'Flows.read',
    path: '/v1/flows/{id}',
    tag,
    summary: 'Shows a flow with its definition.',
    errors: ['not-found'],
  },
});

export const deployFlow = defineRequest(
  'flow-runtime',
  'deploy-flow',
  byActor.extend({ id: z.string(), mediaType: z.string(), content: base64, ports, ifMatch, ifNoneMatch }),
  changed.extend({ flow, created: z.boolean(), etag: etag.optional() }),
  15_000,
);

export const putFlow = defineHttpOperation('deployFlow', {
  method: 'PUT',
  needs: 'Flows.deploy',
  path: '/v1/flows/{id}',
  parameters: { id: idInPath('Id of the flow.') },
  tag,
  summary: 'Deploys a flow; the answer has the warnings.',
  mediaTypes: artifactMediaTypes,
  answer: flow.extend({ propagation }),
  created: true,
  headers: ['ifMatch', 'ifNoneMatch'],
  etag: true,
  changes: true,
  errors: [...artifactErrors, 'flow-invalid', 'address-in-use'],
});

/** Tells without deploying what a deployment under the id would say; without an id, under the flow's own. */
export const checkFlow = defineRequest(
  'flow-runtime',
  'check-flow',
  z.object({ id: z.string().optional(), mediaType: z.string(), content: base64, ports }),
  z.object({ flows: z.array(flowCheck), others }),
  30_000,
);

export const checkArtifact = defineHttpOperation('checkFlow', {
  method: 'POST',
  needs: 'Flows.deploy',
  path: '/v1/flows/check',
  query: {
    id: z.string().optional().meta({ description: "Under which it would be deployed; absent: the flow's own." }),
  },
  tag,
  summary: 'Tells of every flow of an artifact what a deployment would say. Nothing is deployed.',
  mediaTypes: artifactMediaTypes,
  answer: checkFlow.response,
  errors: [...artifactErrors, 'flow-invalid'],
});

/** Deploys every flow of a package, each for itself, under ids made of those of the artifacts. */
export const importFlows = defineRequest(
  'flow-runtime',
  'import-flows',
  byActor.extend({ content: base64, ports }),
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

export const importPackage = defineHttpOperation('importFlows', {
  method: 'POST',
  needs: 'Flows.deploy',
  path: '/v1/flows/import',
  tag,
  summary: 'Deploys every flow of a package, each for itself.',
  mediaTypes: ['application/zip', 'application/x-zip-compressed', multipartMediaType],
  answer: importFlows.response,
  changes: true,
  errors: [...artifactErrors, 'flow-invalid'],
});

export const undeployFlow = defineOperation('flow-runtime', 'undeploy-flow', {
  request: byActor.extend({ id: idInPath('Id of the flow.'), ifMatch }),
  response: changed,
  http: {
    method: 'DELETE',
    needs: 'Flows.deploy',
    path: '/v1/flows/{id}',
    tag,
    summary: 'Undeploys a flow.',
    errors: ['not-found'],
  },
});
