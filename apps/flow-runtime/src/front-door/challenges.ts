import type { SenderAuthentication } from '@sluice/domain';
import { basicChallenge, hasScheme } from '@sluice/oauth';
import type { ServerResponse } from 'node:http';

/**
 * Says how to authenticate (RFC 9110 §11.6.1, RFC 6750 §3). What it says of tokens follows from the request alone, not from the channel nor
 * from what is wrong with the token: so nobody finds out by it which address has a flow.
 */
export function challenge(
  response: ServerResponse,
  authorization: string | undefined,
  admits: ReadonlySet<SenderAuthentication>,
): void {
  const bearer =
    authorization !== undefined && hasScheme(authorization, 'bearer')
      ? 'Bearer error="invalid_token", error_description="The access token is not good here: get a new one."'
      : 'Bearer';
  response.setHeader('www-authenticate', admits.has('basic') ? [bearer, basicChallenge] : bearer);
}

/** RFC 6749 §3.3: a name of a role that has other characters cannot be said in the header. */
const scopeToken = /^[\x21\x23-\x5b\x5d-\x7e]+$/;

/** Tells who calls by token which role it lacks (RFC 6750 §3.1): whether its scope or its instance has not got it. */
export function challengeScope(response: ServerResponse, role: string): void {
  const scope = scopeToken.test(role) ? `, scope="${role}"` : '';
  response.setHeader('www-authenticate', `Bearer error="insufficient_scope"${scope}`);
}

/**
 * Whether a token stands in the query (RFC 6750 §2.3), where logs and proxies read it. It is not taken at any address, whether there is
 * a flow that admits tokens or none at all.
 */
export function hasTokenInQuery(target: string): boolean {
  const query = target.indexOf('?');
  if (query === -1) return false;
  const parameters = target.slice(query + 1);
  // Names of parameters are rarely written with escapes.
  if (!parameters.includes('access_token') && !parameters.includes('%')) return false;
  return new URLSearchParams(parameters).has('access_token');
}

export const tokenInQuery = 'An access token may not stand in the query: send it as Authorization: Bearer.';
export const tokenInQueryChallenge = `Bearer error="invalid_request", error_description="${tokenInQuery}"`;
