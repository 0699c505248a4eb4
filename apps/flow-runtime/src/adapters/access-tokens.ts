import { FlowProcessingError } from '@sluice/flow-engine';
import type { Dispatcher } from 'undici';
import type { ReceiverSecret } from '../receiver-credentials/receiver-credential.js';
import { exchangeHttp } from './exchange-http.js';

type Client = Extract<ReceiverSecret, { type: 'OAuth2ClientCredentials' }>;

export interface AccessToken {
  readonly value: string;
  /** Milliseconds since 1970. */
  readonly askedAtMs: number;
  /** Milliseconds since 1970 from which on it is not used any more. */
  readonly renewAtMs: number;
}

const maximumTokenResponseBytes = 256 * 1024;
const defaultLifetimeSeconds = 300;

/** Access tokens of OAuth clients (RFC 6749 §4.4), kept until shortly before they expire; of several calls at once one asks. */
export class AccessTokens {
  readonly #tokens = new Map<string, AccessToken | Promise<AccessToken>>();

  constructor(private readonly now: () => number) {}

  /**
   * @param key of the identity: another version of a credential has another token
   * @throws FlowProcessingError `receiver-failed`, `receiver-timeout`
   */
  async get(key: string, client: Client, dispatcher: Dispatcher, timeoutMs: number): Promise<AccessToken> {
    const known = this.#tokens.get(key);
    if (known instanceof Promise) return known;
    if (known && known.renewAtMs > this.now()) return known;
    const asking = this.#ask(client, dispatcher, timeoutMs);
    this.#tokens.set(key, asking);
    try {
      const token = await asking;
      if (this.#tokens.get(key) === asking) this.#tokens.set(key, token);
      return token;
    } catch (error) {
      if (this.#tokens.get(key) === asking) this.#tokens.delete(key);
      throw error;
    }
  }

  /** Forgets a token that was refused, unless another has come since. */
  refused(key: string, token: AccessToken): void {
    if (this.#tokens.get(key) === token) this.#tokens.delete(key);
  }

  forget(matches: (key: string) => boolean): void {
    for (const key of this.#tokens.keys()) if (matches(key)) this.#tokens.delete(key);
  }

  async #ask(client: Client, dispatcher: Dispatcher, timeoutMs: number): Promise<AccessToken> {
    const form = new URLSearchParams({ grant_type: 'client_credentials' });
    if (client.scope !== '') form.set('scope', client.scope);
    const headers: Record<string, string> = {
      'content-type': 'application/x-www-form-urlencoded',
      accept: 'application/json',
    };
    if (client.clientAuthentication === 'body') {
      form.set('client_id', client.clientId);
      form.set('client_secret', client.clientSecret);
    } else headers['authorization'] = basic(formEncode(client.clientId), formEncode(client.clientSecret));
    const asked = this.now();
    const response = await exchangeHttp(dispatcher, {
      method: 'POST',
      url: client.tokenUrl,
      headers,
      body: form.toString(),
      maximumResponseBytes: maximumTokenResponseBytes,
      signal: AbortSignal.timeout(timeoutMs),
    });
    if (response.status !== 200)
      throw new FlowProcessingError(
        'receiver-failed',
        `The token endpoint ${withoutQuery(client.tokenUrl)} answered with HTTP status ${response.status}${errorCodeOf(response.body)}.`,
        { responseCode: response.status },
      );
    const { access_token: value, expires_in: lifetime, token_type: type } = parseObject(response.body);
    if (typeof value !== 'string' || !/^[\x21-\x7e]+$/.test(value) || (type !== undefined && !isBearer(type)))
      throw new FlowProcessingError(
        'receiver-failed',
        `The token endpoint ${withoutQuery(client.tokenUrl)} answered with no bearer token.`,
      );
    const seconds = Number(lifetime);
    const lifetimeMs = (Number.isFinite(seconds) && seconds > 0 ? seconds : defaultLifetimeSeconds) * 1_000;
    // It must not expire on its way to the receiver.
    return { value, askedAtMs: asked, renewAtMs: asked + lifetimeMs - Math.min(30_000, lifetimeMs / 5) };
  }
}

/** RFC 7617. */
export function basic(user: string, password: string): string {
  return `Basic ${Buffer.from(`${user}:${password}`, 'utf8').toString('base64')}`;
}

/** RFC 6749 §2.3.1 encodes id and secret before they are put into the header. */
function formEncode(text: string): string {
  return new URLSearchParams({ v: text }).toString().slice('v='.length);
}

function isBearer(type: unknown): boolean {
  return typeof type === 'string' && type.toLowerCase() === 'bearer';
}

function withoutQuery(url: string): string {
  const { origin, pathname } = new URL(url);
  return `${origin}${pathname}`;
}

function parseObject(body: Uint8Array): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(Buffer.from(body).toString('utf8'));
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>;
  } catch {
    // Not JSON: the caller says what is missing.
    return {};
  }
  return {};
}

/** RFC 6749 §5.2: the code alone, as a description may quote what was sent. */
function errorCodeOf(body: Uint8Array): string {
  const { error } = parseObject(body);
  return typeof error === 'string' && /^[\w-]{1,60}$/.test(error) ? ` (${error})` : '';
}
