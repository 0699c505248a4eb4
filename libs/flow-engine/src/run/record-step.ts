import type { CompiledFlow, CompiledStep } from '../compile/compiled-flow.js';
import { toProcessingError } from '@sluice/domain';
import { valueToText } from '../expression/convert-value.js';
import { showText } from '../message/charset.js';
import { type Awaitable, isPromise } from './awaitable.js';
import type { FlowRun } from './flow-run.js';
import type { StepRecord } from './flow-outcome.js';

type Execute = (flow: CompiledFlow, step: CompiledStep, run: FlowRun) => Awaitable<CompiledStep | null>;

/** Runs a step and keeps a record of it; at TRACE with headers, properties and payload as they were after it. */
export function recordStep(
  flow: CompiledFlow,
  step: CompiledStep,
  run: FlowRun,
  execute: Execute,
): Awaitable<CompiledStep | null> {
  const start = run.now();
  const processId = run.processId;
  const keep = (error?: unknown): void => {
    const scope = run.scope;
    if (scope.records.length >= scope.maximumRecords) {
      scope.recordsDropped++;
      return;
    }
    scope.records.push({
      stepId: step.id,
      stepName: step.name,
      stepType: step.type,
      processId,
      start,
      end: run.now(),
      ...(error === undefined ? {} : { error: toProcessingError(error).message }),
      ...(scope.level === 'TRACE' ? snapshot(run) : {}),
    });
  };
  try {
    const next = execute(flow, step, run);
    if (!isPromise(next)) {
      keep();
      return next;
    }
    return next.then(
      (following) => {
        keep();
        return following;
      },
      (error: unknown) => {
        keep(error);
        throw error;
      },
    );
  } catch (error) {
    keep(error);
    throw error;
  }
}

/** Headers that carry a secret are kept by name only. */
const SECRET = /^(authorization|proxy-authorization|cookie|set-cookie|.*(password|secret|token|api-?key).*)$/i;
const MAXIMUM_VALUE = 4 * 1024;

function snapshot(run: FlowRun): Pick<StepRecord, 'headers' | 'properties' | 'payload' | 'payloadTruncated'> {
  const payload = run.message.shown();
  const maximum = run.scope.maximumPayload;
  return {
    headers: tableOf(run.message.headers),
    properties: tableOf(run.message.properties),
    payload: payload.slice(0, maximum),
    ...(payload.length > maximum ? { payloadTruncated: true } : {}),
  };
}

function tableOf(entries: Iterable<[string, unknown]>): Record<string, string> {
  const table: Record<string, string> = {};
  for (const [name, value] of entries)
    table[name] = SECRET.test(name)
      ? '***'
      : (value instanceof Uint8Array ? showText(value) : valueToText(value)).slice(0, MAXIMUM_VALUE);
  return table;
}
