import type { MessageDetail } from '@sluice/contracts';
import type { FlowOutcome } from '@sluice/flow-engine';
import { GroupCommit } from './group-commit.js';
import { detailOf, WriteLine, type LoggedFlow } from './write-line.js';

/** A message that is worked on. */
export interface RunningMessage {
  readonly id: string;
  readonly flow: LoggedFlow;
  /** Who sent it, unless the flow says otherwise. */
  readonly sender: string;
  /** Milliseconds since 1970. */
  readonly start: number;
  /** That of the message which led to this one; absent: its own id. */
  readonly correlationId?: string | undefined;
}

/** So long a message may take before the log says that it is worked on. */
const longAfterMs = 2_000;
const lookEveryMs = 500;

/**
 * Writes entries of the message processing log into JetStream before the answer goes out, in groups: a busy runtime
 * publishes some hundred times a second however many messages it processes.
 */
export class RecordMessage {
  readonly #lines = new WriteLine();
  readonly #commit: GroupCommit;
  /** Messages that could not be done at once, the oldest first. */
  readonly #running = new Map<RunningMessage, { told: boolean }>();
  #timer: NodeJS.Timeout | undefined;

  /** @param publish keeps lines so that they cannot be lost any more @param runtimeId tells this process from all others */
  constructor(
    publish: (lines: string) => Promise<void>,
    private readonly runtimeId: string,
    private readonly now: () => number,
    private readonly onFault: (error: unknown, what: string) => void,
  ) {
    this.#commit = new GroupCommit(publish);
  }

  /** Since the process began. */
  get statistics(): { readonly entries: number; readonly groups: number } {
    return this.#commit.statistics;
  }

  /** To be told of messages that are not done at once; those that take long get an entry with the status PROCESSING. */
  began(message: RunningMessage): void {
    if (message.flow.definition.log.level === 'NONE') return;
    this.#running.set(message, { told: false });
    this.#timer ??= setInterval(() => this.#tellLongOnes(), lookEveryMs).unref();
  }

  /**
   * Records what came of a message.
   * @returns a promise that settles when the entry cannot be lost any more; undefined when the flow's log level is NONE
   */
  record(message: RunningMessage, end: number, outcome: FlowOutcome): Promise<void> | undefined {
    const { id, flow, start, correlationId } = message;
    if (this.#running.size > 0) this.#running.delete(message);
    if (flow.definition.log.level === 'NONE') return undefined;
    const sender = outcome.sender ?? message.sender;
    const detail = detailOf(outcome);
    const more = detail === undefined && correlationId === undefined ? undefined : withDetail(correlationId, detail);
    return this.#commit.add(this.#lines.line(id, start, end, outcome.status, flow, sender, more));
  }

  #tellLongOnes(): void {
    const before = this.now() - longAfterMs;
    for (const [message, state] of this.#running) {
      if (message.start > before) return;
      if (state.told) continue;
      state.told = true;
      const { id, flow, start, sender, correlationId } = message;
      const more = { runtimeId: this.runtimeId, ...(correlationId === undefined ? {} : { correlationId }) };
      this.#commit
        .add(this.#lines.line(id, start, null, 'PROCESSING', flow, sender, more))
        .catch((error: unknown) => this.onFault(error, 'recording that a message is worked on'));
    }
    if (this.#running.size === 0) {
      clearInterval(this.#timer);
      this.#timer = undefined;
    }
  }
}

function withDetail(
  correlationId: string | undefined,
  detail: MessageDetail | undefined,
): { correlationId?: string; detail?: MessageDetail } {
  return { ...(correlationId === undefined ? {} : { correlationId }), ...(detail === undefined ? {} : { detail }) };
}
