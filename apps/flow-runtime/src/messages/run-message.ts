import {
  Message,
  runFlow,
  type FlowDefinition,
  type FlowFailure,
  type FlowPorts,
  type FlowStatus,
} from '@sluice/flow-engine';
import type { FlowProgram } from '../workers/flow-program.js';
import type { FlowWorkers } from '../workers/flow-workers.js';
import { failedLog } from '../workers/failed-log.js';
import { unpackMessage, packMessage } from '../workers/pack-message.js';
import { messageId } from './message-id.js';
import type { RecordMessage, RunningMessage } from './record-message.js';

/** A flow this runtime has started. */
export interface StartedFlow {
  readonly flowId: string;
  readonly program: FlowProgram;
  readonly definition: FlowDefinition;
  readonly ports: FlowPorts;
}

/** How a message comes to a flow without a request of a sender. */
export interface MessageOrigin {
  /** Id of the sender channel. */
  readonly channel: string;
  /** Who sent it, for the log. */
  readonly sender: string;
  /** Absent: the message begins a chain of its own. */
  readonly correlationId?: string;
  readonly callDepth?: number;
  /** Whose message it is when it shares in the time of workers; absent: the flow's own. */
  readonly owner?: string;
  /** Milliseconds since 1970; absent: the message has the whole time limit. */
  readonly deadline?: number;
}

/** What came of such a message: the message as it was at the end, and why it failed if it did. */
export interface MessageOutcome {
  readonly status: FlowStatus;
  readonly message: Message;
  readonly error?: FlowFailure | undefined;
}

/** Runs messages that come from a timer or another flow, and writes their entry of the message processing log. */
export class RunMessage {
  constructor(
    private readonly messages: Pick<RecordMessage, 'accepts' | 'began' | 'payloadsFit' | 'record'>,
    private readonly workers: Pick<FlowWorkers, 'run'>,
    private readonly timeLimitMs: number,
  ) {}

  /** @throws Error when the log takes no entries, or the entry could not be written: then nobody may count on the message */
  async execute(started: StartedFlow, message: Message, origin: MessageOrigin): Promise<MessageOutcome> {
    const { ports } = started;
    if (!this.messages.accepts(started))
      throw new Error('The message processing log takes no entries, so the flow was not begun.');
    const start = ports.now();
    const running: RunningMessage = {
      id: messageId(start),
      flow: started,
      sender: origin.sender,
      start,
      correlationId: origin.correlationId,
    };
    const { here } = started.program;
    if (!here || bodyBytes(message) > here.maxBodyBytes) return this.#runInWorker(started, message, running, origin);
    const pending = runFlow(here.flow, message, ports, {
      sender: origin.channel,
      messageId: running.id,
      correlationId: origin.correlationId ?? running.id,
      callDepth: origin.callDepth ?? 0,
      deadline: origin.deadline ?? start + this.timeLimitMs,
      ...(origin.owner === undefined ? {} : { owner: origin.owner }),
    });
    if (pending instanceof Promise) this.messages.began(running);
    const outcome = await pending;
    await this.messages.record(running, ports.now(), outcome);
    return outcome;
  }

  async #runInWorker(
    { flowId, program, ports }: StartedFlow,
    message: Message,
    running: RunningMessage,
    origin: MessageOrigin,
  ): Promise<MessageOutcome> {
    this.messages.began(running);
    const parts: Uint8Array[] = [];
    const packed = packMessage(message, parts);
    const {
      what,
      parts: given,
      detail,
    } = await this.workers.run({
      flow: program.elsewhere,
      run: {
        flow: program.elsewhere.name,
        owner: origin.owner ?? `flow ${flowId}`,
        channel: origin.channel,
        messageId: running.id,
        correlationId: origin.correlationId ?? running.id,
        callDepth: origin.callDepth ?? 0,
        deadline: origin.deadline ?? running.start + this.timeLimitMs,
        payloads: this.messages.payloadsFit,
        input: { kind: 'message', message: packed },
      },
      parts,
      ports,
    });
    const logged = what.kind === 'message' ? { ...what.logged, detail } : failedLog(what);
    await this.messages.record(running, ports.now(), logged);
    return {
      status: logged.status,
      message: what.kind === 'message' ? unpackMessage(what.message, given) : new Message(),
      error: logged.error,
    };
  }
}

/** Octets at most; a document is never bounded. */
function bodyBytes({ body }: Message): number {
  if (body === null) return 0;
  if (typeof body === 'string') return 3 * body.length;
  return body instanceof Uint8Array ? body.length : Infinity;
}
