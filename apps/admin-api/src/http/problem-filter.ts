import { SluiceError, type ErrorCode } from '@sluice/domain';
import { Catch, HttpException, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';

/** Where errors of the contract become HTTP, and nowhere else. */
const statusOf: Readonly<Record<ErrorCode, number>> = {
  'invalid-argument': 400,
  'flow-invalid': 400,
  'certificate-refused': 400,
  'certificate-list-refused': 400,
  unauthenticated: 401,
  'permission-denied': 403,
  'not-found': 404,
  'name-in-use': 409,
  'certificate-in-use': 409,
  'distinguished-name-conflict': 409,
  'role-in-use': 409,
  'role-predefined': 409,
  'service-instance-in-use': 409,
  'service-key-state': 409,
  'issuing-ca-state': 409,
  'public-key-in-use': 409,
  'address-in-use': 409,
  protected: 409,
  'payload-too-large': 413,
  'unsupported-media-type': 415,
  behind: 503,
  overloaded: 503,
  unavailable: 503,
  'deadline-exceeded': 504,
  internal: 500,
};

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
    const reply = host.switchToHttp().getResponse<Reply>();
    const known = asSluiceError(error);
    if (!known) this.onFault(error, 'an administrator’s request');
    const { code, message, details } =
      known ?? new SluiceError('internal', 'The request failed by a fault of ours; the log has the cause.');
    const status = statusOf[code];
    if (status === 401) reply.header('www-authenticate', 'Bearer realm="sluice"');
    if (status === 503) reply.header('retry-after', '1');
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
        }),
      );
  }
}

function asSluiceError(error: unknown): SluiceError | undefined {
  if (error instanceof SluiceError) return error;
  const status =
    error instanceof HttpException ? error.getStatus() : (error as { statusCode?: number } | undefined)?.statusCode;
  const code = status === undefined ? undefined : codeOf[status];
  if (!code) return undefined;
  if (code === 'not-found')
    return new SluiceError(code, 'There is nothing at this path; /v1/openapi.json lists what there is.');
  return new SluiceError(code, error instanceof Error ? error.message : 'The request is invalid.');
}
