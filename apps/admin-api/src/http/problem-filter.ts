import { httpStatusOf } from '@sluice/contracts';
import { invalidArgument, SluiceError, type ErrorCode } from '@sluice/domain';
import { Catch, HttpException, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import { bodyLimit } from './body-limit.js';
import { mediaTypesOf, methodsOf } from './given.js';

const codeOf: Readonly<Record<number, ErrorCode>> = {
  400: 'invalid-argument',
  401: 'unauthenticated',
  404: 'not-found',
  413: 'payload-too-large',
  415: 'unsupported-media-type',
};

export interface Reply {
  status(code: number): this;
  header(name: string, value: string): this;
  send(payload?: unknown): unknown;
}

/** Problem documents (RFC 9457) with the error's code and details as members. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  constructor(private readonly onFault: (error: unknown, what: string) => void) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const reply = http.getResponse<Reply>();
    const request = http.getRequest<{ method: string; url: string }>();
    const known = asSluiceError(error, request);
    if (!known) this.onFault(error, 'an administrator’s request');
    const { code, message, details } =
      known ?? new SluiceError('internal', 'The request failed by a fault of ours; the log has the cause.');
    const status = httpStatusOf[code];
    if (status === 401) reply.header('www-authenticate', 'Bearer realm="sluice"');
    // RFC 6750 §3.1
    if (status === 403)
      reply.header(
        'www-authenticate',
        `Bearer realm="sluice", error="insufficient_scope"${scopeOf(details?.['missing'])}`,
      );
    if (status === 405) reply.header('allow', String(details?.['allow']));
    if (status === 429) reply.header('retry-after', String(details?.['retryAfterSeconds']));
    if (status === 503) reply.header('retry-after', '1');
    sendProblem(reply, new SluiceError(code, message, details), {
      ...(code === 'deadline-exceeded' && request.method !== 'GET' ? { outcome: 'unknown' } : {}),
    });
  }
}

/** The rights that would do, as OAuth names them. */
function scopeOf(missing: unknown): string {
  return Array.isArray(missing) ? `, scope="${missing.join(' ')}"` : '';
}

function sendProblem(reply: Reply, { code, message, details }: SluiceError, more: object = {}): void {
  const status = httpStatusOf[code];
  reply
    .status(status)
    .header('content-type', 'application/problem+json')
    .send(
      JSON.stringify({
        type: `urn:sluice:error:${code}`,
        title: code.replaceAll('-', ' '),
        status,
        detail: message,
        code,
        ...details,
        ...more,
      }),
    );
}

/** The answer to a URL that the router refuses, so that no filter sees it: it cannot be decoded, or a path parameter is too long. */
export function sendUnroutableUrl(reply: Reply, error: unknown): void {
  const isTooLong = (error as { code?: unknown } | undefined)?.code === 'FST_ERR_MAX_PARAM_LENGTH';
  sendProblem(
    reply,
    isTooLong
      ? new SluiceError('not-found', 'Nothing has a name or id this long.')
      : invalidArgument([{ field: 'url', message: 'must be percent-encoded UTF-8 (RFC 3986 §2.1)' }]),
  );
}

function asSluiceError(error: unknown, { method, url }: { method: string; url: string }): SluiceError | undefined {
  const path = url.split('?')[0] ?? '';
  if (error instanceof SluiceError) return error;
  const status =
    error instanceof HttpException ? error.getStatus() : (error as { statusCode?: number } | undefined)?.statusCode;
  const code = status === undefined ? undefined : codeOf[status];
  if (!code) return undefined;
  if (code === 'not-found') {
    const allow = methodsOf(path).toSorted().join(', ');
    if (allow !== '')
      return new SluiceError('method-not-allowed', `This method is not allowed here; allowed: ${allow}.`, { allow });
    return new SluiceError(code, 'There is nothing at this path; /v1/openapi.json lists what there is.');
  }
  if (code === 'unsupported-media-type')
    return new SluiceError(
      code,
      `A body of this content type is not taken here; send ${mediaTypesOf(method, path).join(', ')}.`,
    );
  if (code === 'payload-too-large')
    return new SluiceError(code, `The body exceeds ${bodyLimit} bytes; send a smaller one.`, {
      maximumBytes: bodyLimit,
    });
  return new SluiceError(code, error instanceof Error ? error.message : 'The request is invalid.');
}
