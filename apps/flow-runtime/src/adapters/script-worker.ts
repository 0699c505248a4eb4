/**
 * Runs scripts in QuickJS, compiled to WebAssembly, off the thread that serves requests. Loaded as a thread: it imports
 * packages only, so that Node runs it from source and built alike.
 */
import variant from '@jitl/quickjs-wasmfile-release-sync';
import {
  newQuickJSWASMModuleFromVariant,
  type QuickJSContext,
  type QuickJSHandle,
  type QuickJSWASMModule,
} from 'quickjs-emscripten-core';
import { parentPort, workerData } from 'node:worker_threads';

export interface ScriptWorkerData {
  readonly api: string;
  readonly timeLimitMs: number;
  readonly memoryLimitBytes: number;
}

export interface ScriptJob {
  readonly name: string;
  readonly source: string;
  /** Absent: the script is compiled and not run. */
  readonly call?: {
    readonly function: string;
    /** JSON of body, headers and properties. */
    readonly input: string;
  };
}

export type ScriptResult =
  | { readonly output: string }
  | {
      readonly error: string;
      /** Of the script, where that is known. */
      readonly line?: number;
      /** The sandbox itself broke: this thread must not be used again. */
      readonly broken?: true;
    };

/** QuickJS counts its own stack; the thread's must hold what that becomes in WebAssembly frames. */
const maximumStackBytes = 256 * 1024;
const { api, timeLimitMs, memoryLimitBytes } = workerData as ScriptWorkerData;
const port = parentPort;

class ScriptFailure extends Error {
  readonly line: number | undefined;

  constructor(message: string, line?: number) {
    super(message);
    this.line = line;
  }
}

// Its types are those of its CommonJS form.
const loaded = variant as unknown as Parameters<typeof newQuickJSWASMModuleFromVariant>[0];
const quickJs: QuickJSWASMModule = await newQuickJSWASMModuleFromVariant(loaded);

port?.on('message', (job: ScriptJob) => {
  let result: ScriptResult;
  try {
    result = run(job);
  } catch (error) {
    result = { error: `the sandbox broke: ${error instanceof Error ? error.message : String(error)}`, broken: true };
  }
  port.postMessage(result);
});
port?.postMessage('ready');

function run(job: ScriptJob): ScriptResult {
  const runtime = quickJs.newRuntime();
  runtime.setMemoryLimit(memoryLimitBytes);
  runtime.setMaxStackSize(maximumStackBytes);
  const deadline = performance.now() + timeLimitMs;
  let late = false;
  runtime.setInterruptHandler(() => (late ||= performance.now() > deadline));
  const context = runtime.newContext();
  const held: QuickJSHandle[] = [];
  const hold = (handle: QuickJSHandle): QuickJSHandle => {
    held.push(handle);
    return handle;
  };
  const valueOf = (made: ReturnType<QuickJSContext['evalCode']>): QuickJSHandle => {
    if (!('error' in made) || made.error === undefined) return hold((made as { value: QuickJSHandle }).value);
    const error = hold(made.error);
    if (late) throw new ScriptFailure(`it ran longer than ${timeLimitMs} ms`);
    throw failureOf(context.dump(error) as unknown, job.name);
  };
  const method = (target: QuickJSHandle, name: string, ...given: QuickJSHandle[]): QuickJSHandle =>
    valueOf(context.callFunction(hold(context.getProp(target, name)), target, ...given));
  try {
    if (job.call === undefined) {
      valueOf(context.evalCode(job.source, job.name, { type: 'global', compileOnly: true }));
      return { output: '' };
    }
    const message = valueOf(context.evalCode(api, 'message-api.js'));
    method(message, 'begin', hold(context.newString(job.call.input)));
    valueOf(context.evalCode(job.source, job.name));
    method(message, 'call', hold(context.newString(job.call.function)));
    const jobs = runtime.executePendingJobs();
    if (jobs.error !== undefined) {
      const error: unknown = jobs.error.context.dump(jobs.error);
      jobs.error.dispose();
      if (late) throw new ScriptFailure(`it ran longer than ${timeLimitMs} ms`);
      throw failureOf(error, job.name);
    }
    jobs.dispose();
    if (late) throw new ScriptFailure(`it ran longer than ${timeLimitMs} ms`);
    method(message, 'failed');
    return { output: context.getString(method(message, 'end')) };
  } catch (error) {
    if (error instanceof ScriptFailure)
      return { error: error.message, ...(error.line === undefined ? {} : { line: error.line }) };
    throw error;
  } finally {
    for (const handle of held.reverse()) if (handle.alive) handle.dispose();
    context.dispose();
    runtime.dispose();
  }
}

/** What an exception of the script says, with the line of the script it came from. */
function failureOf(error: unknown, script: string): ScriptFailure {
  if (typeof error !== 'object' || error === null) return new ScriptFailure(String(error).slice(0, 1_000));
  const { name, message, stack } = error as { name?: unknown; message?: unknown; stack?: unknown };
  if (message === 'out of memory') return new ScriptFailure(`it needed more than ${memoryLimitBytes} bytes of memory`);
  const what = `${typeof name === 'string' ? name : 'Error'}: ${String(message ?? '')}`.slice(0, 1_000);
  for (const frame of String(stack ?? '').split('\n')) {
    const at = frame.lastIndexOf(`${script}:`);
    const line = at < 0 ? undefined : /^\d+/.exec(frame.slice(at + script.length + 1))?.[0];
    if (line !== undefined) return new ScriptFailure(`${what} (line ${line})`, Number(line));
  }
  return new ScriptFailure(what);
}
