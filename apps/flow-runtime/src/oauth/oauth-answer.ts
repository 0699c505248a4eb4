import type { ServerResponse } from 'node:http';
import { basicChallenge } from '../front-door/challenges.js';
import { decisionIdHeader } from '../listeners/problem-response.js';

/** Of RFC 6749 §5.2; the last is that of §4.1.2.1, for what is so at the moment only. */
export type OAuthErrorCode =
  | 'invalid_request'
  | 'invalid_client'
  | 'invalid_scope'
  | 'unauthorized_client'
  | 'unsupported_grant_type'
  | 'temporarily_unavailable';

/** Why a request of a client is not granted, as the client is told. */
export interface OAuthError {
  readonly error: OAuthErrorCode;
  readonly description: string;
  /** Else what follows from the code. */
  readonly status?: 405 | 408 | 413 | 429;
  /** For the decision record alone; absent: as the client is told. */
  readonly found?: string;
  readonly retryAfterSeconds?: number;
}

export function statusOf({ status, error }: OAuthError): number {
  if (status !== undefined) return status;
  if (error === 'invalid_client') return 401;
  return error === 'temporarily_unavailable' ? 503 : 400;
}

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
  const status = statusOf(error);
  if (!response.headersSent) {
    response.setHeader(decisionIdHeader, decisionId);
    // RFC 9110 §15.5.2 asks for one with every 401, whatever the client tried.
    if (status === 401) response.setHeader('www-authenticate', basicChallenge);
    if (status === 405) response.setHeader('allow', 'POST');
    const { retryAfterSeconds = status === 503 ? 1 : undefined } = error;
    if (retryAfterSeconds !== undefined) response.setHeader('retry-after', retryAfterSeconds);
  }
  respondWithJson(response, status, { error: error.error, error_description: sayable(error.description) });
}

/** RFC 6749 §5.2 leaves out what would need an escape. */
function sayable(description: string): string {
  return description.replace(/[^\x20-\x7e]/g, '?').replace(/["\\]/g, "'");
}
