import { spawn, type ChildProcess } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { setPriority } from 'node:os';
import type { Duplex } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { tookChunk } from '../event-loop/collect-chunks.js';
import { readFrames, writeFrame, type Frame } from './frames.js';
import type { FromWorker, ToWorker } from './worker-frames.js';
import type { WorkerLimits } from './worker-limits.js';

export interface WorkerProcessOptions {
  readonly limits: WorkerLimits;
  /** Of its JavaScript heap, in megabytes. */
  readonly heapMb: number;
  /** Where a frame of so many octets is gathered. */
  readonly memory: (bytes: number) => Buffer;
  readonly onFrame: (frame: Frame<FromWorker>) => void;
  readonly onFault: (error: unknown, what: string) => void;
  /** Once, when it has ended, or could not be started. */
  readonly onEnd: (how: WorkerEnd) => void;
}

export interface WorkerEnd {
  /** It ended itself for want of memory. */
  readonly outOfMemory: boolean;
  /** For the log of the service. */
  readonly why: string;
}

/** Programs are run as they were built, also by tests, which load this file as it was written. */
const program = fileURLToPath(new URL('./worker.main.js', import.meta.url)).replace(
  /([\\/])src([\\/]workers[\\/])/,
  '$1dist$2',
);
const keptOutput = 4_096;
/** Behind whatever else wants the processor, the thread that admits requests above all. */
const niceness = 10;

/** A process that runs messages. It is given nothing but a pair of sockets: no environment, no secret. */
export class WorkerProcess {
  readonly #child: ChildProcess;
  readonly #stream: Duplex;
  #output = '';
  #ended = false;

  constructor(options: WorkerProcessOptions) {
    const child = spawn(
      process.execPath,
      [
        `--max-old-space-size=${options.heapMb}`,
        '--permission',
        '--allow-fs-read=*',
        '--allow-worker',
        '--no-warnings',
        program,
        JSON.stringify(options.limits),
      ],
      { stdio: ['ignore', 'ignore', 'pipe', 'pipe'], env: {} },
    );
    this.#child = child;
    this.#stream = child.stdio[3] as Duplex;
    this.#stream.on('error', () => child.kill('SIGKILL'));
    child.stderr?.on('data', (chunk: Buffer) => {
      this.#output = (this.#output + chunk.toString('latin1')).slice(-keptOutput);
    });
    readFrames<FromWorker>(this.#stream, options.onFrame, options.memory, tookChunk);
    const end = (outOfMemory: boolean, why: string) => {
      if (this.#ended) return;
      this.#ended = true;
      this.#stream.destroy();
      options.onEnd({ outOfMemory, why });
    };
    child.on('error', (error) => end(false, error.message));
    child.on('exit', (code, signal) => {
      const outOfMemory = signal === 'SIGABRT' || code === 134;
      end(
        outOfMemory,
        `${signal ?? `exit code ${code}`}${this.#output === '' ? '' : `: ${this.#output.trim().slice(-500)}`}`,
      );
    });
    // It keeps nobody from ending: it ends itself when the runtime is gone.
    child.unref();
    for (const stream of [this.#stream, child.stderr]) (stream as Socket | null)?.unref();
    if (child.pid !== undefined)
      yieldTo(child.pid, (error) => options.onFault(error, 'a worker that cannot be put behind the runtime'));
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  send(head: ToWorker, parts?: readonly Uint8Array[]): void {
    if (!this.#ended) writeFrame(this.#stream, head, parts);
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }
}

/** When processor or memory are short, it is a worker that waits or ends. Where the system has no such thing, or it has ended, nothing is lost. */
function yieldTo(pid: number, onFault: (error: unknown) => void): void {
  for (const yielding of [
    () => setPriority(pid, niceness),
    () => process.platform === 'linux' && writeFileSync(`/proc/${pid}/oom_score_adj`, '1000'),
  ])
    try {
      yielding();
    } catch (error) {
      onFault(error);
    }
}
