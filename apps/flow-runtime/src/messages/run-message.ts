import {
  runFlow,
  type CompiledFlow,
  type FlowDefinition,
  type FlowOutcome,
  type FlowPorts,
  type Message,
} from '@sluice/flow-engine';
import { messageId } from './message-id.js';
import type { RecordMessage, RunningMessage } from './record-message.js';

/** A flow this runtime has started. */
export interface StartedFlow {
  readonly flowId: string;
  readonly flow: CompiledFlow;
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
  /** Milliseconds since 1970; absent: the message has the whole time limit. */
  readonly deadline?: number;
}

/** Runs messages that come from a timer or another flow, and writes their entry of the message processing log. */
export class RunMessage {
  constructor(
    private readonly messages: Pick<RecordMessage, 'accepts' | 'began' | 'record'>,
    private readonly timeLimitMs: number,
  ) {}

  /** @throws Error when the log takes no entries, or the entry could not be written: then nobody may count on the message */
  async execute(started: StartedFlow, message: Message, origin: MessageOrigin): Promise<FlowOutcome> {
    const { flow, ports } = started;
    if (!this.messages.accepts(started))
      throw new Error('The message processing log takes no entries, so the flow was not begun.');
    const start = ports.now();
    const id = messageId(start);
    const running: RunningMessage = {
      id,
      flow: started,
      sender: origin.sender,
      start,
      correlationId: origin.correlationId,
    };
    const pending = runFlow(flow, message, ports, {
      sender: origin.channel,
      messageId: id,
      correlationId: origin.correlationId ?? id,
      callDepth: origin.callDepth ?? 0,
      deadline: origin.deadline ?? start + this.timeLimitMs,
    });
    let outcome: FlowOutcome;
    if (pending instanceof Promise) {
      this.messages.began(running);
      outcome = await pending;
    } else outcome = pending;
    const logged = this.messages.record(running, ports.now(), outcome);
    if (logged) await logged;
    return outcome;
  }
}
