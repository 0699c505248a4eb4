import type { FlowCapability, FlowCheck, FlowDefinition, FlowPorts } from '@sluice/flow-engine';
import type { BodyMemory } from '../fair-shares/body-memory.js';
import type { ExaminedArtifact, FlowArtifact } from '../flows/examine-artifact.js';
import type { Frame } from './frames.js';
import { haveEffect } from './effects.js';
import { TurnQueue } from './turn-queue.js';
import { packError } from './pack-message.js';
import type { FromWorker, PackedRun } from './worker-frames.js';
import { Worker, type Turn, type WorkerEndReason } from './worker.js';
import { WorkerProcess, type WorkerEnd } from './worker-process.js';
import { WorkerTask, type WorkerFlow, type WorkerJob, type WorkerOutcome } from './worker-task.js';

export interface FlowWorkersOptions {
  /** Processes; at least two, so that one owner never has all of them. */
  readonly processes: number;
  /** CPU time one message may use in all, in milliseconds. */
  readonly cpuMs: number;
  /** Memory of one worker, in megabytes. */
  readonly memoryMb: number;
  readonly scriptTimeLimitMs: number;
  readonly scriptMemoryBytes: number;
  /** Where what comes from workers is kept. What is given out with an outcome is for its receiver to give back. */
  readonly memory: BodyMemory;
  readonly onFault: (error: unknown, what: string) => void;
}

/** What is done for those who deploy flows: they share in the time of workers as one sender does. */
const withoutMessage = {
  flow: '',
  owner: 'deployments',
  channel: '',
  messageId: '',
  callDepth: 0,
  deadline: Number.MAX_SAFE_INTEGER,
  payloads: false,
};
const noPorts: FlowPorts = { now: () => 0, newId: () => '' };

const lookEveryMs = 50;
/** A message in whose turn a worker died of no known cause is begun again once; the second time it is taken for the cause. */
const maxSuspicions = 2;
/** Starting is not tried again at once when a worker could not even begin. */
const startAgainMs = 1_000;

/**
 * Messages whose cost their sender decides, in processes that can be ended. A worker runs one message until it waits for an effect, which
 * the runtime has for it; then another's turn may come. So whatever a worker uses is used by a message that is known, and what
 * exceeds its budget ends that message alone: those that waited in the same worker are run again in another, with the answers they had.
 */
export class FlowWorkers {
  readonly #options: FlowWorkersOptions;
  readonly #workers = new Set<Worker>();
  readonly #queue = new TurnQueue<Turn>();
  readonly #ends: Record<WorkerEndReason, number> = {
    cpu: 0,
    memory: 0,
    deadline: 0,
    renewed: 0,
    ended: 0,
  };
  readonly #firstReady = Promise.withResolvers<void>();
  #nextId = 1;
  #nextTurn = 1;
  #timer: NodeJS.Timeout | undefined;
  #startAgain: NodeJS.Timeout | undefined;
  #running = false;
  #stopped = false;

  constructor(options: FlowWorkersOptions) {
    this.#options = options;
  }

  /** Starts the processes, so that no message waits for them. @returns when the first of them is there */
  async start(): Promise<void> {
    if (this.#stopped) return;
    if (!this.#running) {
      this.#running = true;
      this.#fill();
      this.#timer = setInterval(() => this.#look(), lookEveryMs).unref();
    }
    await this.#firstReady.promise;
  }

  stop(): void {
    this.#stopped = true;
    this.#running = false;
    this.#firstReady.resolve();
    clearInterval(this.#timer);
    clearTimeout(this.#startAgain);
    for (const { process } of this.#workers) process.kill();
  }

  /** For metrics. */
  get statistics() {
    let busy = 0;
    let held = 0;
    for (const worker of this.#workers) {
      if (worker.active) busy++;
      held += worker.tasks.size;
    }
    return { processes: this.#workers.size, busy, held, waiting: this.#queue.waiting, ends: this.#ends };
  }

  /** Of the processes there are now. */
  get pids(): number[] {
    return [...this.#workers].flatMap(({ process: { pid } }) => pid ?? []);
  }

  /** Runs a message. Never rejects: that there is no outcome is an outcome. */
  run(job: WorkerJob): Promise<WorkerOutcome> {
    return new Promise((resolve) => {
      const task = new WorkerTask(this.#nextId++, job, resolve);
      if (this.#stopped) return task.fail('internal', 'This runtime is ending.');
      void this.start();
      this.#queue.add(job.run.owner, { task, owner: job.run.owner, worker: undefined });
      this.#hand();
    });
  }

  /** Compiles a flow in a worker. @returns why it cannot be; undefined when it can */
  async prepare(flow: WorkerFlow): Promise<string | undefined> {
    const run: PackedRun = { ...withoutMessage, flow: flow.name, input: { kind: 'none' } };
    const { what } = await this.run({ flow, run, parts: [], ports: noPorts });
    // That a process ended, or this one is ending, says nothing about the flow.
    const says = what.kind === 'not-compiled' || (what.kind === 'failed' && what.error.code === 'limit-exceeded');
    return says ? what.error.message : undefined;
  }

  /** Examines an artifact in a worker. @returns also that it could not be examined, and why */
  async examine(
    { content, mediaType, ports }: FlowArtifact,
    name: string,
    capabilities: ReadonlySet<FlowCapability>,
  ): Promise<ExaminedArtifact | { readonly failed: string }> {
    const input = { kind: 'artifact', name, mediaType, ports, capabilities: [...capabilities] } as const;
    const { what, parts } = await this.run({ run: { ...withoutMessage, input }, parts: [content], ports: noPorts });
    if (what.kind !== 'examined') return { failed: 'error' in what ? what.error.message : 'It came to no end.' };
    const [told, ...definitions] = parts.map((part) => Buffer.from(part).toString());
    const { checks, others } = JSON.parse(told ?? '') as {
      checks: readonly FlowCheck[];
      others: ExaminedArtifact['others'];
    };
    const flows = checks.map((check, index) => {
      const text = definitions[index] ?? '';
      return { check, definition: text === '' ? null : (JSON.parse(text) as FlowDefinition) };
    });
    return { flows, others };
  }

  /** A flow of another version, or that is undeployed, is used no more. */
  forget(flow: string): void {
    for (const worker of this.#workers) worker.forget(flow);
  }

  #fill(): void {
    while (this.#running && this.#workers.size < this.#options.processes) this.#startWorker();
  }

  #startWorker(): void {
    const { memoryMb, scriptTimeLimitMs, scriptMemoryBytes } = this.#options;
    const worker = new Worker();
    worker.process = new WorkerProcess({
      limits: { timeLimitMs: scriptTimeLimitMs, memoryLimitBytes: scriptMemoryBytes },
      heapMb: Math.ceil(1.5 * memoryMb),
      onFault: this.#options.onFault,
      memory: (bytes) => this.#options.memory.lend(bytes),
      onFrame: (frame) => this.#take(worker, frame),
      onEnd: (how) => this.#ended(worker, how),
    });
    this.#workers.add(worker);
  }

  #take(worker: Worker, { head, parts }: Frame<FromWorker>): void {
    // What was on its way when it ended counts no more.
    if (!this.#workers.has(worker)) return;
    switch (head.type) {
      case 'ready':
        worker.begin();
        this.#firstReady.resolve();
        return this.#hand();
      case 'call': {
        const task = worker.tasks.get(head.run);
        if (!task) return;
        const { job } = task;
        const begun = task.begun;
        task
          .effect(head.fingerprint, () => haveEffect(job.ports, head.effect, head.given, parts, job.streamed))
          .then(
            ({ value, parts: answer }) => ({ call: head.call, value, parts: answer }),
            (error: unknown) => ({ call: head.call, error: packError(error), parts: [] }),
          )
          .then((answer) => {
            // Another flow may go on with what it was called with.
            if (head.effect !== 'processDirect.call') for (const part of parts) this.#options.memory.giveBack(part);
            // It may have begun again in another worker, which asks by itself.
            if (task.begun !== begun || !worker.tasks.has(task.id)) return;
            task.answers.push(answer);
            if (worker.active?.task !== task && task.answers.length === 1)
              this.#queue.add(job.run.owner, { task, owner: job.run.owner, worker }, true);
            this.#hand();
          }, this.#fault);
        return;
      }
      case 'waits': {
        const { active } = worker;
        if (active?.number !== head.turn) return;
        this.#turnOver(worker, active);
        if (active.task.answers.length > 0)
          this.#queue.add(active.owner, { task: active.task, owner: active.owner, worker }, true);
        return this.#hand();
      }
      case 'done': {
        const task = worker.tasks.get(head.run);
        if (!task) return;
        worker.tasks.delete(head.run);
        const { active } = worker;
        if (active?.task === task) this.#turnOver(worker, active);
        task.end(head.what, parts);
        this.#hand();
        this.#renewIfGrown(worker);
      }
    }
  }

  readonly #fault = (error: unknown) => this.#options.onFault(error, 'running messages in workers');

  /** Gives turns to workers that have nothing to do. */
  #hand(): void {
    if (!this.#running) return;
    for (;;) {
      const idle = this.#idle();
      if (idle.length === 0) return;
      const next = this.#queue.next(idle.length, ({ worker }) => worker === undefined || idle.includes(worker));
      if (next === undefined) return;
      const { turn } = next;
      // Where the fewest wait, the fewest have to begin again should it come to that.
      const worker =
        turn.worker ?? idle.reduce((least, other) => (other.tasks.size < least.tasks.size ? other : least));
      this.#begin(worker, turn);
    }
  }

  #begin(worker: Worker, turn: Turn): void {
    const { task } = turn;
    const number = this.#nextTurn++;
    worker.beginTurn(turn, number);
    try {
      if (turn.worker) {
        const { answers } = task;
        task.answers = [];
        worker.process.send(
          {
            type: 'answers',
            run: task.id,
            turn: number,
            answers: answers.map(({ call, value, error, parts }) => ({ call, value, error, parts: parts.length })),
          },
          answers.flatMap(({ parts }) => parts),
        );
        return;
      }
      const { flow, run, parts } = task.job;
      task.begun++;
      worker.tasks.set(task.id, task);
      if (flow) worker.give(flow);
      worker.process.send({ type: 'run', run: task.id, turn: number, what: run }, parts);
    } catch (error) {
      worker.tasks.delete(task.id);
      this.#turnOver(worker, turn);
      task.fail('limit-exceeded', error instanceof Error ? error.message : String(error));
    }
  }

  #turnOver(worker: Worker, turn: Turn): void {
    this.#queue.over(turn.owner, worker.endTurn(turn));
  }

  /** Gives back what a process keeps of messages that are done: V8 returns memory slowly, or never. */
  #renewIfGrown(worker: Worker): void {
    if (worker.tasks.size > 0 || worker.active || this.#idle().length < 2) return;
    if (worker.grownBytes <= this.#memoryBytes / 4) return;
    worker.ending = 'renewed';
    worker.process.kill();
  }

  get #memoryBytes(): number {
    return this.#options.memoryMb * 1_048_576;
  }

  #idle(): Worker[] {
    return [...this.#workers].filter(({ idle }) => idle);
  }

  /** Ends workers whose message has used more than it may. */
  #look(): void {
    const memory = this.#memoryBytes;
    for (const worker of this.#workers) {
      const { active } = worker;
      if (!active || worker.ending || worker.turnMs < lookEveryMs) continue;
      const { task } = active;
      const { cpuMs, bytes, ofProcess } = worker.look(active);
      if (cpuMs > this.#options.cpuMs) this.#endFor(worker, 'cpu');
      else if (bytes > memory || ofProcess > 1.5 * memory) this.#endFor(worker, 'memory');
      else if (task.job.ports.now() > task.job.run.deadline + graceMs) this.#endFor(worker, 'deadline');
    }
  }

  #endFor(worker: Worker, reason: WorkerEndReason): void {
    worker.ending = reason;
    worker.process.kill();
  }

  #ended(worker: Worker, how: WorkerEnd): void {
    this.#workers.delete(worker);
    const reason = worker.ending ?? (how.outOfMemory && worker.active ? 'memory' : 'ended');
    this.#ends[reason]++;
    if (reason === 'ended' && !this.#stopped) this.#options.onFault(new Error(how.why), 'a worker process ended');
    const { active } = worker;
    if (active) this.#queue.over(active.owner, worker.turnMs);
    this.#queue.remove((turn) => turn.worker === worker);
    const culprit = worker.culprit(reason);
    if (reason === 'ended' && active) active.task.suspected++;
    for (const task of worker.tasks.values()) {
      if (this.#stopped) task.fail('internal', 'This runtime is ending.');
      else if (task === culprit) task.fail('limit-exceeded', this.#explain(reason));
      else this.#again(task);
    }
    if (worker.ready) this.#fill();
    else this.#startAgain = setTimeout(() => this.#fill(), startAgainMs).unref();
    this.#hand();
  }

  /** Runs a message from its beginning in another worker. */
  #again(task: WorkerTask): void {
    if (!task.journal.complete || task.suspected >= maxSuspicions)
      return task.fail('internal', 'The process that worked on the message ended, and it cannot be begun again.');
    task.answers = [];
    task.bytes = 0;
    task.journal.rewind();
    const { owner } = task.job.run;
    this.#queue.add(owner, { task, owner, worker: undefined }, true);
  }

  #explain(reason: WorkerEndReason): string {
    const { cpuMs, memoryMb } = this.#options;
    switch (reason) {
      case 'cpu':
        return `The message used more than ${cpuMs} ms of CPU time (MESSAGE_CPU_MS).`;
      case 'memory':
        return `The message used more than ${memoryMb} MB of memory (FLOW_WORKER_MEMORY_MB).`;
      default:
        return 'The message was not processed in time.';
    }
  }
}

/** Between two steps a message ends by itself at its deadline. */
const graceMs = 1_000;
