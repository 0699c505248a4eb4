import { FlowProcessingError } from '@sluice/domain';
import { valueToText } from '../expression/convert-value.js';
import type { ExpressionContext } from '../expression/expression-context.js';
import type { Message, MessageAttachment } from '../message/message.js';
import type { LogLevel } from '../model/flow-definition.js';
import type { FlowPorts, ProcessDirectCaller } from '../port/flow-ports.js';
import type { CustomHeader, LogEntry, StepRecord } from './flow-outcome.js';

export interface RunOptions {
  /** Id of the sender channel the message came in by; absent: the first one. */
  readonly sender?: string;
  /** Overrides the level of the definition. */
  readonly logLevel?: LogLevel;
  /** Id of the message processing log; also the exchange id. Absent: one from the port when it is asked for. */
  readonly messageId?: string;
  /** What the messages of one chain of calls have in common; absent: the message's own id. */
  readonly correlationId?: string;
  /** How many ProcessDirect calls lead to this message. */
  readonly callDepth?: number;
  /** Whose message it is, for those who share something out; told to flows that it calls. */
  readonly owner?: string;
  /** Milliseconds since 1970 after which no further step is begun. */
  readonly deadline?: number;
  /** Most steps one message may take, over all its parts. */
  readonly maximumSteps?: number;
  /** Most step records kept. */
  readonly maximumRecords?: number;
  /** Most characters of a payload kept at TRACE. */
  readonly maximumPayload?: number;
}

const DEFAULT_MAXIMUM_STEPS = 1_000_000;
/** Of what the steps of one message write to the message processing log. */
const MAXIMUM_LOG_ENTRIES = 10_000;
const MAXIMUM_LOG_TEXT = 16 * 1024 * 1024;

/** What all parts of one message share. */
export class RunScope {
  readonly ports: FlowPorts;
  readonly flowName: string;
  readonly level: LogLevel;
  readonly records: StepRecord[] = [];
  readonly customHeaders: CustomHeader[] = [];
  readonly attachments: MessageAttachment[] = [];
  readonly log: LogEntry[] = [];
  readonly tracing: boolean;
  readonly maximumRecords: number;
  readonly maximumPayload: number;
  /** Set by a terminate end event: every path of the message stops. */
  terminated = false;
  /** Data store entries to delete once the message is completed. */
  readonly onCompletion: (() => Promise<void> | void)[] = [];
  recordsDropped = 0;
  #stepsLeft: number;
  #logEntriesLeft = MAXIMUM_LOG_ENTRIES;
  #logTextLeft = MAXIMUM_LOG_TEXT;
  readonly #deadline: number | undefined;
  #messageId: string | undefined;
  readonly #correlationId: string | undefined;
  readonly #callDepth: number;
  readonly #owner: string | undefined;

  constructor(flowName: string, level: LogLevel, ports: FlowPorts, options: RunOptions) {
    this.flowName = flowName;
    this.level = level;
    this.ports = ports;
    this.tracing = level === 'DEBUG' || level === 'TRACE';
    this.maximumRecords = options.maximumRecords ?? 10_000;
    this.maximumPayload = options.maximumPayload ?? 64 * 1024;
    this.#stepsLeft = options.maximumSteps ?? DEFAULT_MAXIMUM_STEPS;
    this.#deadline = options.deadline;
    this.#messageId = options.messageId;
    this.#correlationId = options.correlationId;
    this.#callDepth = options.callDepth ?? 0;
    this.#owner = options.owner;
  }

  get messageId(): string {
    return (this.#messageId ??= this.ports.newId());
  }

  /** The message as another flow sees it that it calls. */
  asCaller(): ProcessDirectCaller {
    const { messageId } = this;
    return {
      messageId,
      correlationId: this.#correlationId ?? messageId,
      depth: this.#callDepth,
      ...(this.#owner === undefined ? {} : { owner: this.#owner }),
      ...(this.#deadline === undefined ? {} : { deadline: this.#deadline }),
    };
  }

  /** @returns the milliseconds a call may take: as asked, but not beyond the message's own time */
  timeLeft(wantedMs: number): number {
    return this.#deadline === undefined ? wantedMs : Math.max(1, Math.min(wantedMs, this.#deadline - this.ports.now()));
  }

  /** Counts a step. @throws FlowProcessingError `limit-exceeded`, `deadline-exceeded` */
  spendStep(): void {
    if (--this.#stepsLeft < 0)
      throw new FlowProcessingError('limit-exceeded', 'The message took more steps than allowed.');
    if (this.#deadline !== undefined && this.ports.now() > this.#deadline)
      throw new FlowProcessingError('deadline-exceeded', 'The message was not processed in time.');
  }

  /** Counts what goes to the message processing log. @param length in characters @throws FlowProcessingError `limit-exceeded` */
  spendLog(length: number): void {
    this.#logTextLeft -= length;
    if (--this.#logEntriesLeft < 0 || this.#logTextLeft < 0)
      throw new FlowProcessingError(
        'limit-exceeded',
        `The message wrote more than ${MAXIMUM_LOG_ENTRIES} entries or ${MAXIMUM_LOG_TEXT} characters to its log.`,
      );
  }

  /** @throws FlowProcessingError `port-missing` */
  port<K extends 'http' | 'processDirect' | 'dataStore' | 'variables' | 'script' | 'mail' | 'persist'>(
    name: K,
    what: string,
  ): NonNullable<FlowPorts[K]> {
    const port = this.ports[name];
    if (port === undefined) throw new FlowProcessingError('port-missing', `This runtime offers no ${what}.`);
    return port;
  }
}

/** One message on its path; each part of a split or branch of a multicast has its own. */
export class FlowRun implements ExpressionContext {
  message: Message;
  exception: FlowProcessingError | null = null;
  readonly scope: RunScope;
  /** Process whose steps run now. */
  processId: string;
  /** Last step that was begun; names the step in a failure. */
  stepId: string | undefined;
  stepName: string | undefined;
  /** Set by a splitter that found nothing: this message, or this part of one, takes no further step. */
  ended = false;
  /** How deep process calls are nested right now. */
  callDepth = 0;

  constructor(scope: RunScope, message: Message, processId: string) {
    this.scope = scope;
    this.message = message;
    this.processId = processId;
  }

  get exchangeId(): string {
    return this.scope.messageId;
  }

  get flowName(): string {
    return this.scope.flowName;
  }

  now(): number {
    return this.scope.ports.now();
  }

  toText(value: unknown): string {
    return valueToText(value);
  }

  /** @returns a run of its own for a part or branch */
  fork(message: Message): FlowRun {
    const run = new FlowRun(this.scope, message, this.processId);
    run.callDepth = this.callDepth;
    run.exception = this.exception;
    return run;
  }
}
