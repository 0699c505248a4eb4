import { Worker } from 'node:worker_threads';

/**
 * Of a thread of its own, which goes on when the one it watches does not. It counts its own looks and not the time: a process that was frozen as a
 * whole has missed them too.
 */
const program = `
const { workerData: { beats, looks } } = require('node:worker_threads');
const { writeSync } = require('node:fs');
const seen = new Int32Array(beats);
let last = -1;
let unchanged = 0;
setInterval(() => {
  const now = Atomics.load(seen, 0);
  unchanged = now === last ? unchanged + 1 : 0;
  last = now;
  if (unchanged < looks) return;
  try { writeSync(2, JSON.stringify({ level: 'fatal', msg: 'the event loop has stood still for ' + looks + ' s: the process ends, so that it is started anew' }) + '\\n'); }
  catch { /* Standard error may be closed: the process ends all the same. */ }
  process.kill(process.pid, 'SIGKILL');
}, 1000);
`;

/** Ends this process when its event loop has stood still for so long: whoever started it starts another, which can serve. */
export class EndStuckProcess {
  readonly #worker: Worker;
  readonly #timer: NodeJS.Timeout;

  /** @param afterMs whole seconds, in milliseconds */
  constructor(afterMs: number, onFault: (error: unknown, what: string) => void) {
    const beats = new SharedArrayBuffer(4);
    const beat = new Int32Array(beats);
    this.#timer = setInterval(() => Atomics.add(beat, 0, 1), 250).unref();
    this.#worker = new Worker(program, {
      eval: true,
      workerData: { beats, looks: Math.max(1, Math.round(afterMs / 1_000)) },
      env: {},
      execArgv: [],
      resourceLimits: { maxOldGenerationSizeMb: 8 },
    });
    this.#worker.unref();
    this.#worker.on('error', (error) => onFault(error, 'watching the event loop'));
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#worker.terminate();
  }
}
