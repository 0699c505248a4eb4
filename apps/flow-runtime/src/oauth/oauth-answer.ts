import { errorAnswer, type OAuthError } from '@sluice/oauth';
import type { ServerResponse } from 'node:http';
import { decisionIdHeader } from '../listeners/problem-response.js';

/** RFC 6749 §5.1: an answer of the token end point is kept by nobody. */
export function respondWithJson(
  response: ServerResponse,
  status: number,
  value: object | undefined,
  cacheControl = 'no-store',
): void {
  // The listener answered: the request could not be read to its end.
  if (response.writableEnded || response.headersSent) return;
  const body = value === undefined ? '' : JSON.stringify(value);
  response.writeHead(status, {
    ...(value === undefined ? {} : { 'content-type': 'application/json' }),
    'content-length': Buffer.byteLength(body),
    'cache-control': cacheControl,
    ...(cacheControl === 'no-store' ? { pragma: 'no-cache' } : {}),
  });
  response.end(response.req.method === 'HEAD' ? '' : body);
}

/** RFC 6749 §5.2. */
export function respondWithError(response: ServerResponse, error: OAuthError, decisionId: string): void {
  const { status, headers, body } = errorAnswer(error);
  if (!response.headersSent) {
    response.setHeader(decisionIdHeader, decisionId);
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  }
  respondWithJson(response, status, body);
}
