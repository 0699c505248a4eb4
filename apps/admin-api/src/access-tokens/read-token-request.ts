/** What a client asks for, and by which secret it is known (RFC 6749 §4.4.2, §2.3.1). */
export interface TokenRequest {
  readonly clientId: string;
  readonly secret: string;
  readonly scope?: string;
}

/** An error of RFC 6749 §5.2. */
export class TokenRequestError extends Error {
  override readonly name = 'TokenRequestError';

  constructor(
    readonly error: 'invalid_request' | 'invalid_client' | 'unsupported_grant_type',
    message: string,
  ) {
    super(message);
  }
}

/** What was sent, before anything of it is believed. */
export interface SentTokenRequest {
  readonly contentType: string | undefined;
  readonly authorization: string | undefined;
  /** Of the URL, without its question mark. */
  readonly query: string;
  readonly body: string | undefined;
}

/** @throws TokenRequestError */
export function readTokenRequest({ contentType, authorization, query, body = '' }: SentTokenRequest): TokenRequest {
  // §2.3.1: what is in a URL is in logs.
  if (query !== '') throw new TokenRequestError('invalid_request', 'Send parameters in the body, none in the URL.');
  if (contentType?.split(';')[0]?.trim().toLowerCase() !== 'application/x-www-form-urlencoded')
    throw new TokenRequestError('invalid_request', 'Send the body as application/x-www-form-urlencoded.');
  const given = parametersIn(body);
  const client = clientOf(authorization, given);
  const grantType = given.get('grant_type');
  if (grantType === undefined) throw new TokenRequestError('invalid_request', 'Send grant_type=client_credentials.');
  if (grantType !== 'client_credentials')
    throw new TokenRequestError('unsupported_grant_type', 'There is the grant type client_credentials alone.');
  const scope = given.get('scope');
  return { ...client, ...(scope === undefined ? {} : { scope }) };
}

/** §3.2: no parameter twice; one without a value was left out. */
function parametersIn(body: string): ReadonlyMap<string, string> {
  const given = new Map<string, string>();
  for (const [name, value] of new URLSearchParams(body)) {
    if (given.has(name)) throw new TokenRequestError('invalid_request', 'A parameter was sent twice.');
    given.set(name, value);
  }
  return new Map([...given].filter(([, value]) => value !== ''));
}

function clientOf(authorization: string | undefined, given: ReadonlyMap<string, string>) {
  const [id, secret] = [given.get('client_id'), given.get('client_secret')];
  if (authorization !== undefined) {
    const client = basic(authorization);
    // §2.3: no client uses more than one way at once.
    if (secret !== undefined || (id !== undefined && id !== client.clientId))
      throw new TokenRequestError('invalid_request', 'Send the client in the header or in the body, not in both.');
    return client;
  }
  if (id === undefined || secret === undefined)
    throw new TokenRequestError('invalid_client', 'Send client_id and client_secret, best as Authorization: Basic.');
  return { clientId: id, secret };
}

/** §2.3.1: each is encoded as in a form, and then both together in base64. */
function basic(authorization: string): { clientId: string; secret: string } {
  const [, encoded] = /^Basic +([A-Za-z0-9+/]+={0,2})$/i.exec(authorization) ?? [];
  const decoded = encoded === undefined ? '' : Buffer.from(encoded, 'base64').toString('utf8');
  const colon = decoded.indexOf(':');
  if (colon < 1) throw new TokenRequestError('invalid_client', 'Send Authorization: Basic with client id and secret.');
  try {
    return { clientId: formDecoded(decoded.slice(0, colon)), secret: formDecoded(decoded.slice(colon + 1)) };
  } catch (error) {
    if (!(error instanceof URIError)) throw error;
    throw new TokenRequestError('invalid_client', 'Encode client id and secret as in a form (RFC 6749 §2.3.1).');
  }
}

function formDecoded(text: string): string {
  return decodeURIComponent(text.replaceAll('+', ' '));
}
