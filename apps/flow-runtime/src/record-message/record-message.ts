import { messageProcessingLogSubject, type MessageProcessingLog } from '@sluice/contracts';
import type { FlowOutcome } from '@sluice/flow-engine';
import { jetstream, type JetStreamClient } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import type { Permit } from '../decide-call/permit-cache.js';
import type { Endpoint } from '../deployed-flows/deployed-flows.js';

export interface ProcessedMessage {
  readonly id: string;
  readonly endpoint: Endpoint;
  readonly permit: Permit;
  /** Milliseconds since 1970. */
  readonly start: number;
  readonly end: number;
  readonly outcome: FlowOutcome;
}

interface Waiting {
  readonly line: string;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** A batch stays well below the bus's largest message. */
const largestBatchBytes = 512 * 1024;

/**
 * Writes entries of the message processing log into JetStream before the answer goes out. All entries that come up while
 * one publication is under way go with the next one, so a busy runtime publishes some hundred times a second however many
 * messages it processes.
 */
export class RecordMessage {
  readonly #stream: JetStreamClient;
  #waiting: Waiting[] = [];
  #publishing = false;

  constructor(connection: NatsConnection) {
    this.#stream = jetstream(connection, { timeout: 5_000 });
  }

  /**
   * @returns a promise that settles when the entry cannot be lost any more; undefined when the flow's log level is NONE
   */
  record(message: ProcessedMessage): Promise<void> | undefined {
    const { level } = message.endpoint.definition.log;
    if (level === 'NONE') return undefined;
    const line = JSON.stringify(toEntry(message));
    return new Promise((resolve, reject) => {
      this.#waiting.push({ line, resolve, reject });
      if (!this.#publishing) void this.#publish();
    });
  }

  async #publish(): Promise<void> {
    this.#publishing = true;
    while (this.#waiting.length > 0) {
      const batch = this.#takeBatch();
      try {
        await this.#stream.publish(messageProcessingLogSubject, batch.map(({ line }) => line).join('\n'));
        for (const { resolve } of batch) resolve();
      } catch (error) {
        for (const { reject } of batch) reject(error);
      }
    }
    this.#publishing = false;
  }

  #takeBatch(): Waiting[] {
    let bytes = 0;
    let count = 0;
    for (const { line } of this.#waiting) {
      bytes += line.length;
      if (count > 0 && bytes > largestBatchBytes) break;
      count++;
    }
    return this.#waiting.splice(0, count);
  }
}

function toEntry({ id, endpoint, permit, start, end, outcome }: ProcessedMessage): MessageProcessingLog {
  const sender = outcome.sender ?? permit.caller.serviceKeyName ?? permit.caller.subjectdn;
  return {
    id,
    correlationId: id,
    flow: endpoint.flowId,
    start: new Date(start).toISOString(),
    end: new Date(end).toISOString(),
    status: outcome.status,
    logLevel: endpoint.definition.log.level,
    sender,
    ...(outcome.error ? { error: outcome.error.message } : {}),
    ...(outcome.receiver ? { receiver: outcome.receiver } : {}),
    ...(outcome.customHeaders.length > 0
      ? { customHeaders: Object.fromEntries(outcome.customHeaders.map(({ name, value }) => [name, value])) }
      : {}),
    ...(outcome.steps.length > 0 ? { steps: outcome.steps.map((step) => ({ ...step })) } : {}),
  };
}
