import { cpuMsOf, residentBytesOf } from './process-usage.js';
import type { WorkerProcess } from './worker-process.js';
import type { WorkerFlow, WorkerTask } from './worker-task.js';

/** Why a worker was ended, by the name that metrics and log have for it. */
export type WorkerEndReason = 'cpu' | 'memory' | 'deadline' | 'renewed' | 'ended';

/** A message that goes on in a worker until it waits again. */
export interface Turn {
  /** Given when it begins. */
  number?: number;
  readonly task: WorkerTask;
  readonly owner: string;
  /** The worker that holds the message; absent: it has not begun. */
  readonly worker: Worker | undefined;
}

/** Octets of the definitions that a worker has compiled. */
const maxFlowBytes = 8 * 1_048_576;

/** A worker process with the messages in it, and what it has used of whose. */
export class Worker {
  ready = false;
  /** Messages in it, by their id. */
  readonly tasks = new Map<number, WorkerTask>();
  active: Turn | undefined;
  /** Set when it is ended by us. */
  ending: WorkerEndReason | undefined;
  process!: WorkerProcess;
  /** Octets of the definitions of the flows it has, by their names, those used last at the end. */
  readonly #flows = new Map<string, number>();
  /** When the active turn began: by `performance.now`, and the CPU time of the process then. */
  #since = 0;
  #cpuSince: number | undefined;
  /** Memory of the process when it was ready, when the active turn began, and when it was last looked at; in octets. */
  #bytesReady = 0;
  #bytesSince = 0;
  #bytesNow = 0;

  get idle(): boolean {
    return this.ready && !this.active && !this.ending;
  }

  begin(): void {
    this.ready = true;
    this.#bytesReady = this.#bytes();
  }

  beginTurn(turn: Turn, number: number): void {
    turn.number = number;
    this.active = turn;
    this.#since = performance.now();
    this.#cpuSince = undefined;
    this.#bytesSince = this.#bytes();
  }

  /** @returns how long it took, in milliseconds */
  endTurn({ task }: Turn): number {
    const ms = this.turnMs;
    this.active = undefined;
    task.cpuMs += this.#cpuOfTurn(ms);
    this.#bytesNow = this.#bytes();
    task.bytes = Math.max(0, task.bytes + this.#bytesNow - this.#bytesSince);
    return ms;
  }

  /** Of the active turn, in milliseconds. */
  get turnMs(): number {
    return performance.now() - this.#since;
  }

  /** What the active message has used in all its turns: CPU time in milliseconds, memory in octets; and the process in octets, beside what it had before any. */
  look({ task }: Turn): { readonly cpuMs: number; readonly bytes: number; readonly ofProcess: number } {
    const ms = this.turnMs;
    // Until then it had at most the time that went by.
    if (this.process.pid !== undefined) this.#cpuSince ??= (cpuMsOf(this.process.pid) ?? ms) - ms;
    this.#bytesNow = this.#bytes();
    return {
      cpuMs: task.cpuMs + this.#cpuOfTurn(ms),
      bytes: task.bytes + this.#bytesNow - this.#bytesSince,
      ofProcess: this.grownBytes,
    };
  }

  /** Octets that the process had, when it was last looked at, beside what it had before any message. */
  get grownBytes(): number {
    return this.#bytesNow - this.#bytesReady;
  }

  /** Sends a flow that the worker does not have, and takes those from it that were used least lately: what is compiled takes memory of messages. */
  give({ name, definition }: WorkerFlow): void {
    const { length } = definition;
    if (!this.#flows.delete(name)) {
      this.process.send({ type: 'flow', flow: name }, [definition]);
      let octets = length;
      for (const other of this.#flows.values()) octets += other;
      for (const [oldest, of] of this.#flows) {
        if (octets <= maxFlowBytes) break;
        octets -= of;
        this.forget(oldest);
      }
    }
    this.#flows.set(name, length);
  }

  forget(flow: string): void {
    if (this.#flows.delete(flow)) this.process.send({ type: 'forget', flow });
  }

  /** The message it was ended for: of memory it may be one that waits, and had taken it before. */
  culprit(reason: WorkerEndReason): WorkerTask | undefined {
    if (reason === 'ended' || reason === 'renewed') return undefined;
    let culprit = this.active?.task;
    if (reason !== 'memory') return culprit;
    let most = culprit ? culprit.bytes + this.#bytesNow - this.#bytesSince : 0;
    for (const task of this.tasks.values()) if (task.bytes > most) [culprit, most] = [task, task.bytes];
    return culprit;
  }

  /** What the system counts is asked for turns that were looked at alone: others are too short to matter. */
  #cpuOfTurn(ms: number): number {
    const { pid } = this.process;
    if (this.#cpuSince === undefined || pid === undefined) return ms;
    return (cpuMsOf(pid) ?? this.#cpuSince + ms) - this.#cpuSince;
  }

  #bytes(): number {
    const { pid } = this.process;
    return (pid === undefined ? undefined : residentBytesOf(pid)) ?? 0;
  }
}
