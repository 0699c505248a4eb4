import {
  FlowProcessingError,
  valueToText,
  type FlowDefinition,
  type FlowProblem,
  type Message,
  type ScriptPort,
  type ScriptRequest,
} from '@sluice/flow-engine';
import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import { messageApi } from './message-api.js';
import type { ScriptJob, ScriptResult, ScriptWorkerData } from './script-worker.js';

export interface QuickJsScriptsOptions {
  /** Threads that run scripts; started when they are needed first. */
  readonly threads: number;
  readonly timeLimitMs: number;
  readonly memoryLimitBytes: number;
  readonly onFault: (error: unknown, what: string) => void;
}

interface Waiting {
  readonly job: ScriptJob;
  readonly resolve: (result: ScriptResult) => void;
}

interface Thread {
  readonly worker: Worker;
  ready: boolean;
  /** Settles when it is ready, or will never be. */
  readonly started: Promise<void>;
  busy: { readonly waiting: Waiting; readonly watchdog: NodeJS.Timeout } | undefined;
}

const maximumWaiting = 1_000;
/** The sandbox ends a script by itself; a thread that does not even do that is ended from outside. */
const graceMs = 2_000;

/** Scripts of flows, in a thread of the worker process they run in: one that loops or eats memory costs its thread alone. */
export class QuickJsScripts implements ScriptPort {
  readonly #threads: Thread[] = [];
  readonly #waiting: Waiting[] = [];
  #stopped = false;

  constructor(private readonly options: QuickJsScriptsOptions) {}

  /** Tells what is wrong with the scripts of a flow, before it is deployed. They are compiled, and nothing of them is run. */
  async check(definition: FlowDefinition): Promise<FlowProblem[]> {
    const problems = await Promise.all(
      Object.entries(definition.scripts).map(async ([name, { source }]): Promise<FlowProblem[]> => {
        const result = await this.#give({ name, source });
        if (!('error' in result)) return [];
        const { error, line } = result;
        return [
          {
            path: `scripts.${name}`,
            code: 'syntax',
            message: `The script "${name}" is no JavaScript: ${error}.`,
            ...(line === undefined ? {} : { line }),
          },
        ];
      }),
    );
    return problems.flat();
  }

  /** Starts the threads before the first script needs one; resolves when they are there. */
  async start(): Promise<void> {
    this.#startThreads();
    await Promise.all(this.#threads.map(({ started }) => started));
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    for (const { resolve } of this.#waiting.splice(0)) resolve({ error: 'this runtime is ending' });
    await Promise.all(this.#threads.splice(0).map(({ worker }) => worker.terminate()));
  }

  async run(request: ScriptRequest): Promise<void> {
    if (this.#waiting.length >= maximumWaiting)
      throw new FlowProcessingError('script-failed', `The script "${request.name}" did not run: too many wait.`);
    const job: ScriptJob = {
      name: request.name,
      source: request.source,
      call: { function: request.function, input: inputOf(request.message) },
    };
    const result = await this.#give(job);
    if ('error' in result)
      throw new FlowProcessingError('script-failed', `The script "${request.name}" failed: ${result.error}.`);
    applyOutput(result.output, request);
  }

  #give(job: ScriptJob): Promise<ScriptResult> {
    return new Promise((resolve) => {
      this.#waiting.push({ job, resolve });
      this.#hand();
    });
  }

  #hand(): void {
    if (this.#stopped) return;
    for (;;) {
      const [waiting] = this.#waiting;
      const thread = waiting && this.#idleThread();
      if (waiting === undefined || thread === undefined) return;
      this.#waiting.shift();
      const watchdog = setTimeout(
        () => this.#broken(thread, 'it did not end in time'),
        this.options.timeLimitMs + graceMs,
      );
      thread.busy = { waiting, watchdog };
      thread.worker.postMessage(waiting.job);
    }
  }

  #idleThread(): Thread | undefined {
    const idle = this.#threads.find(({ ready, busy }) => ready && busy === undefined);
    if (idle === undefined) this.#startThreads();
    return idle;
  }

  #startThreads(): void {
    while (this.#threads.length < this.options.threads) this.#startThread();
  }

  #startThread(): void {
    const { timeLimitMs, memoryLimitBytes } = this.options;
    const data: ScriptWorkerData = { api: messageApi, timeLimitMs, memoryLimitBytes };
    // The file beside this one, with the same ending: built, or as it was written.
    const file = new URL(`./script-worker${extname(import.meta.url)}`, import.meta.url);
    const worker = new Worker(file, {
      workerData: data,
      env: {},
      execArgv: [],
      resourceLimits: { maxOldGenerationSizeMb: 256, stackSizeMb: 16 },
    });
    worker.unref();
    const started = new Promise<void>((resolve) => {
      worker.once('message', () => resolve());
      worker.once('exit', () => resolve());
    });
    const thread: Thread = { worker, ready: false, started, busy: undefined };
    this.#threads.push(thread);
    worker.on('message', (message: 'ready' | ScriptResult) => {
      if (message === 'ready') thread.ready = true;
      else {
        if ('error' in message && message.broken) return this.#broken(thread, message.error);
        this.#settle(thread, message);
      }
      this.#hand();
    });
    worker.on('error', (error) => {
      this.options.onFault(error, 'a thread that runs scripts');
      this.#broken(thread, 'its thread broke');
    });
    worker.on('exit', () => this.#broken(thread, 'its thread ended'));
  }

  #settle(thread: Thread, result: ScriptResult): void {
    const { busy } = thread;
    thread.busy = undefined;
    if (busy === undefined) return;
    clearTimeout(busy.watchdog);
    busy.waiting.resolve(result);
  }

  /** Ends a thread that cannot be trusted any more; the next script gets a new one. */
  #broken(thread: Thread, error: string): void {
    const index = this.#threads.indexOf(thread);
    if (index < 0) return;
    this.#threads.splice(index, 1);
    void thread.worker.terminate();
    this.#settle(thread, { error });
    // A thread that cannot even start must not be started again and again: its script fails.
    if (!thread.ready) this.#waiting.shift()?.resolve({ error });
    else if (!this.#stopped) this.#startThreads();
    this.#hand();
  }
}

function inputOf(message: Message): string {
  const plain = ([name, value]: readonly [string, unknown]) => [
    name,
    typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' || value === null
      ? value
      : valueToText(value),
  ];
  return JSON.stringify({
    ...bodyOf(message),
    headers: [...message.headers].map(plain),
    properties: [...message.properties].map(plain),
  });
}

/** A script that does not look at the body may run with one that is no text. */
function bodyOf(message: Message): { readonly body: string | null; readonly unreadable?: string } {
  if (message.body === null) return { body: null };
  try {
    return { body: message.text() };
  } catch (error) {
    if (message.unreadable === undefined) throw error;
    return { body: null, unreadable: message.unreadable };
  }
}

interface ScriptOutput {
  readonly body?: string | number | boolean | null;
  /** A name alone: removed. */
  readonly headers: readonly (readonly [name: string, value?: unknown])[];
  readonly properties: readonly (readonly [name: string, value?: unknown])[];
  readonly log: {
    readonly attachments: readonly (readonly [name: string, text: string, mediaType: string])[];
    readonly headers: readonly (readonly [name: string, value: string])[];
    readonly properties: readonly (readonly [name: string, value: string])[];
  };
}

function applyOutput(json: string, { message, log }: ScriptRequest): void {
  const output = JSON.parse(json) as ScriptOutput;
  if ('body' in output) message.body = output.body === null || output.body === undefined ? null : String(output.body);
  for (const change of output.headers) {
    if (change.length === 1) message.headers.delete(change[0]);
    else message.headers.set(change[0], change[1]);
  }
  for (const change of output.properties) {
    if (change.length === 1) message.properties.delete(change[0]);
    else message.properties.set(change[0], change[1]);
  }
  for (const [name, text, mediaType] of output.log.attachments) log.addAttachment(name, text, mediaType);
  for (const [name, value] of output.log.headers) log.addCustomHeader(name, value);
  for (const [name, value] of output.log.properties) log.setProperty(name, value);
}
