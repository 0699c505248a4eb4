import type { CompiledFlow } from '../compile/compiled-flow.js';
import { FlowProcessingError, toProcessingError } from '@sluice/domain';
import type { Message } from '../message/message.js';
import type { SenderChannel } from '../model/channel-definition.js';
import type { FlowPorts } from '../port/flow-ports.js';
import { type Awaitable, isPromise } from './awaitable.js';
import type { FlowFailure, FlowOutcome, FlowStatus } from './flow-outcome.js';
import { FlowRun, type RunOptions, RunScope } from './flow-run.js';
import { runProcess } from './run-path.js';

/**
 * Runs one message through a flow. Never throws: a failure is an outcome. A flow whose steps all work at once gives its
 * outcome at once, without a promise.
 *
 * @param message taken over by the run; its headers, properties and body are changed
 */
export function runFlow(
  flow: CompiledFlow,
  message: Message,
  ports: FlowPorts,
  options: RunOptions = {},
): Awaitable<FlowOutcome> {
  const { definition } = flow;
  const scope = new RunScope(definition.name, options.logLevel ?? definition.log.level, ports, options);
  const sender =
    options.sender === undefined
      ? definition.senders[0]
      : definition.senders.find((channel) => channel.id === options.sender);
  const process = sender === undefined ? undefined : flow.processes.get(sender.process);
  const run = new FlowRun(scope, message, process?.id ?? '');
  if (process === undefined)
    return outcomeOf(
      run,
      new FlowProcessingError('internal', `The flow has no sender channel "${options.sender ?? ''}".`),
    );
  try {
    const pending = runProcess(flow, process, run);
    if (isPromise(pending))
      return pending.then(() => complete(run, sender)).catch((error: unknown) => outcomeOf(run, error));
    return complete(run, sender);
  } catch (error) {
    return outcomeOf(run, error);
  }
}

/** @throws FlowProcessingError when the answer cannot be written: the message has then failed, and says so */
function complete(run: FlowRun, sender: SenderChannel | undefined): Awaitable<FlowOutcome> {
  if (sender?.adapter === 'HTTPS') run.message.written();
  else if ((sender?.adapter === 'SOAP' || sender?.adapter === 'IDOC') && run.message.body instanceof Uint8Array)
    run.message.text();
  if (run.scope.onCompletion.length === 0) return outcomeOf(run, null);
  return (async () => {
    try {
      for (const action of run.scope.onCompletion) await action();
      return outcomeOf(run, null);
    } catch (error) {
      return outcomeOf(run, error);
    }
  })();
}

function outcomeOf(run: FlowRun, error: unknown): FlowOutcome {
  const failure = error === null ? null : toProcessingError(error);
  const status: FlowStatus =
    failure === null ? 'COMPLETED' : failure.code === 'escalation-end' ? 'ESCALATED' : 'FAILED';
  const { scope, message } = run;
  return {
    status,
    message,
    ...(failure === null ? {} : { error: describe(failure, run) }),
    steps: scope.records,
    stepsDropped: scope.recordsDropped,
    customHeaders: scope.customHeaders,
    attachments: scope.attachments,
    log: scope.log,
    ...named(message, 'sender', 'SAP_Sender'),
    ...named(message, 'receiver', 'SAP_Receiver'),
    ...named(message, 'messageType', 'SAP_MessageType'),
    ...named(message, 'applicationId', 'SAP_ApplicationID'),
  };
}

function describe(failure: FlowProcessingError, run: FlowRun): FlowFailure {
  return {
    code: failure.code,
    message: failure.message,
    ...(run.stepId === undefined ? {} : { stepId: run.stepId }),
    ...(run.stepName === undefined ? {} : { stepName: run.stepName }),
    ...(run.processId === '' ? {} : { processId: run.processId }),
    ...(failure.responseCode === undefined ? {} : { responseCode: failure.responseCode }),
  };
}

function named<K extends string>(message: Message, key: K, header: string): { [P in K]?: string } {
  const value = message.headers.get(header);
  return typeof value === 'string' ? ({ [key]: value } as { [P in K]?: string }) : {};
}
