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
  /** For the administrator alone; absent: as the client is told. */
  readonly found?: string;
  readonly retryAfterSeconds?: number;
}

export interface OAuthErrorAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: { readonly error: OAuthErrorCode; readonly error_description: string };
}

/** RFC 7617 §2.1. */
export const basicChallenge = 'Basic realm="sluice", charset="UTF-8"';

export function statusOf({ status, error }: OAuthError): number {
  if (status !== undefined) return status;
  if (error === 'invalid_client') return 401;
  return error === 'temporarily_unavailable' ? 503 : 400;
}

/** The answer of RFC 6749 §5.2. */
export function errorAnswer(error: OAuthError): OAuthErrorAnswer {
  const status = statusOf(error);
  const { retryAfterSeconds = status === 503 ? 1 : undefined } = error;
  return {
    status,
    headers: {
      // RFC 9110 §15.5.2 asks for one with every 401, whatever the client tried.
      ...(status === 401 ? { 'www-authenticate': basicChallenge } : {}),
      ...(status === 405 ? { allow: 'POST' } : {}),
      ...(retryAfterSeconds === undefined ? {} : { 'retry-after': String(retryAfterSeconds) }),
    },
    body: { error: error.error, error_description: sayable(error.description) },
  };
}

/** RFC 6749 §5.2 leaves out what would need an escape. */
function sayable(description: string): string {
  return description.replace(/[^\x20-\x7e]/g, '?').replace(/["\\]/g, "'");
}
