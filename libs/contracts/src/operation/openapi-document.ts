import { allRights, apiRole, errorCodes, isRight, rights, type ErrorCode } from '@sluice/domain';
import { z } from 'zod';
import { errorsOfEveryCall, httpStatusOf } from './http-status.js';
import type { HttpOperation, OperationBody } from './operation.js';
import { tags } from './operation.js';
import { operations } from './operations.js';
import { requestHeaders } from './request-headers.js';
import { maxViolations } from './violations.js';

type Json = Record<string, unknown>;

/** Where clients get access tokens for the admin API (RFC 6749 §4.4). No operation: it speaks OAuth. */
export const tokenPath = '/oauth/token';

/** The description of the admin API, OpenAPI 3.1, from the definitions that it is served by. */
export function openApiDocument(version: string): Json {
  const schemas = componentSchemas();
  const paths: Record<string, Json> = {};
  for (const operation of operations)
    paths[operation.path] = { ...paths[operation.path], [operation.method.toLowerCase()]: describe(operation) };
  return {
    openapi: '3.1.0',
    info: {
      title: 'Sluice admin API',
      version,
      description: 'Administers service instances, service keys, user roles, trusted roots and flows.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      contact: { name: 'Sluice' },
    },
    servers: [{ url: '/' }],
    security: [{ adminToken: [] }, { accessToken: [apiRole] }],
    tags: tags.map((name) => ({ name, description: tagDescriptions[name] })),
    paths,
    components: {
      securitySchemes: {
        adminToken: {
          type: 'http',
          scheme: 'bearer',
          description: `A token of an administrator. What an operation names is the right that the token must have: that one, or one that includes it, as \`${allRights}\` does all.`,
        },
        accessToken: {
          type: 'oauth2',
          description: 'An access token of a service key, whose instance has the plan `api` and these roles.',
          flows: {
            clientCredentials: {
              tokenUrl: tokenPath,
              scopes: {
                [apiRole]: 'Lets in, and gives no right by itself.',
                ...Object.fromEntries(Object.entries(rights).map(([name, { description }]) => [name, description])),
              },
            },
          },
        },
      },
      schemas: { ...schemas, Problem: problem },
    },
  };
}

const tagDescriptions: Readonly<Record<(typeof tags)[number], string>> = {
  'User roles': 'What sender channels ask for and service instances have.',
  'Service instances': 'Whom roles are given to.',
  'Service keys': 'Certificates and secrets by which senders are known, with their rotation and revocation.',
  Certificates: 'Every certificate that grants access or that others rest on, by its end.',
  'Issuing CAs': 'The CAs of this installation, which issue certificates of service keys.',
  'Token keys': 'The keys with which access tokens are signed.',
  'Trusted roots': 'CAs of others whose certificates are accepted, and how their revocations are known.',
  Flows: 'What senders call.',
  Credentials: 'What receiver channels authenticate with.',
  'Message processing log': 'What became of each message.',
  Proposals: 'What one administrator proposed under the four-eyes rule, for another to approve.',
  Decisions: 'Why a call was permitted or denied.',
  'Connectivity tests': 'TLS to another host, as a sender sees it.',
  Administration: 'Tokens, the audit trail, the state stream and the keys of the system.',
};

const problem = {
  type: 'object',
  description: 'A problem document (RFC 9457). Some codes have further members.',
  required: ['type', 'title', 'status', 'code', 'detail'],
  properties: {
    type: { type: 'string', examples: ['urn:sluice:error:invalid-argument'] },
    title: { type: 'string' },
    status: { type: 'integer' },
    detail: { type: 'string', description: 'One sentence that tells the next step.' },
    code: { type: 'string', enum: errorCodes },
    violations: {
      type: 'array',
      maxItems: maxViolations,
      description: `With \`invalid-argument\`: the rules that were broken, the first ${maxViolations} of them.`,
      items: {
        type: 'object',
        required: ['field', 'message'],
        properties: { field: { type: 'string', examples: ['parameters.roles[0]'] }, message: { type: 'string' } },
      },
    },
  },
} as const;

/** By component name: what a request and an answer of this operation hold. */
const requestName = ({ id }: HttpOperation) => `${capital(id)}Request`;
const answerName = ({ id }: HttpOperation) => `${capital(id)}Answer`;
const capital = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);

/** Every schema by its name, so that what stands in several answers is told once. */
function componentSchemas(): Json {
  const given = z.registry<{ id?: string }>();
  const shown = z.registry<{ id?: string }>();
  for (const operation of operations) {
    if (operation.body?.schema) enter(given, operation.body.schema, requestName(operation));
    if (operation.answer.schema) enter(shown, operation.answer.schema, answerName(operation));
  }
  const { __shared: _shared, ...components } = { ...convert(given, 'input'), ...convert(shown, 'output') };
  return components;
}

function enter(registry: z.core.$ZodRegistry<{ id?: string }>, schema: z.ZodType, name: string): void {
  registry.add(schema, { ...z.globalRegistry.get(schema), id: idOf(schema, name) });
}

function idOf(schema: z.ZodType, name: string): string {
  return (z.globalRegistry.get(schema)?.id as string | undefined) ?? name;
}

function convert(registry: z.core.$ZodRegistry<{ id?: string }>, io: 'input' | 'output'): Json {
  const { schemas } = z.toJSONSchema(registry as never, {
    io,
    unrepresentable: 'any',
    uri: (id: string) => `#/components/schemas/${id}`,
  }) as unknown as { schemas: Record<string, Json> };
  const components: Json = {};
  for (const [name, schema] of Object.entries(schemas)) components[name] = lift(schema, components);
  return components;
}

/** Named schemas within become components of their own; `$schema` and `$id` are the document's matter. */
function lift(value: unknown, components: Json): unknown {
  if (Array.isArray(value)) return value.map((each) => lift(each, components));
  if (typeof value !== 'object' || value === null) return value;
  const { $schema: _dialect, $id: _id, $defs, ...rest } = value as Json;
  for (const [name, schema] of Object.entries(($defs ?? {}) as Json)) components[name] = lift(schema, components);
  return Object.fromEntries(
    Object.entries(rest)
      .filter(([key]) => key !== 'id' || typeof rest['id'] !== 'string')
      .map(([key, each]) => [
        key,
        key === '$ref' && typeof each === 'string'
          ? each.replace(/^.*#\/(\$defs|components\/schemas)\//, '#/components/schemas/')
          : lift(each, components),
      ]),
  );
}

function describe(operation: HttpOperation): Json {
  const parameters = [
    ...parametersIn('path', operation.parameters),
    ...parametersIn('query', operation.query),
    ...operation.headers.map((member) => {
      const { name, description, schema } = requestHeaders[member];
      return { name, in: 'header', required: false, description, schema };
    }),
  ];
  return {
    operationId: operation.id,
    summary: operation.summary,
    description: `${operation.description ?? operation.summary}${isRight(operation.needs) ? ` Needs the right \`${operation.needs}\`.` : ''}`,
    tags: [operation.tag],
    ...securityOf(operation),
    ...(parameters.length > 0 ? { parameters } : {}),
    ...(operation.body ? { requestBody: requestBody(operation, operation.body) } : {}),
    responses: responses(operation),
  };
}

/** OpenAPI 3.1 §4.8.30: of OAuth the scopes, of other schemes the roles that are needed. Absent: that of the whole document. */
function securityOf({ needs }: HttpOperation): Json {
  if (needs === 'nothing') return { security: [] };
  return isRight(needs) ? { security: [{ adminToken: [needs] }, { accessToken: [apiRole, needs] }] } : {};
}

function parametersIn(where: 'path' | 'query', schema: z.ZodObject): Json[] {
  const { properties = {} } = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as {
    properties?: Record<string, Json>;
  };
  return Object.entries(properties).map(([name, { description, ...rest }]) => ({
    name,
    in: where,
    required: where === 'path',
    ...(description === undefined ? {} : { description }),
    schema: rest,
  }));
}

function requestBody(operation: HttpOperation, { schema, mediaTypes = [], optional }: OperationBody): Json {
  return {
    required: !optional,
    content: {
      ...(schema ? { 'application/json': { schema: ref(idOf(schema, requestName(operation))) } } : {}),
      ...Object.fromEntries(mediaTypes.map((type) => [type, schemaOfMediaType(type)])),
    },
  };
}

const schemaOfMediaType = (type: string): Json =>
  type === 'application/json' || type.startsWith('multipart/') ? { schema: { type: 'object' } } : {};

function ref(name: string): Json {
  return { $ref: `#/components/schemas/${name}` };
}

function responses(operation: HttpOperation): Json {
  const { answer } = operation;
  const content = answer.schema
    ? {
        content: {
          'application/json': { schema: ref(idOf(answer.schema, answerName(operation))) },
          ...(answer.linesOf ? { [answer.linesOf]: {} } : {}),
        },
      }
    : answer.mediaType
      ? { content: { [answer.mediaType]: {} } }
      : {};
  const tagged = answer.etag
    ? { headers: { ETag: etagHeader } }
    : answer.status === 303
      ? { headers: { Location: locationHeader } }
      : {};
  const success: Json = { [answer.status]: { description: operation.summary, ...tagged, ...content } };
  if (answer.created && answer.status !== 201)
    success['201'] = { description: 'It was not there before.', ...tagged, ...content };
  if (answer.changes)
    success['202'] = {
      description: answer.pending ?? 'The change is committed, and published as soon as the bus is back.',
      ...tagged,
      content: answer.schema
        ? (content as { content?: Json }).content
        : { 'application/json': { schema: pendingSchema } },
    };
  const byStatus = new Map<number, ErrorCode[]>();
  for (const code of errorsOf(operation))
    byStatus.set(httpStatusOf[code], [...(byStatus.get(httpStatusOf[code]) ?? []), code]);
  const failures = Array.from(byStatus, ([status, codes]) => [
    String(status),
    {
      description: codes.map((code) => `\`${code}\``).join(', '),
      ...(status === 503 || status === 429
        ? { headers: { 'Retry-After': { schema: { type: 'integer' }, description: 'Seconds.' } } }
        : {}),
      content: { 'application/problem+json': { schema: ref('Problem') } },
    },
  ]);
  return { ...success, ...Object.fromEntries(failures) };
}

const etagHeader: Json = {
  description: 'Goes into `If-Match` of a change that is to be made only if nobody else made one in between.',
  schema: { type: 'string', examples: ['"17"'] },
};

const locationHeader: Json = {
  description: 'Where to go on.',
  schema: { type: 'string', format: 'uri-reference' },
};

const pendingSchema = {
  type: 'object',
  required: ['propagation'],
  properties: { propagation: { const: 'pending' } },
} as const;

/** Every error that the operation may be answered with. */
export function errorsOf({ errors, headers, body, needs }: HttpOperation): ErrorCode[] {
  const ofBodies: ErrorCode[] = body ? ['unsupported-media-type', 'payload-too-large'] : [];
  const ofHeaders = headers.map((member): ErrorCode =>
    member === 'idempotencyKey' ? 'idempotency-key-reused' : 'precondition-failed',
  );
  const all = new Set<ErrorCode>([...errorsOfEveryCall, ...ofBodies, ...ofHeaders, ...errors]);
  for (const code of ['unauthenticated', 'permission-denied', 'too-many-attempts'] as const)
    if (needs !== 'nothing') all.add(code);
    else if (!errors.includes(code)) all.delete(code);
  return errorCodes.filter((code) => all.has(code));
}
