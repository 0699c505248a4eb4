import type { z } from 'zod';

export type ServiceName =
  'key-management' | 'certificate-verifier' | 'authorization' | 'flow-runtime' | 'message-log' | 'admin-api';

/** A request one service answers, in a queue group of the service's name. `timeoutMs` is what a caller waits when it says nothing. */
export interface RequestContract<Request extends z.ZodType = z.ZodType, Response extends z.ZodType = z.ZodType> {
  readonly subject: string;
  readonly service: ServiceName;
  readonly request: Request;
  readonly response: Response;
  readonly timeoutMs: number;
}

export type RequestOf<C extends RequestContract> = z.input<C['request']>;
export type DecodedRequestOf<C extends RequestContract> = z.output<C['request']>;
export type ResponseOf<C extends RequestContract> = z.output<C['response']>;

/** @param name verb-noun; the subject becomes `sluice.<service>.<name>.v1` */
export function defineRequest<Request extends z.ZodType, Response extends z.ZodType>(
  service: ServiceName,
  name: string,
  request: Request,
  response: Response,
  timeoutMs = 5_000,
): RequestContract<Request, Response> {
  return { service, subject: `sluice.${service}.${name}.v1`, request, response, timeoutMs };
}
