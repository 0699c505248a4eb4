import {
  maxTokenLength,
  tokenAudiences,
  type DecodedRequestOf,
  type issueFlowToken,
  type TokenAnswer,
  type TokenAudience,
} from '@sluice/contracts';
import { invalidArgument } from '@sluice/domain';
import { StateFollower } from '@sluice/messaging';
import { CLOCK } from '@sluice/service-shell';
import { Inject, Injectable } from '@nestjs/common';
import { randomBytes } from 'node:crypto';
import { issuingTime } from '../issuing-cas/issuing-time.js';
import { TokenKeys } from '../token-keys/token-keys.js';
import { signAccessToken, type Claims } from './access-token.js';
import { AuthenticateClient } from './authenticate-client.js';
import { FindClient, type Client, type FoundClient } from './find-client.js';

type TokenRequest = DecodedRequestOf<typeof issueFlowToken>;
type Refusal = Extract<TokenAnswer, { outcome: 'refused' }>['error'];

/** A client that has proved who it is, and what its tokens rest on. */
interface Proven {
  readonly client: Client;
  readonly signing: FoundClient['signing'];
  readonly secret?: string;
  /** When that ends by the clock, milliseconds since 1970. */
  readonly endsAtMs: number | null;
}

const planFor = { [tokenAudiences.flows]: 'integration-flow', [tokenAudiences.adminApi]: 'api' } as const;
const otherEndPoint = {
  [tokenAudiences.flows]: 'The client is of plan api: ask for its tokens at the token end point of the admin API.',
  [tokenAudiences.adminApi]:
    'The client is of plan integration-flow: ask for its tokens at the tokenurl of its credentials.',
} as const;

const refuse = (error: Refusal, description: string): TokenAnswer => ({ outcome: 'refused', error, description });
/** The same for everything that is wrong with who asks. */
const invalidClient = refuse('invalid_client', 'The client is unknown, or did not prove that it is this client.');

/** Makes access tokens for clients (RFC 6749 §4.4, RFC 9068). A token ends with what it rests on, by the clock at the latest. */
@Injectable()
export class IssueToken {
  readonly #issuingTime: () => number;

  constructor(
    private readonly authenticateClient: AuthenticateClient,
    private readonly findClient: FindClient,
    private readonly tokenKeys: TokenKeys,
    follower: StateFollower,
    @Inject(CLOCK) private readonly now: () => number,
  ) {
    this.#issuingTime = issuingTime(follower, now);
  }

  /**
   * @throws SluiceError `invalid-argument` when the client is known by a certificate and the request does not say by which;
   * `unavailable` while the clock is wrong
   */
  async execute(request: TokenRequest, audience: TokenAudience): Promise<TokenAnswer> {
    const proven = await this.#prove(request);
    if ('outcome' in proven) return proven;
    const { client, secret, signing, endsAtMs } = proven;
    const { parameters, plan } = client;
    if (!parameters['grant-types'].includes('client_credentials'))
      return refuse('unauthorized_client', 'The service instance does not have the grant type client_credentials.');
    if (plan !== planFor[audience]) return refuse('unauthorized_client', otherEndPoint[audience]);
    const roles = grantedRoles(request.scope, parameters.roles);
    if (!roles)
      return refuse(
        'invalid_scope',
        'The scope must be roles of the service instance, each once, with a blank between two.',
      );
    const issuedAt = Math.floor(this.#issuingTime() / 1_000);
    const expiresAt = Math.min(
      issuedAt + parameters['token-validity'],
      Math.floor((endsAtMs ?? Number.POSITIVE_INFINITY) / 1_000),
    );
    if (expiresAt <= issuedAt) return invalidClient;
    const key = await this.tokenKeys.signing(signing.kid, signing.version);
    const content: Claims = {
      iss: key.issuer,
      aud: audience,
      sub: client.serviceKeyId,
      client_id: client.serviceKeyId,
      iat: issuedAt,
      exp: expiresAt,
      jti: randomBytes(16).toString('base64url'),
      scope: roles.join(' '),
      ...(request.boundTo === undefined
        ? {}
        : { cnf: { 'x5t#S256': Buffer.from(request.boundTo, 'hex').toString('base64url') } }),
      sluice: {
        service_key: client.serviceKeyId,
        service_instance: client.serviceInstanceId,
        ...(secret === undefined ? {} : { secret }),
      },
    };
    const accessToken = signAccessToken(content, key);
    if (accessToken.length > maxTokenLength)
      return refuse(
        'invalid_scope',
        `The service instance has so many roles that a token of all would be longer than ${maxTokenLength} characters: name those that are needed in scope.`,
      );
    return { outcome: 'issued', accessToken, expiresIn: expiresAt - issuedAt, scope: content.scope };
  }

  async #prove({ client: proof, boundTo, address }: TokenRequest): Promise<Proven | TokenAnswer> {
    if (proof.by === 'secret') {
      const known = await this.authenticateClient.execute({ ...proof, address, sha256: boundTo });
      if (known.outcome === 'delayed') return known;
      if (known.outcome === 'refused') return invalidClient;
      const { client, secret, found } = known;
      return { client, signing: found.signing, secret: secret.id, endsAtMs: secret.endsAtMs };
    }
    if (boundTo === undefined)
      throw invalidArgument([
        { field: 'boundTo', message: 'must be the SHA-256 of the certificate the client is known by' },
      ]);
    if (proof.clientId !== undefined && proof.clientId !== proof.serviceKeyId) return invalidClient;
    const { client, signing } = await this.findClient.execute(proof.serviceKeyId, boundTo);
    if (client?.status !== 'active' || client.serviceInstanceId !== proof.serviceInstanceId) return invalidClient;
    if (client.certificate) {
      const { endsAtMs } = client.certificate;
      return endsAtMs > this.now() ? { client, signing, endsAtMs } : invalidClient;
    }
    // Of a key that is not pinned another certificate than the stored one is right: until when it is, the verifier says at each request.
    return client.unpinned ? { client, signing, endsAtMs: null } : invalidClient;
  }
}

/** RFC 6749 §3.3. @returns undefined when something else is asked for than the client has */
function grantedRoles(scope: string | undefined, roles: readonly string[]): readonly string[] | undefined {
  if (scope === undefined) return roles;
  const asked = new Set(scope.split(' '));
  const granted = roles.filter((role) => asked.has(role));
  return granted.length === asked.size ? granted : undefined;
}
