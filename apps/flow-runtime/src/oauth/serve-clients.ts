import {
  issueFlowToken,
  maxTokenLength,
  revokeToken,
  tokenAudiences,
  verifyAccess,
  type ClientProof,
} from '@sluice/contracts';
import { SluiceError, type Position } from '@sluice/domain';
import {
  delayed,
  grantedOrNot,
  judgeGrantType,
  readClient,
  scopeIn,
  type OAuthError,
  type ShownClient,
} from '@sluice/oauth';
import { askAgain, type Requester } from '../decisions/ask-again.js';
import type { Caller, CallerCertificate } from '../decisions/caller.js';
import type { DecideCall } from '../decisions/decide-call.js';
import type { PermittedCaller } from '../decisions/permit-cache.js';
import { shownSecret } from '../front-door/shown-credentials.js';
import { oauthPaths } from './metadata.js';

export interface ClientRequest {
  readonly path: string;
  readonly authorization: string | undefined;
  readonly form: ReadonlyMap<string, string>;
  /** That of the connection, or the one that a load balancer passed on. */
  readonly certificate: CallerCertificate | undefined;
  /** Where it came from. */
  readonly address: string;
}

/** What is answered when it is granted; without a value the answer is empty. */
export interface Granted {
  readonly value?: object;
}

/** What clients ask at the end points that have forms: a token, whether one is good, and that one ends. */
export class ServeClients {
  constructor(
    private readonly requests: Requester,
    private readonly decideCall: Pick<DecideCall, 'identify'>,
    private readonly position: () => Position | undefined,
  ) {}

  /** Never throws a SluiceError: what cannot be done now is an answer. */
  async execute(request: ClientRequest): Promise<Granted | OAuthError> {
    try {
      switch (request.path) {
        case oauthPaths.token:
          return await this.#issue(request);
        case oauthPaths.introspection:
          return await this.#introspect(request);
        default:
          return await this.#revoke(request);
      }
    } catch (error) {
      if (!(error instanceof SluiceError)) throw error;
      // What is full says how room is made.
      return error.code === 'overloaded'
        ? { ...unavailable(error.message), description: error.message }
        : unavailable(error.message);
    }
  }

  /** RFC 6749 §4.4. */
  async #issue(request: ClientRequest): Promise<Granted | OAuthError> {
    const { form, certificate, address } = request;
    const wrong = judgeGrantType(form);
    if (wrong) return wrong;
    const shown = readClient(request.authorization, form, certificate);
    if ('error' in shown) return shown;
    const client = await this.#proofOf(shown);
    if ('error' in client) return client;
    const asked = scopeIn(form);
    if ('error' in asked) return asked;
    const answer = await this.requests.call(issueFlowToken, {
      client,
      // RFC 8705 §3: to whatever certificate the client has, also beside a secret.
      ...(certificate ? { boundTo: certificate.sha256 } : {}),
      ...asked,
      address,
    });
    return grantedOrNot(answer);
  }

  /** RFC 7662: to who may ask, and nothing of a token that is not good. */
  async #introspect(request: ClientRequest): Promise<Granted | OAuthError> {
    const token = request.form.get('token');
    if (token === undefined) return { error: 'invalid_request', description: 'token is missing.' };
    const client = await this.#identify(request);
    if ('error' in client) return client;
    const minimum = this.position();
    if (!minimum) return unavailable('The runtime is not in step with the state stream.');
    if (token.length > maxTokenLength) return { value: { active: false } };
    const verdict = await askAgain(this.requests, verifyAccess, {
      shown: { kind: 'token', token, audience: tokenAudiences.flows, introspection: true },
      minimum,
    });
    if (verdict.outcome === 'refused') return { value: { active: false } };
    const { iss, sub, aud, client_id, jti, iat, exp, cnf } = claimsOf(token);
    const scope = (verdict.scope ?? []).join(' ');
    return { value: { active: true, token_type: 'Bearer', scope, iss, sub, aud, client_id, jti, iat, exp, cnf } };
  }

  /** RFC 7009 §2.2: it is granted whether there was anything to revoke or not. */
  async #revoke(request: ClientRequest): Promise<Granted | OAuthError> {
    const token = request.form.get('token');
    if (token === undefined) return { error: 'invalid_request', description: 'token is missing.' };
    const client = await this.#identify(request);
    if ('error' in client) return client;
    const { serviceKeyId } = client;
    if (token.length <= maxTokenLength && serviceKeyId !== undefined)
      await this.requests.call(revokeToken, { token, serviceKeyId });
    return {};
  }

  /** A secret is judged by who makes the token; a certificate is judged before, as for a flow. */
  async #proofOf(shown: ShownClient<CallerCertificate>): Promise<ClientProof | OAuthError> {
    if (shown.by === 'secret') return { by: 'secret', ...shown.client };
    const client = await this.#judge(shown.certificate);
    if ('error' in client) return client;
    const { serviceKeyId, serviceInstanceId } = client;
    if (serviceKeyId === undefined || serviceInstanceId === undefined) return wrongClient('No service key holds it.');
    const { clientId } = shown;
    return { by: 'certificate', serviceKeyId, serviceInstanceId, ...(clientId === undefined ? {} : { clientId }) };
  }

  async #identify({ authorization, form, certificate, address }: ClientRequest): Promise<PermittedCaller | OAuthError> {
    const shown = readClient(authorization, form, certificate);
    if ('error' in shown) return shown;
    if (shown.by === 'certificate') return this.#judge(shown.certificate);
    return this.#judge({ ...shown.client, shown: shownSecret(shown.client), address });
  }

  async #judge(caller: Caller): Promise<PermittedCaller | OAuthError> {
    const decision = await this.decideCall.identify(caller);
    if (decision.outcome === 'permitted') return decision.permit.caller;
    if (decision.outcome === 'delayed') return delayed(decision.retryAfterSeconds);
    const found = decision.evidence.checks.filter(({ ok }) => !ok).map(({ explanation }) => explanation);
    return decision.outcome === 'undecided' ? unavailable(found.join(' ')) : wrongClient(found.join(' '));
  }
}

interface Claims {
  readonly iss: string;
  readonly sub: string;
  readonly aud: string;
  readonly client_id: string;
  readonly jti: string;
  readonly iat: number;
  readonly exp: number;
  /** RFC 8705 §3.2. */
  readonly cnf?: object;
}

/** Of a token that was judged: so it is one of ours. */
function claimsOf(token: string): Claims {
  const [, claims = ''] = token.split('.');
  return JSON.parse(Buffer.from(claims, 'base64url').toString()) as Claims;
}

/** @param found is told to the administrator: a stranger is not told what is known of a certificate */
function wrongClient(found: string): OAuthError {
  return {
    error: 'invalid_client',
    description: 'The client is not known by this, or it is not good any more.',
    found,
  };
}

function unavailable(found: string): OAuthError {
  return { error: 'temporarily_unavailable', description: 'It cannot be decided at this moment: try again.', found };
}
