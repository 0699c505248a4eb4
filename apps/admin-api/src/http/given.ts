import {
  operations,
  matchesPath,
  readBody,
  readParameters,
  readRequestHeaders,
  type HttpOperation,
} from '@sluice/contracts';
import { invalidArgument, SluiceError } from '@sluice/domain';
import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { routeOf } from './serves.js';

/** What is known of a request when its route is found, its parameters decoded. */
export interface IncomingRequest {
  readonly method: string;
  readonly routeOptions: { readonly url?: string | undefined };
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly params: unknown;
  readonly query: unknown;
  readonly body?: unknown;
  /** Of the path, the query and the headers, read by the definition of the operation. */
  given?: Readonly<Record<string, unknown>>;
}

const byRoute: ReadonlyMap<string, HttpOperation> = new Map(
  operations.map((operation) => [`${operation.method} ${routeOf(operation)}`, operation]),
);

/** The operation that a request is for; undefined where it is for none, which has a guard of its own. */
export function operationOf({ method, routeOptions }: IncomingRequest): HttpOperation | undefined {
  return byRoute.get(`${method === 'HEAD' ? 'GET' : method} ${routeOptions.url}`);
}

/**
 * Reads the parameters of a request before anybody is asked who sent it.
 * @throws SluiceError `invalid-argument` naming every parameter or header that is wrong or not known
 */
export function readTarget(request: IncomingRequest): void {
  const coding = request.headers['content-encoding'];
  if (coding !== undefined && coding !== 'identity')
    throw new SluiceError(
      'unsupported-media-type',
      'A body with a Content-Encoding is not taken here; send it uncoded.',
    );
  const operation = operationOf(request);
  if (!operation) return;
  request.given = {
    ...readParameters(operation.parameters, (request.params ?? {}) as Record<string, unknown>),
    ...readParameters(operation.query, (request.query ?? {}) as Record<string, unknown>),
    ...readRequestHeaders(operation, request.headers),
  };
}

/**
 * The JSON body of a request by the definition of its operation; undefined where that has none.
 * @throws SluiceError `invalid-argument`, `unsupported-media-type`
 */
export function readJsonBody(request: IncomingRequest, { body: defined }: HttpOperation): unknown {
  const { body } = request;
  // Nest reads forms by itself, into an object that looks like one of JSON.
  const type = String(request.headers['content-type'] ?? '')
    .split(';')[0]
    ?.trim()
    .toLowerCase();
  if (body !== undefined && type !== 'application/json')
    throw new SluiceError(
      'unsupported-media-type',
      `The body came as ${String(request.headers['content-type'])}: send it as application/json.`,
    );
  if (!defined?.schema) {
    // Many clients send an empty object where there is nothing to say.
    if (body === undefined || body === null || isEmptyObject(body)) return undefined;
    throw invalidArgument([{ field: 'body', message: 'is not expected: this call takes no body' }]);
  }
  return readBody(defined.schema, body === undefined && defined.optional ? {} : body);
}

/** What a request gives for its operation: the parameters of path and query, what its headers give, and the members of a JSON body. */
export const Given = createParamDecorator((_data: unknown, context: ExecutionContext) => {
  const request = context.switchToHttp().getRequest<IncomingRequest>();
  const operation = operationOf(request);
  if (!operation) throw new Error(`${request.method} ${request.routeOptions.url} is no operation.`);
  const body = operation.body?.mediaTypes ? undefined : readJsonBody(request, operation);
  return { ...request.given, ...(body as Record<string, unknown> | undefined) };
});

/** The methods that a path has, when it has any. */
export function methodsOf(path: string): string[] {
  const methods = operations.filter((operation) => matchesPath(operation.path, path)).map(({ method }) => method);
  return methods.includes('GET') ? [...methods, 'HEAD'] : methods;
}

/** What a body may be sent as. */
export function mediaTypesOf(method: string, path: string): string[] {
  const body = operations.find((operation) => operation.method === method && matchesPath(operation.path, path))?.body;
  return body
    ? [...new Set([...(body.schema ? ['application/json'] : []), ...(body.mediaTypes ?? [])])]
    : ['application/json'];
}

function isEmptyObject(body: unknown): boolean {
  return typeof body === 'object' && body !== null && !Array.isArray(body) && Object.keys(body).length === 0;
}
