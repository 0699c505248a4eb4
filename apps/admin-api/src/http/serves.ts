import type { HttpMethod, HttpOperation } from '@sluice/contracts';
import { applyDecorators, Header, HttpCode, RequestMapping, RequestMethod } from '@nestjs/common';
import { OpenToAll } from './administrator.js';

const methods: Readonly<Record<HttpMethod, RequestMethod>> = {
  GET: RequestMethod.GET,
  POST: RequestMethod.POST,
  PUT: RequestMethod.PUT,
  PATCH: RequestMethod.PATCH,
  DELETE: RequestMethod.DELETE,
};

/** The path of an operation as a route: `/v1/flows/:id`. */
export function routeOf({ path }: Pick<HttpOperation, 'path'>): string {
  return path.replace(/\{(\w+)\}/g, ':$1');
}

/** Marks the method that serves an operation: route, status and headers are those of its definition. */
export function Serves(operation: HttpOperation): MethodDecorator {
  const { method, answer, needs } = operation;
  return applyDecorators(
    RequestMapping({ method: methods[method], path: routeOf(operation) }),
    HttpCode(answer.status),
    ...(answer.secret ? [Header('cache-control', 'no-store')] : []),
    ...(answer.mediaType ? [Header('content-type', answer.mediaType)] : []),
    ...(needs === 'nothing' ? [OpenToAll()] : []),
  );
}
