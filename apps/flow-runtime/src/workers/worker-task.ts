import { FlowProcessingError, type FlowErrorCode, type FlowPorts, type StreamedBody } from '@sluice/flow-engine';
import { EffectJournal } from './effect-journal.js';
import type { Crossing } from './effects.js';
import type { PackedError, PackedLog, PackedOutcome, PackedRun } from './worker-frames.js';

/** A flow that workers can be given. */
export interface WorkerFlow {
  /** Names the flow and its version. */
  readonly name: string;
  /** The definition in JSON. */
  readonly definition: Uint8Array;
}

/** A message that is to run in a worker, or an artifact that is to be examined there. */
export interface WorkerJob {
  /** Absent where none runs. */
  readonly flow?: WorkerFlow;
  readonly run: PackedRun;
  readonly parts: readonly Uint8Array[];
  readonly ports: FlowPorts;
  /** The body of the request, while it is still to come. */
  readonly streamed?: StreamedBody | undefined;
}

/** What came of it, with the octets beside it. */
export interface WorkerOutcome {
  readonly what: PackedOutcome;
  readonly parts: readonly Uint8Array[];
  /** Of its entry in the message processing log, in JSON and within its bounds. */
  readonly detail?: string | undefined;
}

/** What the log says of a message that ran in a worker. */
export interface WorkerLog extends PackedLog {
  readonly detail?: string | undefined;
}

/** An answer that waits until its message may go on. */
export interface Answer {
  readonly call: number;
  readonly value?: unknown;
  readonly error?: PackedError;
  readonly parts: readonly Uint8Array[];
}

/** A message on its way through the workers. */
export class WorkerTask {
  readonly journal = new EffectJournal();
  /** Answers that came while others ran in its worker. */
  answers: Answer[] = [];
  /** CPU time used, in milliseconds. */
  cpuMs = 0;
  /** Memory that its worker took up in its turns, in octets. */
  bytes = 0;
  /** How often it began: again when its worker ended for another message's sake. */
  begun = 0;
  /** How often its worker ended in its turn, for no known cause. */
  suspected = 0;

  constructor(
    readonly id: number,
    readonly job: WorkerJob,
    private readonly settle: (outcome: WorkerOutcome) => void,
  ) {}

  end(what: PackedOutcome, parts: readonly Uint8Array[]): void {
    if (!('logged' in what)) return this.settle({ what, parts });
    const [detail, ...rest] = parts;
    this.settle({ what, parts: rest, detail: detail?.length ? Buffer.from(detail).toString() : undefined });
  }

  fail(code: FlowErrorCode, message: string): void {
    this.end({ kind: 'failed', error: { code, message } }, []);
  }

  /** @returns the answer of an effect, had now or when the message ran before */
  effect(fingerprint: string, have: () => Promise<Crossing>): Promise<Crossing> {
    return this.journal.answer(fingerprint, have).catch((error: unknown) => {
      throw error instanceof FlowProcessingError
        ? error
        : new FlowProcessingError('internal', error instanceof Error ? error.message : String(error), { cause: error });
    });
  }
}
