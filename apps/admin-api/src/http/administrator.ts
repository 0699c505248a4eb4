import { authenticateAdministrator } from '@sluice/contracts';
import { SluiceError } from '@sluice/domain';
import { currentRequest, RequestClient } from '@sluice/messaging';
import { createParamDecorator, Injectable, SetMetadata, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { createHash } from 'node:crypto';

export interface AuthenticatedRequest {
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  administrator?: string;
}

const openToAll = 'open to all';

/** For what needs no token: health and the description of the API. */
export const OpenToAll = () => SetMetadata(openToAll, true);

/**
 * Asks authorization whose token it is. Its hash alone crosses the bus.
 * @throws SluiceError `unauthenticated`; `unavailable` when authorization cannot be asked
 */
export async function authenticate(requests: RequestClient, request: AuthenticatedRequest): Promise<void> {
  const header = request.headers['authorization'];
  const [, token] = typeof header === 'string' ? (/^Bearer ([\x21-\x7e]{1,512})$/i.exec(header) ?? []) : [];
  if (!token) throw new SluiceError('unauthenticated', 'Send an admin token: Authorization: Bearer <token>.');
  const tokenSha256 = createHash('sha256').update(token).digest('hex');
  request.administrator = (await requests.call(authenticateAdministrator, { tokenSha256 })).name;
  const current = currentRequest();
  if (current) current.actor = request.administrator;
}

@Injectable()
export class AdministratorGuard implements CanActivate {
  constructor(
    private readonly requests: RequestClient,
    private readonly reflector: Reflector,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    if (this.reflector.getAllAndOverride<boolean>(openToAll, [context.getHandler(), context.getClass()])) return true;
    const request = context.switchToHttp().getRequest<AuthenticatedRequest>();
    // It was, before the body was read; a route that is no operation is asked about here.
    if (request.administrator === undefined) await authenticate(this.requests, request);
    return true;
  }
}

/** The name of the admin token a request came with: who did it. */
export const Actor = createParamDecorator((_data: unknown, context: ExecutionContext): { name: string } => {
  const { administrator } = context.switchToHttp().getRequest<AuthenticatedRequest>();
  if (!administrator) throw new SluiceError('unauthenticated', 'Send an admin token.');
  return { name: administrator };
});
