import { issueApiToken, tokenPath, type TokenAnswer } from '@sluice/contracts';
import { SluiceError } from '@sluice/domain';
import { RequestClient } from '@sluice/messaging';
import { Controller, Post, Req, Res } from '@nestjs/common';
import { OpenToAll } from '../http/administrator.js';
import { readTokenRequest, TokenRequestError, type TokenRequest } from './read-token-request.js';

interface Sent {
  readonly url: string;
  readonly ip: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body?: unknown;
}

interface Reply {
  status(code: number): this;
  header(name: string, value: string): this;
}

/** Longest that the contract takes, of client id and secret. */
const maxLength = 256;

/**
 * Access tokens for the admin API, for service keys of instances of plan `api`: OAuth 2 with client credentials (RFC 6749 §4.4). It speaks
 * OAuth, not JSON with problem documents, and so is no operation.
 */
@Controller()
@OpenToAll()
export class AccessTokensController {
  constructor(private readonly requests: RequestClient) {}

  @Post(tokenPath)
  async issue(@Req() sent: Sent, @Res({ passthrough: true }) reply: Reply) {
    // §5.1
    reply.header('cache-control', 'no-store').header('pragma', 'no-cache');
    try {
      return answered(await this.#ask(read(sent), sent.ip), reply);
    } catch (error) {
      if (error instanceof TokenRequestError) return refused(reply, error.error, error.message);
      if (!(error instanceof SluiceError) || !notNow.has(error.code)) throw error;
      reply.status(503).header('retry-after', '1');
      return { error: 'temporarily_unavailable', error_description: error.message };
    }
  }

  async #ask({ clientId, secret, scope }: TokenRequest, address: string): Promise<TokenAnswer> {
    // No such client, and none is looked for.
    if (clientId.length > maxLength || secret.length > maxLength)
      return { outcome: 'refused', error: 'invalid_client', description: 'The client is not known by this secret.' };
    return this.requests.call(issueApiToken, {
      client: { by: 'secret', clientId, secret },
      ...(scope === undefined ? {} : { scope }),
      address,
    });
  }
}

const notNow: ReadonlySet<string> = new Set(['unavailable', 'overloaded', 'behind', 'deadline-exceeded']);

function read({ url, headers, body }: Sent): TokenRequest {
  const header = (name: string) => (typeof headers[name] === 'string' ? headers[name] : undefined);
  return readTokenRequest({
    contentType: header('content-type'),
    authorization: header('authorization'),
    query: url.split('?')[1] ?? '',
    body: typeof body === 'string' ? body : undefined,
  });
}

function answered(answer: TokenAnswer, reply: Reply) {
  switch (answer.outcome) {
    case 'issued':
      reply.status(200);
      return {
        access_token: answer.accessToken,
        token_type: 'Bearer',
        expires_in: answer.expiresIn,
        scope: answer.scope,
      };
    case 'delayed':
      reply.status(429).header('retry-after', String(answer.retryAfterSeconds));
      return { error: 'temporarily_unavailable', error_description: 'Too many wrong secrets: wait before the next.' };
    case 'refused':
      return refused(reply, answer.error, answer.description);
  }
}

/** §5.2 */
function refused(reply: Reply, error: string, description: string) {
  const unknown = error === 'invalid_client';
  reply.status(unknown ? 401 : 400);
  if (unknown) reply.header('www-authenticate', 'Basic realm="sluice", charset="UTF-8"');
  return { error, error_description: description };
}
