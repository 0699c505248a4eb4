import {
  FlowProcessingError,
  type FlowErrorCode,
  type Message,
  type ProcessDirectCaller,
  type ProcessDirectPort,
} from '@sluice/flow-engine';
import type { RunMessage, StartedFlow } from '../messages/run-message.js';

/** A flow that listens on a ProcessDirect address, and the channel it does so by. */
export interface ProcessDirectTarget {
  readonly started: StartedFlow;
  readonly channel: string;
}

/** Calls of flows to flows may be so many deep; a loop of calls ends there. */
const maximumDepth = 20;

/** What ends the whole chain, and must not look like a failure that a caller may handle. */
const finalCodes: ReadonlySet<FlowErrorCode> = new Set<FlowErrorCode>(['limit-exceeded', 'deadline-exceeded']);

/** Calls another flow of this runtime; every runtime holds every flow, so none needs the network. */
export class InProcessProcessDirect implements ProcessDirectPort {
  /** @param callingFlow id, which the called flow's log names as sender */
  constructor(
    private readonly find: (address: string) => ProcessDirectTarget | undefined,
    private readonly runMessage: RunMessage,
    private readonly callingFlow: string,
  ) {}

  async call(address: string, message: Message, caller: ProcessDirectCaller): Promise<Message> {
    if (caller.depth >= maximumDepth)
      throw new FlowProcessingError(
        'limit-exceeded',
        `Flows call each other by ProcessDirect more than ${maximumDepth} deep; the last would have been ${address}.`,
      );
    const target = this.find(address);
    if (target === undefined)
      throw new FlowProcessingError(
        'process-direct-failed',
        `No started flow listens on the ProcessDirect address ${address}.`,
      );
    const { error, message: reply } = await this.runMessage.execute(target.started, message, {
      channel: target.channel,
      sender: this.callingFlow,
      correlationId: caller.correlationId,
      callDepth: caller.depth + 1,
      ...(caller.owner === undefined ? {} : { owner: caller.owner }),
      ...(caller.deadline === undefined ? {} : { deadline: caller.deadline }),
    });
    if (error === undefined) return reply;
    throw new FlowProcessingError(
      finalCodes.has(error.code) ? error.code : 'process-direct-failed',
      error.message,
      error.responseCode === undefined ? {} : { responseCode: error.responseCode },
    );
  }
}
