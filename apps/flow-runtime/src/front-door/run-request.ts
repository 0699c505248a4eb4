import {
  FlowProcessingError,
  Message,
  readSenderRequest,
  runFlow,
  writeSenderReply,
  type CompiledFlow,
  type FlowOutcome,
  type FlowPorts,
  type SenderReply,
  type SenderRequest,
} from '@sluice/flow-engine';
import { spanClock } from '@sluice/service-shell';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Permit } from '../decisions/permit-cache.js';
import type { DecidedCall, RecordDecision } from '../decisions/record-decision.js';
import type { ReportUsage } from '../decisions/report-usage.js';
import type { WatchEventLoop } from '../event-loop/watch-event-loop.js';
import type { Endpoint } from '../flows/deployed-flows.js';
import { decisionIdHeader, respondWithProblem } from '../listeners/problem-response.js';
import { messageId } from '../messages/message-id.js';
import type { RecordMessage, RunningMessage } from '../messages/record-message.js';
import { failedLog } from '../workers/failed-log.js';
import type { FlowWorkers } from '../workers/flow-workers.js';
import { unpackError } from '../workers/pack-message.js';
import type { WorkerLog, WorkerOutcome } from '../workers/worker-task.js';
import type { HeldByRequest } from './held-by-request.js';
import type { IncomingBody } from './incoming-body.js';
import { recordFlowRun, type TakesSpans } from './record-spans.js';
import type { RuntimeMetrics } from './runtime-metrics.js';
import { nothing } from './read-body.js';
import { correlationIdOf } from './sender-request.js';
import { respondUnreadable, writeReply } from './write-reply.js';

/** A request whose body is there, or comes while the flow runs. */
export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly endpoint: Endpoint;
  readonly path: string;
  /** Who shares in gate and workers: as whom it entered the gate, whatever a later permit says. */
  readonly owner: string;
  readonly held: Pick<HeldByRequest, 'lent'>;
  readonly sent: SenderRequest;
  /** Then the body in `sent` is empty. */
  readonly incoming: IncomingBody | undefined;
  /** When it came, in milliseconds since 1970: the time it waits for its turn is its own. */
  readonly start: number;
}

export interface RunRequestParts {
  readonly messages: RecordMessage;
  readonly workers: Pick<FlowWorkers, 'run'>;
  readonly decisions: RecordDecision;
  readonly usage: ReportUsage;
  readonly eventLoop: Pick<WatchEventLoop, 'lastFlow'>;
  readonly metrics: RuntimeMetrics;
  /** Absent unless spans are exported. */
  readonly spans?: TakesSpans | undefined;
  readonly ports: Pick<FlowPorts, 'now'>;
  /** How long a flow may take for one message, in milliseconds. */
  readonly messageTimeLimitMs: number;
  readonly onFault: (error: unknown, what: string) => void;
}

/** A request that was let in: its flow, here or in a worker, the entry of the message processing log, and the answer. */
export class RunRequest {
  constructor(private readonly parts: RunRequestParts) {}

  /** Runs the flow. Whoever comes here is inside the gate, and leaves it here. */
  execute(exchange: Exchange, permit: Permit): Promise<void> | undefined {
    const { messages, metrics, spans, usage } = this.parts;
    const { request, response, endpoint, owner, sent, start } = exchange;
    if (!messages.accepts(endpoint)) {
      endpoint.gate.leave(owner);
      metrics.unlogged('before');
      respondWithProblem(response, 503, {
        detail: 'The message processing log takes no entries now, so the flow was not begun.',
      });
      return undefined;
    }
    usage.note(permit, start);
    const { here } = endpoint.program;
    const running: RunningMessage = {
      id: messageId(start),
      flow: endpoint,
      sender: permit.caller.serviceKeyName ?? permit.caller.subjectdn,
      start,
      correlationId: correlationIdOf(request, endpoint),
    };
    const runStart = spans ? spanClock() : 0;
    return here !== undefined && sent.body.length <= here.maxBodyBytes
      ? this.#runHere(exchange, permit, running, here.flow, runStart)
      : this.#runInWorker(exchange, permit, running, runStart);
  }

  /** The way of nearly every request: what it costs is bounded by construction. */
  #runHere(
    exchange: Exchange,
    permit: Permit,
    running: RunningMessage,
    flow: CompiledFlow,
    runStart: number,
  ): Promise<void> | undefined {
    const { request, response, endpoint, owner, sent, incoming } = exchange;
    let pending: ReturnType<typeof runFlow>;
    try {
      let message: Message;
      try {
        message = readSenderRequest(endpoint.sender, sent);
      } catch (error) {
        if (!(error instanceof FlowProcessingError)) throw error;
        endpoint.gate.leave(owner);
        respondUnreadable(request, response, endpoint, error);
        return undefined;
      }
      if (incoming) message.awaitBody(incoming);
      this.parts.eventLoop.lastFlow = endpoint.flowId;
      const { id, start, correlationId } = running;
      pending = runFlow(flow, message, endpoint.ports, {
        messageId: id,
        sender: endpoint.endpointId,
        owner,
        deadline: start + this.parts.messageTimeLimitMs,
        ...(correlationId === undefined ? {} : { correlationId }),
      });
    } catch (error) {
      endpoint.gate.leave(owner);
      throw error;
    }
    if (!(pending instanceof Promise)) {
      endpoint.gate.leave(owner);
      return this.#answer(exchange, permit, running, pending, pending, runStart);
    }
    this.parts.messages.began(running);
    return pending
      .finally(() => endpoint.gate.leave(owner))
      .then((outcome) => this.#answer(exchange, permit, running, outcome, outcome, runStart));
  }

  async #runInWorker(exchange: Exchange, permit: Permit, running: RunningMessage, runStart: number): Promise<void> {
    const { endpoint, owner, sent, incoming, request, response } = exchange;
    const { messages, messageTimeLimitMs, workers } = this.parts;
    const { body, ...rest } = sent;
    messages.began(running);
    let outcome: WorkerOutcome;
    try {
      outcome = await workers.run({
        flow: endpoint.program.elsewhere,
        run: {
          flow: endpoint.program.elsewhere.name,
          owner,
          channel: endpoint.endpointId,
          messageId: running.id,
          correlationId: running.correlationId,
          callDepth: 0,
          deadline: running.start + messageTimeLimitMs,
          payloads: messages.payloadsFit,
          input: { kind: 'request', request: rest, streamed: incoming !== undefined },
        },
        parts: [typeof body === 'string' ? Buffer.from(body) : body],
        ports: endpoint.ports,
        streamed: incoming,
      });
    } finally {
      endpoint.gate.leave(owner);
    }
    const { what, parts, detail } = outcome;
    for (const part of parts) exchange.held.lent(part);
    if (what.kind === 'unreadable') {
      messages.ended(running);
      return respondUnreadable(request, response, endpoint, unpackError(what.error));
    }
    if (what.kind === 'reply') {
      const reply: SenderReply = { ...what.reply, body: parts[0] ?? nothing };
      return this.#answer(exchange, permit, running, { ...what.logged, detail }, reply, runStart);
    }
    const logged = failedLog(what);
    return this.#answer(exchange, permit, running, logged, withoutOutcome(logged), runStart);
  }

  /** Writes the entry of the message processing log, and then the answer. @param result the answer, or what it is made of */
  #answer(
    exchange: Exchange,
    permit: Permit,
    running: RunningMessage,
    outcome: FlowOutcome | WorkerLog,
    result: FlowOutcome | SenderReply,
    runStart: number,
  ): Promise<void> | undefined {
    const { messages, metrics, ports, spans } = this.parts;
    const end = ports.now();
    if (spans) recordFlowRun(spans, runStart, exchange.request, exchange.endpoint, outcome);
    const logged = messages.record(running, end, outcome);
    if (!logged) {
      metrics.ran(end - running.start, undefined);
      this.#respond(exchange, permit, result, running.id);
      return undefined;
    }
    return logged.then(
      () => {
        metrics.ran(end - running.start, ports.now() - end);
        this.#respond(exchange, permit, result, running.id);
      },
      (error: unknown) => this.#respondUnlogged(exchange, running.id, error),
    );
  }

  /** The flow ran and nothing says so for good: the sender is not told what came of it, but by which id to ask. */
  #respondUnlogged({ response, incoming }: Exchange, id: string, error: unknown): void {
    this.parts.metrics.unlogged('after');
    this.parts.onFault(error, `keeping the entry of the message ${id}`);
    incoming?.close();
    respondWithProblem(response, 503, {
      detail:
        'The flow ran, but its entry in the message processing log was not kept. What the flow did is not undone: sending again runs it again.',
      messageId: id,
    });
  }

  #respond(exchange: Exchange, permit: Permit, result: FlowOutcome | SenderReply, id: string) {
    const { request, response, endpoint, path, sent, incoming } = exchange;
    const { decisions } = this.parts;
    // The listener answered: the body did not come to its end.
    if (response.writableEnded) return;
    if (decisions.sampled())
      response.setHeader(decisionIdHeader, decisions.record(permittedCall(permit, endpoint, path)));
    incoming?.close();
    if (incoming?.overLimit) return refuseTooLarge(response, endpoint, id);
    const reply = 'steps' in result ? writeSenderReply(endpoint.sender, result, sent, id) : result;
    writeReply(request, response, reply, id);
  }
}

/** A message that came to no end of its own: its flow has nothing to say of it. */
function withoutOutcome({ error }: WorkerLog): FlowOutcome {
  return {
    status: 'FAILED',
    message: new Message(),
    ...(error ? { error } : {}),
    steps: [],
    stepsDropped: 0,
    customHeaders: [],
    attachments: [],
    log: [],
  };
}

/** @param messageProcessingLogId of the message whose flow had begun with its body */
export function refuseTooLarge(response: ServerResponse, { sender }: Endpoint, messageProcessingLogId?: string): void {
  respondWithProblem(response, 413, {
    detail: `The body is larger than the ${sender.maximumBodySizeMb} MB the flow allows.`,
    ...(messageProcessingLogId === undefined ? {} : { messageProcessingLogId }),
  });
}

/** Of a call that was allowed no checks are kept: what they found is in the permit. */
function permittedCall(permit: Permit, endpoint: Endpoint, path: string): DecidedCall {
  const { subjectdn, serviceKeyName } = permit.caller;
  const who = serviceKeyName === undefined ? subjectdn : `the service key ${serviceKeyName}`;
  const explanation = `${who} may use the endpoint; the permit holds until ${new Date(permit.validUntilMs).toISOString()} unless a record it rests on changes before.`;
  return {
    outcome: 'permitted',
    status: 200,
    reason: 'permitted',
    path,
    flow: endpoint.flowId,
    ...(permit.caller.certificateSha256 ? { certificateSha256: permit.caller.certificateSha256 } : {}),
    evidence: { checks: [{ check: 'permit', ok: true, explanation }] },
    caller: permit.caller,
  };
}
