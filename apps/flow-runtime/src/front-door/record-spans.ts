import type { FlowOutcome } from '@sluice/flow-engine';
import { continueRequest, currentRequest, maySample, type RequestContext } from '@sluice/messaging';
import { isSampled, spanClock, type Span } from '@sluice/service-shell';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Endpoint } from '../flows/deployed-flows.js';

export interface TakesSpans {
  record(span: Span): void;
}

/** A request that a decision had to be made for, from its head to its answer. @param start of `spanClock` */
export function recordRequest(
  spans: TakesSpans,
  { traceparent, parentSpanId }: RequestContext,
  start: number,
  request: IncomingMessage,
  response: ServerResponse,
  endpoint: Endpoint | undefined,
): void {
  if (!isSampled(traceparent)) return;
  const method = request.method ?? '';
  const status = response.statusCode;
  spans.record({
    traceparent,
    parentSpanId,
    // The address of the flow, not the path that came: a sender chooses that.
    name: endpoint ? `${method} /http${endpoint.sender.address}` : method,
    kind: 'server',
    start,
    end: spanClock(),
    attributes: {
      'http.request.method': method,
      'http.response.status_code': status,
      ...(endpoint ? { 'http.route': `/http${endpoint.sender.address}`, 'sluice.flow': endpoint.flowId } : {}),
    },
    failed: status >= 500,
  });
}

/**
 * A flow's run for a sender's request: a part of the request's span where the request has one, else of the sender's own.
 * @param start of `spanClock`
 */
export function recordFlowRun(
  spans: TakesSpans,
  start: number,
  request: IncomingMessage,
  { flowId }: Pick<Endpoint, 'flowId'>,
  { status }: Pick<FlowOutcome, 'status'>,
): void {
  const parent = currentRequest()?.traceparent ?? request.headers['traceparent'];
  const given = typeof parent === 'string' ? parent : undefined;
  if (!maySample(given)) return;
  const { traceparent, parentSpanId } = continueRequest({ traceparent: given });
  if (!isSampled(traceparent)) return;
  spans.record({
    traceparent,
    parentSpanId,
    name: 'flow run',
    kind: 'internal',
    start,
    end: spanClock(),
    attributes: { 'sluice.flow': flowId, 'sluice.message.status': status },
    failed: status === 'FAILED',
  });
}
