import { z } from 'zod';
import { operations, type Operation } from './operations.js';

const problem = {
  type: 'object',
  required: ['type', 'title', 'status'],
  properties: {
    type: { type: 'string' },
    title: { type: 'string' },
    status: { type: 'integer' },
    detail: { type: 'string' },
    code: { type: 'string' },
  },
} as const;

const problemResponse = {
  description: 'A problem document (RFC 9457).',
  content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
};

/** The description of the admin API, OpenAPI 3.1, from the same schemas that the services are called with. */
export function openApiDocument(): Record<string, unknown> {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const operation of operations) {
    paths[operation.path] = { ...paths[operation.path], [operation.method]: describe(operation) };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Sluice admin API',
      version: '1',
      description: 'Administers service instances, service keys, user roles, trusted roots and flows.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    security: [{ adminToken: [] }],
    paths,
    components: {
      securitySchemes: { adminToken: { type: 'http', scheme: 'bearer' } },
      schemas: { Problem: problem },
    },
  };
}

function describe(operation: Operation): Record<string, unknown> {
  const inPath = [...operation.path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }));
  const inQuery = (operation.query ?? []).map((name) => ({ name, in: 'query', schema: { type: 'string' } }));
  const request = operation.request && jsonSchema(operation.request);
  return {
    operationId: operationId(operation),
    summary: operation.summary,
    tags: [operation.path.split('/')[2]],
    ...(inPath.length + inQuery.length > 0 ? { parameters: [...inPath, ...inQuery] } : {}),
    ...(request
      ? {
          requestBody: {
            required: true,
            content: Object.fromEntries(
              (operation.mediaTypes ?? ['application/json']).map((type) => [type, { schema: request }]),
            ),
          },
        }
      : {}),
    responses: {
      [operation.status]: {
        description: operation.summary,
        ...(operation.response ? { content: { 'application/json': { schema: jsonSchema(operation.response) } } } : {}),
        ...(operation.responseMediaType ? { content: { [operation.responseMediaType]: {} } } : {}),
      },
      default: problemResponse,
    },
  };
}

function jsonSchema(schema: z.ZodType): Record<string, unknown> {
  const { $schema: _dialect, ...rest } = z.toJSONSchema(schema, { io: 'output', unrepresentable: 'any' });
  return rest;
}

function operationId({ method, path }: Operation): string {
  return [method, ...path.split('/').slice(2)]
    .map((part) => part.replace(/[{}]/g, ''))
    .map((part, index) =>
      index === 0 ? part : part.replace(/(?:^|[-.])(\w)/g, (_match, letter: string) => letter.toUpperCase()),
    )
    .join('');
}
