import {
  authenticateClient,
  decide,
  issueFlowToken,
  revokeToken,
  verifyAccess,
  verifyCertificate,
  type RequestContract,
  type RequestOf,
} from '@sluice/contracts';
import { SluiceError } from '@sluice/domain';
import { sha256Hex } from '@sluice/testing';

/** A token as the simulated services know it. */
export interface KnownToken {
  readonly scope?: readonly string[];
  readonly boundTo?: string;
  readonly secretId?: string;
}

const asOf = { epoch: '1', sequence: 0 };
const dependency = (key: string) => ({ key, sequence: 0 });

/**
 * Verifier, authorization and key-management as far as a flow runtime sees them: they know some certificates, tokens and one client, and
 * one role that its instance has. How a token is judged is not simulated: it stands in the list, or is refused.
 */
export class SimulatedAccess {
  readonly tokens = new Map<string, KnownToken>();
  /** SHA-256 of the certificates that the service key holds. */
  readonly certificates = new Set<string>();
  readonly client = { clientId: 'client', secret: 'right secret' };
  readonly asked: { contract: RequestContract; request: unknown }[] = [];
  readonly revoked: string[] = [];
  secretStatus: 'active' | 'revoked' = 'active';
  delayed = false;
  away = false;
  roles: readonly string[] = ['ESBMessaging.send'];
  nextToken = 'issued-token';

  readonly answer = (contract: RequestContract, request: unknown): unknown => {
    this.asked.push({ contract, request });
    if (this.away) throw new SluiceError('unavailable', 'Nobody answers.');
    switch (contract) {
      case verifyCertificate:
        return this.#certificate(request as RequestOf<typeof verifyCertificate>);
      case verifyAccess:
        return this.#access(request as RequestOf<typeof verifyAccess>);
      case decide:
        return this.#decide(request as RequestOf<typeof decide>);
      case authenticateClient:
        return this.#client(request as RequestOf<typeof authenticateClient>);
      case issueFlowToken:
        return this.#issue(request as RequestOf<typeof issueFlowToken>);
      case revokeToken:
        this.revoked.push((request as RequestOf<typeof revokeToken>).token);
        return {};
      default:
        throw new Error(`${contract.subject} is not simulated.`);
    }
  };

  readonly #key = { serviceKeyId: 'k', serviceKeyName: 'shop', serviceInstanceId: 'i' };

  #certificate({ leaf }: RequestOf<typeof verifyCertificate>): unknown {
    const sha256 = sha256Hex(Buffer.from(leaf, 'base64'));
    const accepted = this.certificates.has(sha256);
    return {
      outcome: accepted ? 'accepted' : 'refused',
      sha256,
      subjectdn: 'CN=shop',
      ...(accepted ? this.#key : { refusal: 'no-service-key' }),
      ...this.#verdict([`credential.${sha256}`]),
    };
  }

  #access({ shown, certificate }: RequestOf<typeof verifyAccess>): unknown {
    if (shown.kind === 'secret') {
      const accepted = this.secretStatus === 'active';
      return {
        outcome: accepted ? 'accepted' : 'refused',
        ...(accepted ? this.#key : { refusal: 'secret-revoked' }),
        ...this.#verdict([`secret.${shown.secretId}`]),
      };
    }
    const known = this.tokens.get(shown.token);
    const leaf = certificate && sha256Hex(Buffer.from(certificate.leaf, 'base64'));
    const refusal = !known
      ? 'token-signature'
      : known.boundTo !== undefined && known.boundTo !== leaf && !shown.introspection
        ? 'token-other-certificate'
        : undefined;
    return {
      outcome: refusal ? 'refused' : 'accepted',
      ...(refusal ? { refusal } : this.#key),
      ...(known
        ? { token: { id: 'j', issuedAt: 0, expiresAt: 1, ...(known.boundTo ? { boundTo: known.boundTo } : {}) } }
        : {}),
      scope: known?.scope ?? this.roles,
      ...this.#verdict(['revoked-tokens.k', ...(known?.secretId ? [`secret.${known.secretId}`] : [])]),
    };
  }

  #decide({ caller }: RequestOf<typeof decide>): unknown {
    const scope = caller.kind === 'service-key' ? caller.scope : undefined;
    const has = this.roles.includes('ESBMessaging.send') && (scope?.includes('ESBMessaging.send') ?? true);
    if (caller.kind === 'held-certificate') throw new SluiceError('not-found', 'Nobody is asked ahead here.');
    return {
      outcome: has ? 'permit' : 'deny',
      reasons: [],
      asOf,
      dependencies: [dependency('instance.i')],
      serviceInstanceId: 'i',
    };
  }

  #client({ clientId, secret }: RequestOf<typeof authenticateClient>): unknown {
    if (this.delayed) return { outcome: 'delayed', retryAfterSeconds: 7 };
    const right = clientId === this.client.clientId && secret === this.client.secret;
    return right ? { outcome: 'authenticated', secretId: 's', serviceKeyId: 'k' } : { outcome: 'refused' };
  }

  #issue({ client, scope }: RequestOf<typeof issueFlowToken>): unknown {
    if (this.delayed) return { outcome: 'delayed', retryAfterSeconds: 7 };
    if (client.by === 'secret' && (client.clientId !== this.client.clientId || client.secret !== this.client.secret))
      return { outcome: 'refused', error: 'invalid_client', description: 'The client is not known.' };
    if (scope !== undefined && !this.roles.includes(scope))
      return { outcome: 'refused', error: 'invalid_scope', description: 'The instance has not that role.' };
    return { outcome: 'issued', accessToken: this.nextToken, expiresIn: 600, scope: scope ?? this.roles.join(' ') };
  }

  #verdict(keys: readonly string[]): object {
    return {
      checks: [],
      asOf,
      validUntilMs: Number.MAX_SAFE_INTEGER,
      dependencies: keys.map(dependency),
      verifier: 'v',
    };
  }
}
