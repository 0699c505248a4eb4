import { issueApiToken, tokenPath } from '@sluice/contracts';
import { SluiceError } from '@sluice/domain';
import { RequestClient } from '@sluice/messaging';
import {
  errorAnswer,
  grantedOrNot,
  judgeFormHead,
  judgeGrantType,
  readClient,
  readForm,
  scopeIn,
  type GrantedToken,
  type OAuthError,
} from '@sluice/oauth';
import type { PeerCertificate } from '@sluice/service-shell';
import { Controller, Post, Req, Res } from '@nestjs/common';
import { OpenToAll } from '../http/administrator.js';
import type { Reply } from '../http/problem-filter.js';

interface Sent {
  readonly method: string;
  readonly url: string;
  readonly ip: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body?: unknown;
  readonly certificate?: PeerCertificate | undefined;
}

/** What may be so a moment later. */
const notNow: ReadonlySet<string> = new Set(['unavailable', 'overloaded', 'behind', 'deadline-exceeded']);

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
    const answer = await this.#answer(sent);
    if ('value' in answer) {
      reply.status(200);
      return answer.value;
    }
    const { status, headers, body } = errorAnswer(answer);
    for (const [name, value] of Object.entries(headers)) reply.header(name, value);
    reply.status(status);
    return body;
  }

  async #answer(sent: Sent): Promise<{ value: GrantedToken } | OAuthError> {
    const wrong = judgeFormHead(sent);
    if (wrong) return wrong;
    const form = readForm(sent.body instanceof Uint8Array ? sent.body : new Uint8Array());
    if ('error' in form) return form;
    const grant = judgeGrantType(form);
    if (grant) return grant;
    const { authorization } = sent.headers;
    // A certificate calls the admin API by itself, and so no client is authenticated by it here; a token that is asked for beside it is bound to it.
    const shown = readClient<never>(typeof authorization === 'string' ? authorization : undefined, form, undefined);
    if ('error' in shown) return shown;
    if (shown.by === 'certificate') return shown.certificate;
    const asked = scopeIn(form);
    if ('error' in asked) return asked;
    try {
      const client = { by: 'secret', ...shown.client } as const;
      const bound = sent.certificate ? { boundTo: sent.certificate.sha256 } : {};
      return grantedOrNot(await this.requests.call(issueApiToken, { client, ...bound, ...asked, address: sent.ip }));
    } catch (error) {
      if (!(error instanceof SluiceError) || !notNow.has(error.code)) throw error;
      return { error: 'temporarily_unavailable', description: error.message };
    }
  }
}
