import type { TokenAnswer } from '@sluice/contracts';
import type { OAuthError } from './oauth-error.js';

/** What the token end point answers when it grants one (RFC 6749 §5.1). */
export interface GrantedToken {
  readonly access_token: string;
  readonly token_type: 'Bearer';
  /** Seconds. */
  readonly expires_in: number;
  readonly scope: string;
}

/** The answer of who makes tokens, as the client gets it. */
export function grantedOrNot(answer: TokenAnswer): { readonly value: GrantedToken } | OAuthError {
  switch (answer.outcome) {
    case 'delayed':
      return delayed(answer.retryAfterSeconds);
    case 'refused':
      return { error: answer.error, description: answer.description };
    case 'issued': {
      const { accessToken, expiresIn, scope } = answer;
      return { value: { access_token: accessToken, token_type: 'Bearer', expires_in: expiresIn, scope } };
    }
  }
}

/** No secret is looked at now: wrong ones came before, or too many are looked at at once. */
export function delayed(retryAfterSeconds: number): OAuthError {
  return {
    error: 'temporarily_unavailable',
    status: 429,
    retryAfterSeconds,
    description: 'No secret is looked at for a moment: wrong ones came before, or too many at once.',
  };
}

/** RFC 6749 §4.4.2. @returns undefined when it is the one that there is */
export function judgeGrantType(form: ReadonlyMap<string, string>): OAuthError | undefined {
  const grantType = form.get('grant_type');
  if (grantType === undefined) return { error: 'invalid_request', description: 'grant_type is missing.' };
  if (grantType === 'client_credentials') return undefined;
  return { error: 'unsupported_grant_type', description: 'The only grant type here is client_credentials.' };
}

/** As the contract has it, in characters. */
const maxScopeLength = 8_192;

/** What the client asks for (RFC 6749 §3.3); absent: all that it may have. */
export function scopeIn(form: ReadonlyMap<string, string>): { readonly scope?: string } | OAuthError {
  const scope = form.get('scope');
  if (scope === undefined) return {};
  if (scope.length <= maxScopeLength) return { scope };
  return { error: 'invalid_scope', description: 'The scope is longer than the names of all roles of an instance.' };
}
