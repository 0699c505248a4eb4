import type { SignedInPerson } from '@sluice/contracts';
import { SluiceError } from '@sluice/domain';
import type { Destinations, Log } from '@sluice/service-shell';
import {
  AuthorizationResponseError,
  authorizationCodeGrant,
  allowInsecureRequests,
  buildAuthorizationUrl,
  buildEndSessionUrl,
  calculatePKCECodeChallenge,
  ClientSecretBasic,
  ClientSecretPost,
  clockTolerance,
  customFetch,
  discovery,
  enableNonRepudiationChecks,
  fetchUserInfo,
  None,
  ResponseBodyError,
  type ClientAuth,
  type Configuration,
} from 'openid-client';
import { readFileSync } from 'node:fs';
import type { BegunSignIn } from './begun-sign-in.js';
import { boundedFetch, ProviderFault } from './bounded-fetch.js';
import { isConfidential } from './oidc-environment.js';
import { isWhole, personOfClaims, type ClaimSettings } from './person-of-claims.js';

export interface IdentityProviderSettings extends ClaimSettings {
  /** For the button. */
  readonly name: string;
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecretFile: string | undefined;
  readonly scopes: string;
  readonly redirectUri: string;
  /** Where the provider sends a browser after signing out there. */
  readonly afterSignOut: string;
}

interface Surroundings {
  readonly destinations: Pick<Destinations, 'fetch'>;
  readonly log: Pick<Log, 'warn'>;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** Of each question to the provider, in seconds. */
const timeLimit = 5;
/** How long its configuration is used before it is read again, and how long after a failure nobody asks again; milliseconds. */
const freshMs = 3_600_000;
const quietMs = 5_000;
/** How far the clocks may be apart, in seconds. */
const tolerance = 30;

/**
 * The OpenID provider that people sign in by. Its configuration is read when it is first needed, so that the admin API starts without it; while it cannot
 * be read again, the one that was read goes on.
 */
export class IdentityProvider {
  readonly #fetch;
  #known: { readonly configuration: Configuration; readonly readAt: number } | undefined;
  #failed: { readonly at: number; readonly error: SluiceError } | undefined;
  #reading: Promise<Configuration> | undefined;

  constructor(
    readonly settings: IdentityProviderSettings,
    private readonly surroundings: Surroundings,
  ) {
    this.#fetch = boundedFetch(surroundings.destinations);
  }

  /** Where a browser signs in. @throws SluiceError `unavailable` */
  async authorizationUrl({ state, nonce, verifier }: BegunSignIn): Promise<URL> {
    const { scopes, redirectUri } = this.settings;
    const configuration = await this.#configuration();
    const challenge = await calculatePKCECodeChallenge(verifier);
    return this.#endPoint(() =>
      buildAuthorizationUrl(configuration, {
        redirect_uri: redirectUri,
        response_type: 'code',
        scope: scopes,
        state,
        nonce,
        code_challenge: challenge,
        code_challenge_method: 'S256',
      }),
    );
  }

  /**
   * Who signed in, by the parameters with which the provider sent the browser back.
   * @throws SluiceError `unauthenticated`, `permission-denied`, `unavailable`; nothing of code and tokens is in it
   */
  async person(parameters: URLSearchParams, { state, nonce, verifier }: BegunSignIn): Promise<SignedInPerson> {
    const configuration = await this.#configuration();
    const target = new URL(this.settings.redirectUri);
    target.search = parameters.toString();
    try {
      const tokens = await authorizationCodeGrant(configuration, target, {
        expectedState: state,
        expectedNonce: nonce,
        pkceCodeVerifier: verifier,
        idTokenExpected: true,
      });
      const claims = tokens.claims();
      if (!claims) throw this.#refused('no-id-token');
      const more =
        isWhole(claims, this.settings) || configuration.serverMetadata().userinfo_endpoint === undefined
          ? {}
          : await fetchUserInfo(configuration, tokens.access_token, claims.sub);
      return personOfClaims({ ...more, ...claims }, this.settings);
    } catch (error) {
      throw error instanceof SluiceError ? error : this.#explained(error);
    }
  }

  /** Where a browser signs out at the provider; undefined where it has no page for that. @throws SluiceError `unavailable` */
  async endSessionUrl(): Promise<URL | undefined> {
    const configuration = await this.#configuration();
    if (configuration.serverMetadata().end_session_endpoint === undefined) return undefined;
    // Without `id_token_hint`: that token is kept nowhere, and the provider knows the client by its id.
    return this.#endPoint(() =>
      buildEndSessionUrl(configuration, { post_logout_redirect_uri: this.settings.afterSignOut }),
    );
  }

  /** Where browsers are sent, as the configuration of the provider has it. */
  #endPoint(build: () => URL): URL {
    let url: URL;
    try {
      url = build();
    } catch (error) {
      throw this.#unavailable(causeOf(error));
    }
    if (isConfidential(url)) return url;
    throw this.#unavailable('an end point of the provider is not https');
  }

  async #configuration(): Promise<Configuration> {
    const now = this.surroundings.now();
    const known = this.#known;
    if (known && isWithin(freshMs, known.readAt, now)) return known.configuration;
    if (this.#failed && isWithin(quietMs, this.#failed.at, now)) {
      if (known) return known.configuration;
      throw this.#failed.error;
    }
    this.#reading ??= this.#read().finally(() => (this.#reading = undefined));
    try {
      return await this.#reading;
    } catch (error) {
      if (known) return known.configuration;
      throw error;
    }
  }

  async #read(): Promise<Configuration> {
    const { issuer, clientId, clientSecretFile } = this.settings;
    try {
      const secret = clientSecretFile === undefined ? undefined : readFileSync(clientSecretFile, 'utf8').trim();
      const insecure = new URL(issuer).protocol === 'http:';
      const configuration = await discovery(
        new URL(issuer),
        clientId,
        { [clockTolerance]: tolerance },
        secret === undefined ? None() : authenticatedBy(secret),
        {
          timeout: timeLimit,
          [customFetch]: this.#fetch,
          // The signature of id tokens is checked though they come by TLS: with `none` or a secret that others know nobody signs in.
          execute: [enableNonRepudiationChecks, ...(insecure ? [allowInsecureRequests] : [])],
        },
      );
      this.#known = { configuration, readAt: this.surroundings.now() };
      this.#failed = undefined;
      return configuration;
    } catch (error) {
      const unavailable = this.#unavailable(causeOf(error));
      this.#failed = { at: this.surroundings.now(), error: unavailable };
      throw unavailable;
    }
  }

  #explained(error: unknown): SluiceError {
    if (error instanceof AuthorizationResponseError)
      return new SluiceError(
        'unauthenticated',
        `The provider did not sign you in (${codeIn(error.error)}): try again, or ask who administers it.`,
      );
    const cause = causeOf(error);
    if (error instanceof ResponseBodyError) {
      // A secret that was replaced meanwhile is read again, as is what else may have changed.
      if (error.error === 'invalid_client') this.#known = undefined;
      return error.status >= 500 ? this.#unavailable(cause) : this.#refused(cause);
    }
    const unreachable = cause === 'OAUTH_TIMEOUT' || cause === 'OAUTH_ABORT' || isNetworkFailure(error);
    return unreachable ? this.#unavailable(cause) : this.#refused(cause);
  }

  #refused(cause: string): SluiceError {
    this.surroundings.log.warn({ cause }, 'a sign-in by the provider of identities was refused');
    return new SluiceError(
      'unauthenticated',
      `What the provider sent does not sign anybody in (${cause}): begin again; the log of the admin API has when it happened.`,
    );
  }

  #unavailable(cause: string): SluiceError {
    this.surroundings.log.warn({ cause }, 'the provider of identities cannot be used now');
    return new SluiceError(
      'unavailable',
      'The provider of identities cannot be reached now: try again in a moment, or sign in with an admin token.',
    );
  }
}

/** Also of a clock that was put back. */
function isWithin(ms: number, at: number, now: number): boolean {
  return Math.abs(now - at) < ms;
}

/** As the provider takes it; where it does not say, in the header (OpenID Connect Discovery §3). */
function authenticatedBy(secret: string): ClientAuth {
  const basic = ClientSecretBasic(secret);
  const post = ClientSecretPost(secret);
  return (server, client, body, headers) => {
    const taken = server.token_endpoint_auth_methods_supported ?? ['client_secret_basic'];
    (taken.includes('client_secret_basic') ? basic : post)(server, client, body, headers);
  };
}

/** What may be told of a failure: a code, never what the provider or the browser sent, for that holds codes and tokens. */
function causeOf(error: unknown): string {
  if (error instanceof ResponseBodyError) return codeIn(error.error);
  // Its words are our own.
  if (error instanceof ProviderFault) return error.message;
  const { code, cause } = (typeof error === 'object' && error !== null ? error : {}) as {
    code?: unknown;
    cause?: unknown;
  };
  if (typeof code === 'string' && /^[A-Z_]{1,60}$/.test(code)) return code;
  return cause === undefined ? (error instanceof Error ? error.name : 'unknown') : causeOf(cause);
}

/** RFC 6749 §4.1.2.1 has small letters and underscores; what else is sent is not repeated. */
function codeIn(error: unknown): string {
  return typeof error === 'string' && /^[a-z_]{1,60}$/.test(error) ? error : 'error';
}

function isNetworkFailure(error: unknown): boolean {
  if (typeof error !== 'object' || error === null) return false;
  const { message, cause } = error as { message?: unknown; cause?: unknown };
  return error instanceof ProviderFault || message === 'fetch failed' || isNetworkFailure(cause);
}
