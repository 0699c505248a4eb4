import type { MessageDetail } from '@sluice/contracts';
import type { FlowOutcome } from '@sluice/flow-engine';
import type { WorkerLog } from '../workers/worker-task.js';
import { GroupCommit } from './group-commit.js';
import type { LogRoom } from './log-room.js';
import { detailOf, trialLine, WriteLine, type LoggedFlow } from './write-line.js';

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
  #withoutPayloads = 0;

  /**
   * @param publish keeps lines so that they cannot be lost any more
   * @param runtimeId tells this process from all others
   * @param room is told what came of each publication
   */
  constructor(
    publish: (lines: string) => Promise<void>,
    private readonly runtimeId: string,
    private readonly now: () => number,
    private readonly onFault: (error: unknown, what: string) => void,
    private readonly room: LogRoom,
  ) {
    this.#commit = new GroupCommit((lines) => {
      const bytes = Buffer.byteLength(lines);
      return publish(lines).then(
        () => room.kept(bytes),
        (error: unknown) => {
          room.failed(error instanceof Error ? error.message : String(error), bytes);
          throw error;
        },
      );
    });
  }

  /** Whether a message of this flow may be begun: its entry will be kept, by all that is known, or it is to have none. */
  accepts(flow: LoggedFlow): boolean {
    return this.room.open || flow.definition.log.level === 'NONE';
  }

  /** Publishes what is no entry. @throws Error when it is not kept */
  trial(bytes: number): Promise<void> {
    return this.#commit.add(trialLine(bytes));
  }

  /** Since the process began. */
  get statistics(): { readonly entries: number; readonly groups: number; readonly withoutPayloads: number } {
    return { ...this.#commit.statistics, withoutPayloads: this.#withoutPayloads };
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
  record(message: RunningMessage, end: number, outcome: FlowOutcome | WorkerLog): Promise<void> | undefined {
    const { id, flow, start, correlationId } = message;
    this.ended(message);
    if (flow.definition.log.level === 'NONE') return undefined;
    const sender = outcome.sender ?? message.sender;
    const [detail, payloadsDropped] = this.#detailOf(outcome);
    if (payloadsDropped) this.#withoutPayloads++;
    const more = detail === undefined && correlationId === undefined ? undefined : withDetail(correlationId, detail);
    return this.#commit.add(this.#lines.line(id, start, end, outcome.status, flow, sender, more));
  }

  /** To be told of messages that began and turned out to be none. */
  ended(message: RunningMessage): void {
    if (this.#running.size > 0) this.#running.delete(message);
  }

  /** Whether what was traced of bodies is kept in the log now. */
  get payloadsFit(): boolean {
    return this.room.payloadsFit;
  }

  #detailOf(outcome: FlowOutcome | WorkerLog): [detail: MessageDetail | string | undefined, payloadsDropped: boolean] {
    if ('payloadsDropped' in outcome) return [outcome.detail, outcome.payloadsDropped];
    const detail = detailOf(outcome, this.room.payloadsFit);
    return [detail, detail?.payloadsDropped === true];
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
  detail: MessageDetail | string | undefined,
): { correlationId?: string; detail?: MessageDetail | string } {
  return { ...(correlationId === undefined ? {} : { correlationId }), ...(detail === undefined ? {} : { detail }) };
}
