import { canonicalRequestPath, type AccessRefusal } from '@sluice/domain';
import type { FlowPorts } from '@sluice/flow-engine';
import { continueRequest, runInRequest } from '@sluice/messaging';
import { spanClock } from '@sluice/service-shell';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { CallDecision, DecideCall, Evidence } from '../decisions/decide-call.js';
import type { Permit } from '../decisions/permit-cache.js';
import type { BodyBudget } from '../fair-shares/body-budget.js';
import { ownerOf } from '../fair-shares/owner-of.js';
import type { SenderLimits } from '../fair-shares/sender-limits.js';
import type { DeployedFlows, Endpoint } from '../flows/deployed-flows.js';
import type { RuntimeMetrics } from './runtime-metrics.js';
import { recordRequest, type TakesSpans } from './record-spans.js';
import type { RecordDecision } from '../decisions/record-decision.js';
import type { ConnectedCaller, PermittedUse, ReadCaller } from '../client-certificates/caller-certificate.js';
import { certificateOf, shownBy, type Caller } from '../decisions/caller.js';
import type { OAuthEndPoints } from '../oauth/oauth-end-points.js';
import { addressOf } from './address-of.js';
import { challenge, challengeScope, hasTokenInQuery, tokenInQuery, tokenInQueryChallenge } from './challenges.js';
import { admittedWithoutFlow, callerOf } from './shown-credentials.js';
import { decodeContent, takenCodings } from './content-coding.js';
import { csrfHeader, type CsrfTokens } from './csrf-tokens.js';
import type { NoteUnreadable, UnreadableReason } from '../listeners/note-unreadable.js';
import { MalformedClientCert } from '../client-certificates/malformed-client-cert.js';
import { respondWithProblem } from '../listeners/problem-response.js';
import { comesAsStream, IncomingBody } from './incoming-body.js';
import { HeldByRequest } from './held-by-request.js';
import { nothing, passOver, readBody, receiveBody, type UnreadBody } from './read-body.js';
import { refuseTooLarge, type Exchange, type RunRequest } from './run-request.js';
import { toSenderRequest } from './sender-request.js';

/** What came with a request. */
interface Presented {
  /** What says who calls; undefined: nothing. A refusal when it need not be judged. */
  readonly shown: Caller | AccessRefusal | undefined;
  readonly certificate: Pick<ConnectedCaller, 'sha256' | 'note'> | undefined;
}

export interface HandleRequestParts {
  readonly flows: DeployedFlows;
  /** Absent where none are served. */
  readonly oauth?: Pick<OAuthEndPoints, 'takes' | 'handle'> | undefined;
  readonly decideCall: DecideCall;
  readonly decisions: RecordDecision;
  readonly run: RunRequest;
  readonly csrf: CsrfTokens;
  readonly bodies: BodyBudget;
  /** Absent when there are none. */
  readonly limits?: SenderLimits | undefined;
  readonly metrics: RuntimeMetrics;
  readonly unreadable: Pick<NoteUnreadable, 'note'>;
  /** Absent unless spans are exported. */
  readonly spans?: TakesSpans | undefined;
  readonly ports: Pick<FlowPorts, 'now'>;
  readonly onFault: (error: unknown, what: string) => void;
}

/** One request from its first byte to the answer: path, caller, decision, body, flow, message processing log. */
export class HandleRequest {
  constructor(private readonly parts: HandleRequestParts) {}

  /** @param proxied whether it came from a load balancer that is let in as one */
  handle(request: IncomingMessage, response: ServerResponse, readCaller: ReadCaller, proxied = false): void {
    const url = request.url ?? '';
    let caller: ConnectedCaller | undefined;
    try {
      caller = readCaller(request);
    } catch (error) {
      if (!(error instanceof MalformedClientCert)) throw error;
      return this.#refuseUnread(request, response, 'client-cert', error.message);
    }
    const { decideCall, flows } = this.parts;
    const { authorization } = request.headers;
    const before = caller?.used;
    const again = before?.url === url && before.routes === flows.routes ? before : undefined;
    if (caller && again && authorization === undefined && again.permit.shown === caller.sha256)
      if (decideCall.holds(again.permit)) return this.#receive(request, response, caller, again);
    const path = again?.path ?? canonicalRequestPath(url);
    if (path === undefined)
      return this.#refuseUnread(request, response, 'path', 'The path of the request is not in its canonical form.');
    if (!again && hasTokenInQuery(url)) {
      response.setHeader('www-authenticate', tokenInQueryChallenge);
      return this.#refuseUnread(request, response, 'token-in-query', tokenInQuery);
    }
    const { oauth } = this.parts;
    if (oauth?.takes(path))
      return oauth.handle({ request, response, path, certificate: caller, address: addressOf(request, proxied) });
    const endpoint =
      again?.endpoint ?? (path.startsWith('/http/') ? flows.find(path.slice('/http'.length)) : undefined);
    const shown = callerOf(authorization, caller, endpoint?.admits ?? admittedWithoutFlow, addressOf(request, proxied));
    if (endpoint && shown && !('code' in shown)) {
      const permit = decideCall.cached(shownBy(shown), endpoint);
      if (permit) {
        const use = { url, routes: flows.routes, path, endpoint, permit };
        if (caller) caller.used = use;
        return this.#receive(request, response, shown, use);
      }
    }
    this.#decide(request, response, path, { shown, certificate: caller }, endpoint).catch((error: unknown) => {
      // Not even the answer that it failed could be given.
      this.parts.onFault(error, 'answering a call');
      response.destroy();
    });
  }

  /** There is no decision about it, and so no record of one. */
  #refuseUnread(request: IncomingMessage, response: ServerResponse, reason: UnreadableReason, detail: string): void {
    this.parts.unreadable.note({ reason, address: request.socket.remoteAddress, detail });
    respondWithProblem(response, 400, { detail });
  }

  /** The way of nearly every request: no network, no parsing, and no promise where nothing is waited for. */
  #receive(request: IncomingMessage, response: ServerResponse, caller: Caller, use: PermittedUse): void {
    const { endpoint, permit } = use;
    const held = new HeldByRequest(request, response, ownerOf(permit), this.parts.bodies);
    if (!this.#goesOn(request, response, endpoint, caller, held)) return held.processed();
    const failed = (error: unknown) => {
      this.#fail(request, response, error);
      held.processed();
    };
    const process = (body: Uint8Array | UnreadBody, incoming?: IncomingBody) => {
      const pending = this.#process(request, response, caller, use, held, body, incoming);
      if (pending) pending.then(() => held.processed(), failed);
      else held.processed();
    };
    if (endpoint.streamsBody) {
      const incoming = incomingBody(request, endpoint);
      if (incoming) return process(nothing, incoming);
    }
    receiveBody(request, endpoint.maximumBodyBytes, held, process, failed);
  }

  async #decide(
    request: IncomingMessage,
    response: ServerResponse,
    path: string,
    presented: Presented,
    endpoint: Endpoint | undefined,
  ): Promise<void> {
    const context = continueRequest({ traceparent: request.headers.traceparent as string | undefined });
    const { spans } = this.parts;
    const start = spans ? spanClock() : 0;
    await runInRequest(context, async () => {
      try {
        const { shown } = presented;
        const decision = await this.#decisionOf(shown, endpoint);
        if (decision.outcome !== 'permitted' || !shown || 'code' in shown || !endpoint)
          return this.#refuse(request, response, decision, path, presented, endpoint);
        const { permit } = decision;
        const held = new HeldByRequest(request, response, ownerOf(permit), this.parts.bodies);
        try {
          if (!this.#goesOn(request, response, endpoint, shown, held)) return;
          const incoming = endpoint.streamsBody ? incomingBody(request, endpoint) : undefined;
          const body = incoming ? nothing : await readBody(request, endpoint.maximumBodyBytes, held);
          await this.#process(request, response, shown, { path, endpoint, permit }, held, body, incoming);
        } catch (error) {
          this.#fail(request, response, error);
        } finally {
          held.processed();
        }
      } catch (error) {
        this.parts.onFault(error, 'deciding a call');
        respondWithProblem(response, 500);
      }
    });
    if (spans) recordRequest(spans, context, start, request, response, endpoint);
  }

  async #decisionOf(shown: Presented['shown'], endpoint: Endpoint | undefined): Promise<CallDecision> {
    if (!shown) return withoutCredentials();
    if (!('code' in shown)) return this.parts.decideCall.decide(shown, endpoint);
    const check = { check: 'token', ok: false, explanation: shown.sentence };
    return { outcome: 'unauthenticated', reason: shown.code, evidence: { checks: [check] } };
  }

  #refuse(
    request: IncomingMessage,
    response: ServerResponse,
    decision: CallDecision,
    path: string,
    { shown, certificate }: Presented,
    endpoint: Endpoint | undefined,
  ): void {
    const status = statusOf(decision);
    this.parts.metrics.refused(decision.outcome, decision.outcome === 'permitted' ? 'permitted' : decision.reason);
    const evidence: Evidence = decision.evidence ?? { checks: [] };
    const note = status === 401 ? certificate?.note : undefined;
    const decisionId = this.parts.decisions.record({
      outcome: decision.outcome === 'undecided' ? 'undecided' : 'denied',
      status,
      reason: decision.outcome === 'permitted' ? 'permitted' : decision.reason,
      path,
      ...(endpoint ? { flow: endpoint.flowId } : {}),
      ...(certificate ? { certificateSha256: certificate.sha256 } : {}),
      evidence: note ? { ...evidence, checks: [...evidence.checks, note] } : evidence,
    });
    if (status === 401) challenge(response, request.headers.authorization, endpoint?.admits ?? admittedWithoutFlow);
    else if (decision.outcome === 'delayed') response.setHeader('retry-after', decision.retryAfterSeconds);
    else if (status === 403 && shown && 'token' in shown && endpoint?.sender.authorization.type === 'UserRole')
      challengeScope(response, endpoint.sender.authorization.role);
    respondWithProblem(response, status, { decisionId });
  }

  /** Whether a permitted request goes on; else it is answered. Nothing of its body is read before. */
  #goesOn(
    request: IncomingMessage,
    response: ServerResponse,
    endpoint: Endpoint,
    caller: Caller,
    held: HeldByRequest,
  ): boolean {
    const { limits } = this.parts;
    if (limits && !this.#isWithin(limits, request, response, held)) return false;
    return (
      !endpoint.sender.csrfProtection ||
      this.#passesCsrf(request, response, endpoint, 'sha256' in caller ? caller.sha256 : held.owner)
    );
  }

  #isWithin(limits: SenderLimits, request: IncomingMessage, response: ServerResponse, held: HeldByRequest): boolean {
    const { owner } = held;
    const exceeded = limits.enter(owner);
    if (!exceeded) {
      if (limits.countsMessages) held.untilOver(() => limits.leave(owner));
      return true;
    }
    const { limit, retryAfterSeconds, rateLimit, detail } = exceeded;
    this.parts.metrics.limited(limit);
    passOver(request, () => {
      response.setHeader('retry-after', retryAfterSeconds);
      response.setHeader('ratelimit-policy', limits.policy);
      response.setHeader('ratelimit', rateLimit);
      respondWithProblem(response, 429, { detail });
    });
    return false;
  }

  /** Whether the request goes on; else it was answered. */
  #passesCsrf(request: IncomingMessage, response: ServerResponse, endpoint: Endpoint, session: string): boolean {
    const given = request.headers[csrfHeader];
    const token = typeof given === 'string' ? given : undefined;
    const verdict = this.parts.csrf.judge(request.method ?? '', token, endpoint.flowId, session);
    if ('token' in verdict) {
      response.writeHead(200, { [csrfHeader]: verdict.token, 'cache-control': 'no-store', 'content-length': 0 }).end();
      return false;
    }
    if (!verdict.allowed) {
      response.setHeader(csrfHeader, 'Required');
      respondWithProblem(response, 403, {
        detail:
          'The channel is protected against CSRF: fetch a token by GET or HEAD with x-csrf-token: fetch, and send it.',
      });
    }
    return verdict.allowed;
  }

  /** @returns undefined when it is done already; a rejection is for {@link #fail} */
  #process(
    request: IncomingMessage,
    response: ServerResponse,
    caller: Caller,
    use: Omit<PermittedUse, 'url' | 'routes'>,
    held: HeldByRequest,
    body: Uint8Array | UnreadBody,
    incoming: IncomingBody | undefined,
  ): Promise<void> | undefined {
    try {
      const { endpoint, path, permit } = use;
      if (typeof body === 'string') {
        this.#refuseBody(response, endpoint, body);
        return undefined;
      }
      const coding = request.headers['content-encoding'];
      if (coding !== undefined) return this.#decodeThenProcess(request, response, caller, use, held, body, coding);
      // The sender is gone.
      if (request.destroyed && !response.writable) return undefined;
      const { owner } = held;
      const exchange: Exchange = {
        request,
        response,
        endpoint,
        path,
        owner,
        held,
        sent: toSenderRequest(request, endpoint, path, body),
        incoming,
        start: this.parts.ports.now(),
      };
      const entered = endpoint.gate.enter(owner);
      if (entered === false) {
        refuseFull(response);
        return undefined;
      }
      // A body may take minutes to come, and a turn, and a permit may end meanwhile.
      if (entered === true && this.parts.decideCall.holds(permit)) return this.parts.run.execute(exchange, permit);
      return this.#processLater(exchange, caller, permit, entered);
    } catch (error) {
      this.#fail(request, response, error);
      return undefined;
    }
  }

  /** The flow gets the body without its content coding, and does not hear of the coding. */
  async #decodeThenProcess(
    request: IncomingMessage,
    response: ServerResponse,
    caller: Caller,
    use: Omit<PermittedUse, 'url' | 'routes'>,
    held: HeldByRequest,
    body: Uint8Array,
    coding: string,
  ): Promise<void> {
    const decoded = await decodeContent(coding, body, use.endpoint.maximumBodyBytes, held);
    if ('body' in decoded) {
      delete request.headers['content-encoding'];
      return this.#process(request, response, caller, use, held, decoded.body, undefined);
    }
    const name = JSON.stringify(coding.slice(0, 40));
    switch (decoded.refused) {
      case 'too-large':
      case 'over-budget':
      case 'no-room':
        return this.#refuseBody(response, use.endpoint, decoded.refused);
      case 'malformed':
        return respondWithProblem(response, 400, { detail: `The body is not of the content coding ${name} it names.` });
      case 'not-taken':
        response.setHeader('accept-encoding', takenCodings);
        return respondWithProblem(response, 415, {
          detail: `The content coding ${name} is not taken here: send the body as it is, or in one of ${takenCodings}.`,
        });
    }
  }

  #refuseBody(response: ServerResponse, endpoint: Endpoint, why: UnreadBody): void {
    switch (why) {
      case 'too-large':
        return refuseTooLarge(response, endpoint);
      case 'over-budget':
        return respondWithProblem(response, 413, {
          detail: `The body is larger than the ${this.parts.bodies.bytes / 1_048_576} MB that all bodies together may take here (FLOW_BODY_MEMORY_MB).`,
        });
      case 'no-room':
        return respondWithProblem(response, 503, {
          detail: 'Other bodies took all the memory there is for them, for as long as this one waited.',
        });
    }
  }

  async #processLater(
    exchange: Exchange,
    caller: Caller,
    permitBefore: Permit,
    entered: true | Promise<boolean>,
  ): Promise<void> {
    const { request, response, endpoint, owner, path } = exchange;
    if (!(await entered)) return refuseFull(response);
    let permit = permitBefore;
    let stays = false;
    try {
      // It may have waited longer than its sender did.
      if (request.destroyed && !response.writable) return;
      if (!this.parts.decideCall.holds(permit)) {
        const decision = await this.parts.decideCall.decide(caller, endpoint);
        if (decision.outcome !== 'permitted') {
          const presented = { shown: caller, certificate: certificateOf(caller) };
          return this.#refuse(request, response, decision, path, presented, endpoint);
        }
        permit = decision.permit;
      }
      stays = true;
    } finally {
      if (!stays) endpoint.gate.leave(owner);
    }
    await this.parts.run.execute(exchange, permit);
  }

  #fail(request: IncomingMessage, response: ServerResponse, error: unknown): void {
    if (request.destroyed && !response.writable) return;
    this.parts.onFault(error, 'running a flow');
    respondWithProblem(response, 503);
  }
}

/** @returns the body of a request whose flow can begin before it has come; undefined for one that is gathered first */
function incomingBody(request: IncomingMessage, { maximumBodyBytes }: Endpoint): IncomingBody | undefined {
  if (!comesAsStream(request, maximumBodyBytes)) return undefined;
  return new IncomingBody(request, maximumBodyBytes);
}

function refuseFull(response: ServerResponse): void {
  respondWithProblem(response, 503, { detail: 'The flow has as many messages under way as it may.' });
}

function withoutCredentials(): CallDecision {
  return {
    outcome: 'unauthenticated',
    reason: 'no-certificate',
    evidence: {
      checks: [
        {
          check: 'certificate',
          ok: false,
          explanation:
            'The request came without a client certificate and without an access token, or with none that the channel admits. Send the certificate with its whole chain; behind a load balancer, see that the chain ends in a trusted root, or the certificate is not passed on.',
        },
      ],
    },
  };
}

function statusOf(decision: CallDecision): number {
  switch (decision.outcome) {
    case 'permitted':
      return 200;
    case 'unauthenticated':
      return 401;
    case 'forbidden':
      return 403;
    case 'no-endpoint':
      return 404;
    case 'delayed':
      return 429;
    case 'undecided':
      return 503;
  }
}
