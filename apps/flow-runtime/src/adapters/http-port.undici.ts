import {
  FlowProcessingError,
  type HttpPort,
  type HttpRequest,
  type HttpResponse,
  type ReceiverAuthentication,
} from '@sluice/flow-engine';
import type { CredentialStore } from '../receiver-credentials/credential-store.postgres.js';
import type { ReceiverCredential, ReceiverSecret } from '../receiver-credentials/receiver-credential.js';
import { AccessTokens, basic, type AccessToken } from './access-tokens.js';
import { anonymous, type ConnectionPools, type Identity } from './connection-pools.js';
import { exchangeHttp, NoAnswer } from './exchange-http.js';
import type { MayCall } from './receiver-hosts.js';

export interface UndiciHttpPortOptions {
  readonly pools: ConnectionPools;
  readonly credentials: CredentialStore;
  readonly mayCall: MayCall;
  readonly maximumResponseBytes: number;
  readonly now: () => number;
}

/** Who calls, and what the request says of it. */
interface Caller {
  readonly identity: Identity;
  readonly authorization?: string;
  /** Set for a token that was not made for this very call: it may have been withdrawn since. */
  readonly token?: AccessToken;
}

const credentialTypes = {
  Basic: 'UserCredentials',
  OAuth2ClientCredentials: 'OAuth2ClientCredentials',
  ClientCertificate: 'KeyPair',
} as const satisfies Record<Exclude<ReceiverAuthentication['type'], 'None'>, ReceiverSecret['type']>;

/** What the adapter says itself. */
const ownHeaders = new Set(['accept-encoding', 'authorization']);

/** Calls of HTTP receivers. */
export class UndiciHttpPort implements HttpPort {
  readonly #tokens: AccessTokens;

  constructor(private readonly options: UndiciHttpPortOptions) {
    this.#tokens = new AccessTokens(options.now);
  }

  /** To be called when a credential has changed: connections and tokens made with it are used no more. */
  credentialChanged(alias: string): void {
    this.options.pools.drop(alias);
    this.#tokens.forget((key) => key.startsWith(tokenPrefix(alias)));
  }

  async send(request: HttpRequest): Promise<HttpResponse> {
    const url = new URL(request.url);
    if (!this.options.mayCall(url))
      throw new FlowProcessingError(
        'receiver-failed',
        `Flows of this runtime may not call ${url.host}: RECEIVER_HOSTS does not name it.`,
      );
    const deadline = this.options.now() + request.timeoutMs;
    const signal = AbortSignal.timeout(Math.max(1, Math.min(request.timeoutMs, 2 ** 31 - 1)));
    for (let attempt = 0; ; attempt++) {
      try {
        return await this.#sendAuthenticated(request, url, signal);
      } catch (error) {
        const again = error instanceof NoAnswer && error.mayRepeat && attempt < request.retries;
        if (!again || this.options.now() + request.retryIntervalMs >= deadline) throw error;
        await new Promise((resolve) => setTimeout(resolve, request.retryIntervalMs));
      }
    }
  }

  async #sendAuthenticated(request: HttpRequest, url: URL, signal: AbortSignal): Promise<HttpResponse> {
    const caller = await this.#callerOf(request.authentication, url, request.timeoutMs);
    const response = await this.#sendAs(caller, request, signal);
    if (response.status !== 401 || !caller.token) return response;
    // Refused before it was looked at: a token that was withdrawn is replaced once.
    this.#tokens.refused(caller.identity.key, caller.token);
    return this.#sendAs(await this.#callerOf(request.authentication, url, request.timeoutMs), request, signal);
  }

  #sendAs(caller: Caller, request: HttpRequest, signal: AbortSignal): Promise<HttpResponse> {
    const headers: Record<string, string> = {};
    for (const [name, value] of Object.entries(request.headers)) {
      // A flow may set its own Authorization where the channel has none.
      const lower = name.toLowerCase();
      if (!ownHeaders.has(lower) || (lower === 'authorization' && caller.identity === anonymous)) headers[name] = value;
    }
    if (caller.authorization !== undefined) headers['authorization'] = caller.authorization;
    const { maximumResponseBytes, pools } = this.options;
    const { method, body } = request;
    return exchangeHttp(pools.of(caller.identity), {
      method,
      url: request.url,
      headers,
      body,
      maximumResponseBytes,
      signal,
    });
  }

  async #callerOf(authentication: ReceiverAuthentication, url: URL, timeoutMs: number): Promise<Caller> {
    if (authentication.type === 'None') return { identity: anonymous };
    const alias = authentication.type === 'ClientCertificate' ? authentication.keyAlias : authentication.credential;
    const credential = await this.#credential(alias, credentialTypes[authentication.type]);
    const { secret } = credential;
    const key = `${tokenPrefix(alias)}${credential.version}`;
    switch (secret.type) {
      case 'UserCredentials':
        return { identity: { alias, key }, authorization: basic(secret.user, secret.password) };
      case 'OAuth2ClientCredentials': {
        const identity = { alias, key };
        const asked = this.options.now();
        const token = await this.#tokens.get(key, secret, this.options.pools.of(identity), timeoutMs);
        return { identity, authorization: `Bearer ${token.value}`, ...(token.askedAtMs < asked ? { token } : {}) };
      }
      case 'KeyPair':
        if (url.protocol !== 'https:')
          throw new FlowProcessingError(
            'receiver-failed',
            'A client certificate needs an https address: the receiver would not see it.',
          );
        return {
          identity: { alias, key, certificateChain: secret.certificateChain, privateKey: secret.key },
        };
    }
  }

  async #credential(alias: string, type: ReceiverSecret['type']): Promise<ReceiverCredential> {
    let credential: ReceiverCredential | undefined;
    try {
      credential = alias === '' ? undefined : await this.options.credentials.get(alias);
    } catch (error) {
      throw new FlowProcessingError('receiver-failed', `The credential "${alias}" could not be read just now.`, {
        cause: error,
      });
    }
    if (credential === undefined)
      throw new FlowProcessingError(
        'receiver-failed',
        alias === ''
          ? 'The receiver channel names no credential.'
          : `There is no credential "${alias}": put it to /v1/credentials/${alias}.`,
      );
    if (credential.secret.type !== type)
      throw new FlowProcessingError(
        'receiver-failed',
        `The credential "${alias}" is of the type ${credential.secret.type}, and the receiver channel needs ${type}.`,
      );
    return credential;
  }
}

/** An alias holds no blank, so one alias is never the beginning of another's key. */
function tokenPrefix(alias: string): string {
  return `${alias} `;
}
