import { authenticateAdministrator, type Need } from '@sluice/contracts';
import { isRight, rightsOf, SluiceError } from '@sluice/domain';
import { currentRequest, RequestClient } from '@sluice/messaging';
import { createParamDecorator, Injectable, SetMetadata, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { createHash } from 'node:crypto';

/** Who calls, and what its token lets it do. */
export interface Administrator {
  readonly name: string;
  /** Roles that are rights. */
  readonly roles: readonly string[];
}

export interface AuthenticatedRequest {
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  administrator?: Administrator;
}

const openToAll = 'open to all';

/** For what needs no token: health and the description of the API. */
export const OpenToAll = () => SetMetadata(openToAll, true);

/**
 * Asks authorization whose token it is. The hash alone of an admin token crosses the bus.
 * @throws SluiceError `unauthenticated`; `unavailable` when authorization cannot be asked
 */
export async function authenticate(requests: RequestClient, request: AuthenticatedRequest): Promise<void> {
  const header = request.headers['authorization'];
  const [, token] = typeof header === 'string' ? (/^Bearer ([\x21-\x7e]{1,512})$/i.exec(header) ?? []) : [];
  if (!token) throw new SluiceError('unauthenticated', 'Send an admin token: Authorization: Bearer <token>.');
  const tokenSha256 = createHash('sha256').update(token).digest('hex');
  const administrator = await requests.call(authenticateAdministrator, { tokenSha256, heedsRoles: true });
  request.administrator = administrator;
  const current = currentRequest();
  if (!current) return;
  current.actor = administrator.name;
  // With the request to every service: what is done further on is held against them too.
  current.rights = administrator.roles.filter(isRight);
}

/**
 * Whether a caller may do what an operation does.
 * @throws SluiceError `permission-denied` naming the right that is missing
 */
export function requireRight({ needs }: { readonly needs: Need }, administrator: Administrator | undefined): void {
  if (!isRight(needs) || rightsOf(administrator?.roles ?? []).has(needs)) return;
  throw new SluiceError(
    'permission-denied',
    `This needs the right ${needs}, which your token has not: ask for one with that right.`,
    { missing: [needs] },
  );
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

/** The name of the administrator a request came from: who did it. */
export const Actor = createParamDecorator((_data: unknown, context: ExecutionContext): { name: string } => {
  const { administrator } = context.switchToHttp().getRequest<AuthenticatedRequest>();
  if (!administrator) throw new SluiceError('unauthenticated', 'Send an admin token.');
  return { name: administrator.name };
});
