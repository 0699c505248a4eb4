import { authenticateAdministrator, maxTokenLength, type Need } from '@sluice/contracts';
import { isRight, rightsOf, SluiceError } from '@sluice/domain';
import { currentRequest, RequestClient } from '@sluice/messaging';
import type { PeerCertificate } from '@sluice/service-shell';
import { createParamDecorator, Injectable, SetMetadata, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { createHash } from 'node:crypto';
import type { Socket } from 'node:net';
import { requireSameOrigin, sessionOf } from './session-cookie.js';
import { WrongTokens } from './wrong-tokens.js';

/** Who calls, and what its token lets it do. */
export interface Administrator {
  readonly name: string;
  /** Roles that are rights. */
  readonly roles: readonly string[];
  /** Who made what it is known by; absent: not known. */
  readonly makers?: readonly string[] | undefined;
  /** Of who is signed in at the console: when the session ends, ISO 8601. */
  readonly sessionEndsAt?: string | undefined;
  /** Of who signed in by the provider of identities. */
  readonly person?: { readonly id: string; readonly shown: string } | undefined;
}

export interface AuthenticatedRequest {
  /** As it came. */
  readonly raw?: { readonly rawHeaders: readonly string[]; readonly socket?: Socket };
  readonly method: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** Where it came from; that which a trusted proxy names, if one is set. */
  readonly ip?: string;
  /** Whose key the caller proved to have in the handshake. */
  certificate?: PeerCertificate | undefined;
  administrator?: Administrator;
  /** What is asked for is told to pages by themselves. */
  watches?: boolean;
}

/**
 * With what a page asks by itself while nobody touches it. Its session goes on towards its end, which nothing but a person's own use puts off.
 */
export const watchingHeader = 'sluice-watching';

/** What callers are known by. */
@Injectable()
export class Authentication {
  constructor(
    readonly requests: RequestClient,
    readonly wrongTokens: WrongTokens,
  ) {}
}

/** What authorization and verifier take of one, in bytes. */
const maxLeafBytes = 48 * 1024;

const openToAll = 'open to all';

/** For what needs no token: health and the description of the API. */
export const OpenToAll = () => SetMetadata(openToAll, true);

const bearer = new RegExp(`^Bearer ([\\x21-\\x7e]{1,${maxTokenLength}})$`, 'i');
/** A signed JWT in its compact form (RFC 7515 §3.1); an admin token has no dots. */
const signedJwt = /^[\w-]+\.[\w-]+\.[\w-]+$/;

/**
 * Asks authorization whose token it is. Of an admin token the hash alone crosses the bus; an access token is short-lived.
 * @throws SluiceError `unauthenticated`; `too-many-attempts` after wrong tokens from its address; `unavailable` when authorization cannot be asked
 */
export async function authenticate(
  { requests, wrongTokens }: Authentication,
  request: AuthenticatedRequest,
): Promise<void> {
  requireOneAuthorization(request);
  const header = request.headers['authorization'];
  const session = header === undefined ? sessionOf(request) : undefined;
  if (session !== undefined) return authenticateSession(requests, session, request);
  if (header === undefined && request.certificate)
    return authenticateCertificate(requests, wrongTokens, request.certificate, request);
  const [, token] = typeof header === 'string' ? (bearer.exec(header) ?? []) : [];
  if (!token)
    throw new SluiceError('unauthenticated', 'Send an admin token or an access token: Authorization: Bearer <token>.');
  const tokenSha256 = createHash('sha256').update(token).digest('hex');
  const address = request.ip ?? '';
  wrongTokens.admit(address, tokenSha256);
  try {
    request.administrator = await requests.call(authenticateAdministrator, {
      ...(signedJwt.test(token) ? { accessToken: token, ...shownWith(request.certificate) } : { tokenSha256 }),
      heedsRoles: true,
    });
  } catch (error) {
    // One that was good once is no guess.
    if (error instanceof SluiceError && error.code === 'unauthenticated' && error.details?.['expired'] !== true)
      wrongTokens.wrong(address, tokenSha256);
    throw error;
  }
  wrongTokens.right(tokenSha256);
  goOnAs(request.administrator);
}

/** Of two, Node shows the first alone, and what stands in front of us may have looked at the other (RFC 9110 §5.3). */
function requireOneAuthorization({ raw }: AuthenticatedRequest): void {
  const given =
    raw?.rawHeaders.filter((name, index) => index % 2 === 0 && name.toLowerCase() === 'authorization') ?? [];
  if (given.length > 1)
    throw new SluiceError('invalid-argument', 'Send one Authorization header: it is not known which of them is meant.');
}

/** @throws SluiceError `unauthenticated` for one that has ended; `permission-denied` for a change that another site asks for */
async function authenticateSession(
  requests: RequestClient,
  session: string,
  request: AuthenticatedRequest,
): Promise<void> {
  if (request.method !== 'GET' && request.method !== 'HEAD') requireSameOrigin(request);
  const sessionSha256 = createHash('sha256').update(session).digest('hex');
  request.administrator = await requests.call(authenticateAdministrator, {
    sessionSha256,
    heedsRoles: true,
    ...(request.watches || request.headers[watchingHeader] !== undefined ? { watches: true as const } : {}),
  });
  goOnAs(request.administrator);
}

/**
 * A browser sends a certificate with what another site's page asks for, as it would a cookie; a program says nothing of sites.
 * @throws SluiceError as `authenticate` does
 */
async function authenticateCertificate(
  requests: RequestClient,
  wrongTokens: WrongTokens,
  certificate: PeerCertificate,
  request: AuthenticatedRequest,
): Promise<void> {
  const { method, headers, ip: address = '' } = request;
  const byBrowser = headers['sec-fetch-site'] !== undefined || headers['origin'] !== undefined;
  if (byBrowser && ((method !== 'GET' && method !== 'HEAD') || headers['sec-fetch-site'] === 'cross-site'))
    requireSameOrigin(request);
  wrongTokens.admit(address, certificate.sha256);
  if (certificate.leaf.length > maxLeafBytes) {
    wrongTokens.wrong(address, certificate.sha256);
    throw new SluiceError('unauthenticated', `The certificate exceeds ${maxLeafBytes} bytes.`);
  }
  try {
    request.administrator = await requests.call(authenticateAdministrator, {
      ...shownWith(certificate),
      heedsRoles: true,
    });
  } catch (error) {
    // A browser shows what it has to every page that asks, however often: it guesses nothing.
    if (!byBrowser && error instanceof SluiceError && error.code === 'unauthenticated')
      wrongTokens.wrong(address, certificate.sha256);
    throw error;
  }
  wrongTokens.right(certificate.sha256);
  goOnAs(request.administrator);
}

function shownWith(certificate: PeerCertificate | undefined) {
  if (!certificate) return {};
  const base64 = (der: Uint8Array) => Buffer.from(der).toString('base64');
  return { certificate: { leaf: base64(certificate.leaf), chain: certificate.chain().map(base64) } };
}

function goOnAs({ name, roles, makers }: Administrator): void {
  const current = currentRequest();
  if (!current) return;
  current.actor = name;
  // With the request to every service: what is done further on is held against them too.
  current.rights = roles.filter(isRight);
  current.makers = makers;
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
    private readonly authentication: Authentication,
    private readonly reflector: Reflector,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    if (this.reflector.getAllAndOverride<boolean>(openToAll, [context.getHandler(), context.getClass()])) return true;
    const request = context.switchToHttp().getRequest<AuthenticatedRequest>();
    // It was, before the body was read; a route that is no operation is asked about here.
    if (request.administrator === undefined) await authenticate(this.authentication, request);
    return true;
  }
}

/** The name of the administrator a request came from: who did it. */
export const Actor = createParamDecorator((_data: unknown, context: ExecutionContext): { name: string } => {
  const { administrator } = context.switchToHttp().getRequest<AuthenticatedRequest>();
  if (!administrator) throw new SluiceError('unauthenticated', 'Send an admin token.');
  return { name: administrator.name };
});

/** What the caller alone has: its token, or what the cookie of its session holds; empty for who calls by a certificate. */
export const CallerSecret = createParamDecorator((_data: unknown, context: ExecutionContext): string => {
  const request = context.switchToHttp().getRequest<AuthenticatedRequest>();
  const { authorization, 'idempotency-key': repeatable } = request.headers;
  const secret = typeof authorization === 'string' ? authorization.replace(/^Bearer /i, '') : sessionOf(request);
  if (secret !== undefined) return secret;
  if (repeatable === undefined) return '';
  // What is shown once would be sealed under nothing.
  throw new SluiceError(
    'invalid-argument',
    'This call takes an Idempotency-Key from who calls by a token: leave it out, or send an access token with the certificate.',
  );
});
