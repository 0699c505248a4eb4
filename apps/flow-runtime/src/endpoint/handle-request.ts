import { canonicalRequestPath } from '@sluice/domain';
import { Message, runFlow, type FlowOutcome, type FlowPorts } from '@sluice/flow-engine';
import { continueRequest, runInRequest } from '@sluice/messaging';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { CallDecision, DecideCall, Evidence } from '../decide-call/decide-call.js';
import type { Permit } from '../decide-call/permit-cache.js';
import type { DeployedFlows, Endpoint } from '../deployed-flows/deployed-flows.js';
import type { RecordDecision } from '../record-decision/record-decision.js';
import type { RecordMessage } from '../record-message/record-message.js';
import type { ConnectedCaller } from './caller-certificate.js';
import { MalformedClientCert } from './client-cert-header.js';
import { mayReachFlow } from './identity-headers.js';
import { messageIdHeader, respondWithProblem } from './problem-response.js';
import { readBody } from './read-body.js';

export interface HandleRequestParts {
  readonly flows: DeployedFlows;
  readonly decideCall: DecideCall;
  readonly decisions: RecordDecision;
  readonly messages: RecordMessage;
  readonly ports: FlowPorts;
  readonly onFault: (error: unknown, what: string) => void;
}

/** Reads the caller's certificate off a request; the listeners differ in where it stands. */
export type ReadCaller = (request: IncomingMessage) => ConnectedCaller | undefined;

/** One request from its first byte to the answer: path, caller, decision, body, flow, message processing log. */
export class HandleRequest {
  constructor(private readonly parts: HandleRequestParts) {}

  handle(request: IncomingMessage, response: ServerResponse, readCaller: ReadCaller): void {
    const path = canonicalRequestPath(request.url ?? '');
    if (path === undefined)
      return respondWithProblem(response, 400, { detail: 'The path of the request is not in its canonical form.' });
    const endpoint = path.startsWith('/http/') ? this.parts.flows.find(path.slice('/http'.length)) : undefined;
    let caller: ConnectedCaller | undefined;
    try {
      caller = readCaller(request);
    } catch (error) {
      if (!(error instanceof MalformedClientCert)) throw error;
      return respondWithProblem(response, 400, { detail: error.message });
    }
    if (caller && endpoint) {
      const permit = this.#permitOf(caller, endpoint);
      if (permit) return void this.#run(request, response, endpoint, permit);
    }
    void this.#decide(request, response, path, caller, endpoint);
  }

  /** The way of nearly every request: no network, no parsing. */
  #permitOf(caller: ConnectedCaller, endpoint: Endpoint): Permit | undefined {
    const { decideCall } = this.parts;
    const used = caller.permits.get(endpoint);
    if (used) {
      if (decideCall.holds(used)) return used;
      caller.permits.delete(endpoint);
    }
    const permit = decideCall.cached(caller.sha256, endpoint);
    if (permit) caller.permits.set(endpoint, permit);
    return permit;
  }

  async #decide(
    request: IncomingMessage,
    response: ServerResponse,
    path: string,
    caller: ConnectedCaller | undefined,
    endpoint: Endpoint | undefined,
  ): Promise<void> {
    const context = continueRequest({ traceparent: request.headers.traceparent as string | undefined });
    await runInRequest(context, async () => {
      try {
        const decision: CallDecision = caller
          ? await this.parts.decideCall.decide(caller, endpoint)
          : withoutCertificate();
        if (decision.outcome === 'permitted' && endpoint) {
          caller?.permits.set(endpoint, decision.permit);
          await this.#run(request, response, endpoint, decision.permit);
          return;
        }
        this.#refuse(response, decision, path, caller, endpoint);
      } catch (error) {
        this.parts.onFault(error, 'deciding a call');
        respondWithProblem(response, 500);
      }
    });
  }

  #refuse(
    response: ServerResponse,
    decision: CallDecision,
    path: string,
    caller: ConnectedCaller | undefined,
    endpoint: Endpoint | undefined,
  ): void {
    const status = statusOf(decision);
    const evidence: Evidence = decision.evidence ?? { checks: [] };
    const decisionId = this.parts.decisions.record({
      outcome: decision.outcome === 'undecided' ? 'undecided' : 'denied',
      status,
      reason: decision.outcome === 'permitted' ? 'permitted' : decision.reason,
      path,
      ...(endpoint ? { flow: endpoint.flowId } : {}),
      ...(caller ? { certificateSha256: caller.sha256 } : {}),
      evidence,
    });
    respondWithProblem(response, status, { decisionId });
  }

  async #run(request: IncomingMessage, response: ServerResponse, endpoint: Endpoint, permit: Permit): Promise<void> {
    const { messages, ports } = this.parts;
    try {
      const body = await readBody(request, endpoint.maximumBodyBytes);
      if (body === undefined) {
        return respondWithProblem(response, 413, {
          detail: `The body is larger than the ${endpoint.sender.maximumBodySizeMb} MB the flow allows.`,
        });
      }
      const id = ports.newId();
      const start = ports.now();
      const message = new Message({ headers: inboundHeaders(request, endpoint), body });
      const outcome = await runFlow(endpoint.flow, message, ports);
      const logged = messages.record({ id, endpoint, permit, start, end: ports.now(), outcome });
      if (logged) await logged;
      if (outcome.status === 'COMPLETED') respondWithMessage(request, response, outcome, id);
      else this.#respondWithFailure(response, endpoint, outcome, id);
    } catch (error) {
      if (request.destroyed && !response.writable) return;
      this.parts.onFault(error, 'running a flow');
      respondWithProblem(response, 503);
    }
  }

  #respondWithFailure(response: ServerResponse, endpoint: Endpoint, outcome: FlowOutcome, id: string): void {
    const shown = endpoint.sender.returnExceptionToSender ? outcome.error?.message : undefined;
    respondWithProblem(response, 500, {
      messageProcessingLogId: id,
      detail: shown ?? 'Processing the message failed. The message processing log tells why.',
    });
  }
}

function withoutCertificate(): CallDecision {
  return {
    outcome: 'unauthenticated',
    reason: 'no-certificate',
    evidence: {
      checks: [
        {
          check: 'certificate',
          ok: false,
          explanation:
            'The request came without a client certificate. Send it with its whole chain; behind a load balancer, see that the chain ends in a trusted root, or the certificate is not passed on.',
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
    case 'undecided':
      return 503;
  }
}

/** The headers the channel lets in, and the ones Camel sets for an HTTP request. */
function inboundHeaders(request: IncomingMessage, endpoint: Endpoint): [string, unknown][] {
  const { allowedHeaders } = endpoint.sender;
  const target = request.url ?? '';
  const query = target.indexOf('?');
  const headers: [string, unknown][] = [
    ['CamelHttpMethod', request.method ?? ''],
    ['CamelHttpPath', query === -1 ? target : target.slice(0, query)],
  ];
  if (query !== -1) headers.push(['CamelHttpQuery', target.slice(query + 1)]);
  for (const [name, value] of Object.entries(request.headers)) {
    if (value === undefined) continue;
    if (name === 'content-type' || (isAllowed(name, allowedHeaders) && mayReachFlow(name))) {
      headers.push([name, Array.isArray(value) ? value.join(', ') : value]);
    }
  }
  return headers;
}

function isAllowed(name: string, allowed: readonly string[]): boolean {
  return allowed.some((pattern) => {
    const lower = pattern.toLowerCase();
    return lower.endsWith('*') ? name.startsWith(lower.slice(0, -1)) : name === lower;
  });
}

/** RFC 9110 §7.6.1, and what this server says itself. */
const notFromFlow: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'content-length',
  'date',
  'host',
]);
const fieldName = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

/** 200 with the message's body, or 204 when it is empty, with the headers the flow set or changed. */
function respondWithMessage(
  request: IncomingMessage,
  response: ServerResponse,
  outcome: FlowOutcome,
  id: string,
): void {
  const { message } = outcome;
  const body = message.bytes();
  const headers: Record<string, string> = { [messageIdHeader]: id };
  for (const [name, value] of message.headers) {
    const lower = name.toLowerCase();
    if (typeof value !== 'string' || notFromFlow.has(lower) || lower.startsWith('camel') || !fieldName.test(name))
      continue;
    // A value that came in and was not changed is the sender's own; its content type describes an unchanged body.
    if (lower !== 'content-type' && request.headers[lower] === value) continue;
    headers[name] = value.replace(/[^\t\x20-\x7e\x80-\xff]+/g, ' ');
  }
  if (body.length === 0) {
    response.writeHead(204, headers).end();
    return;
  }
  headers['content-length'] = String(body.length);
  response.writeHead(200, headers).end(request.method === 'HEAD' ? undefined : body);
}
