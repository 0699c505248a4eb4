import type {
  CompiledCall,
  CompiledEnd,
  CompiledFlow,
  CompiledGather,
  CompiledJoin,
  CompiledMulticast,
  CompiledProcess,
  CompiledRouter,
  CompiledSplitter,
  CompiledStep,
} from '../compile/compiled-flow.js';
import { FlowProcessingError, toProcessingError } from '@sluice/domain';
import type { Message } from '../message/message.js';
import { type Awaitable, andThen, isPromise } from './awaitable.js';
import type { FlowRun } from './flow-run.js';
import { recordStep } from './record-step.js';

/** Where a path stopped: at a gather or join that belongs to what is around it, or at its end. */
type Stop = CompiledGather | CompiledJoin | null;

const MAXIMUM_CALL_DEPTH = 50;

/** Runs a process with its exception subprocess. */
export function runProcess(flow: CompiledFlow, process: CompiledProcess, run: FlowRun): Awaitable<void> {
  const outer = run.processId;
  run.processId = process.id;
  const leave = (): void => {
    run.processId = outer;
  };
  try {
    const stop = runPath(flow, process.start, run, false);
    if (!isPromise(stop)) return leave();
    return stop.then(leave, (error: unknown) => andThen(handle(flow, process, run, error), leave));
  } catch (error) {
    return andThen(handle(flow, process, run, error), leave);
  }
}

function handle(flow: CompiledFlow, process: CompiledProcess, run: FlowRun, error: unknown): Awaitable<void> {
  const failure = toProcessingError(error);
  if (process.exception === null || isFinal(failure)) throw failure;
  run.exception = failure;
  run.message.properties.set('CamelExceptionCaught', failure.message);
  run.processId = process.id;
  return andThen(runPath(flow, process.exception.start, run, false), () => undefined);
}

/** An escalation has been decided, and a limit would be passed again by whatever handles it. */
function isFinal(failure: FlowProcessingError): boolean {
  return failure.code === 'escalation-end' || failure.code === 'deadline-exceeded' || failure.code === 'limit-exceeded';
}

/**
 * Runs steps until the path ends.
 * @param scoped whether a gather or join ends the path, because a splitter or multicast around it waits for it
 */
function runPath(flow: CompiledFlow, start: CompiledStep | null, run: FlowRun, scoped: boolean): Awaitable<Stop> {
  let step = start;
  while (step !== null) {
    if (run.scope.terminated || run.ended) return null;
    if ((step.kind === 'gather' || step.kind === 'join') && scoped) return step;
    run.scope.spendStep();
    run.stepId = step.id;
    run.stepName = step.name;
    const next = run.scope.tracing ? recordStep(flow, step, run, runStep) : runStep(flow, step, run);
    if (isPromise(next)) return next.then((following) => runPath(flow, following, run, scoped));
    step = next;
  }
  return null;
}

/** @returns the step to go on with */
function runStep(flow: CompiledFlow, step: CompiledStep, run: FlowRun): Awaitable<CompiledStep | null> {
  switch (step.kind) {
    case 'work': {
      const pending = step.work(run);
      return isPromise(pending) ? pending.then(() => step.next) : step.next;
    }
    case 'router':
      return chooseRoute(step, run);
    case 'call':
      return andThen(callProcess(flow, step, run), () => step.next);
    case 'splitter':
      return runSplitter(flow, step, run);
    case 'multicast':
      return runMulticast(flow, step, run);
    case 'gather':
      run.message = step.gather(run.message, [run.message]);
      return step.next;
    case 'join':
      return step.next;
    case 'end':
      return endPath(step, run);
  }
}

function chooseRoute(step: CompiledRouter, run: FlowRun): CompiledStep | null {
  for (const route of step.routes) if (route.condition === null || route.condition(run)) return route.next;
  if (step.throwOnNoRoute) throw new FlowProcessingError('no-route', `No route of "${step.name}" fits the message.`);
  return step.next;
}

function endPath(step: CompiledEnd, run: FlowRun): null {
  switch (step.end) {
    case 'error':
      // An error end behind a failure passes that failure on; only otherwise is it a failure of its own.
      throw (
        run.exception ??
        new FlowProcessingError(
          'error-end',
          `The message ended in the error end event "${step.name}"${step.errorCode === '' ? '' : ` (${step.errorCode})`}.`,
        )
      );
    case 'escalation':
      throw new FlowProcessingError(
        'escalation-end',
        `The message was escalated in "${step.name}"${step.errorCode === '' ? '' : ` (${step.errorCode})`}.`,
        run.exception === null ? {} : { cause: run.exception },
      );
    case 'terminate':
      run.scope.terminated = true;
      return null;
    default:
      return null;
  }
}

function callProcess(flow: CompiledFlow, step: CompiledCall, run: FlowRun): Awaitable<void> {
  const process = flow.processes.get(step.processId);
  if (process === undefined)
    throw new FlowProcessingError('internal', `The process "${step.processId}" does not exist.`);
  if (run.callDepth >= MAXIMUM_CALL_DEPTH)
    throw new FlowProcessingError(
      'limit-exceeded',
      `Local processes call each other more than ${MAXIMUM_CALL_DEPTH} deep.`,
    );
  const once = (): Awaitable<void> => {
    run.callDepth++;
    const exception = run.exception;
    const leave = (): void => {
      run.callDepth--;
      run.exception = exception;
    };
    const pending = runProcess(flow, process, run);
    return isPromise(pending) ? pending.then(leave) : leave();
  };
  const loop = step.loop;
  if (loop === null) return once();
  const repeat = (iteration: number): Awaitable<void> => {
    for (let done = iteration; done < loop.maximumIterations; done++) {
      run.message.properties.set('CamelLoopIndex', done);
      if (run.ended || !loop.condition(run)) return;
      const pending = once();
      if (isPromise(pending)) return pending.then(() => repeat(done + 1));
    }
  };
  return repeat(0);
}

function runSplitter(flow: CompiledFlow, step: CompiledSplitter, run: FlowRun): Awaitable<CompiledStep | null> {
  const parts = step.split(run);
  if (parts.length === 0) {
    run.message.body = '';
    run.ended = true;
    return null;
  }
  const runs = parts.map((part, index) => {
    part.properties.set('CamelSplitIndex', index);
    part.properties.set('CamelSplitSize', parts.length);
    part.properties.set('CamelSplitComplete', index === parts.length - 1);
    return run.fork(part);
  });
  const failures: FlowProcessingError[] = [];
  const one = (part: FlowRun): Awaitable<Stop> =>
    guarded(() => runPath(flow, step.next, part, true), step.stopOnException, part, run, failures);
  const stops = step.parallel ? runLimited(runs, one, step.concurrency) : runInTurn(runs, one);
  return andThen(stops, (ended) => {
    const gather = ended.find((stop) => stop !== null) ?? null;
    const reached = runs.filter((_, index) => ended[index] !== null).map((part) => part.message);
    if (gather === null) return null;
    return meet(gather, run, reached);
  });
}

/** Without `stopOnException` a part that fails is left out, and the others go on. */
function guarded(
  runPart: () => Awaitable<Stop>,
  stopOnException: boolean,
  part: FlowRun,
  run: FlowRun,
  failures: FlowProcessingError[],
): Awaitable<Stop> {
  const fail = (error: unknown): Stop => {
    run.stepId = part.stepId;
    run.stepName = part.stepName;
    const failure = toProcessingError(error);
    if (stopOnException || isFinal(failure)) throw failure;
    failures.push(failure);
    return null;
  };
  try {
    const stop = runPart();
    return isPromise(stop) ? stop.catch(fail) : stop;
  } catch (error) {
    return fail(error);
  }
}

function runMulticast(flow: CompiledFlow, step: CompiledMulticast, run: FlowRun): Awaitable<CompiledStep | null> {
  const runs = step.branches.map(() => run.fork(run.message.clone()));
  const one = (branch: FlowRun, index: number): Awaitable<Stop> =>
    guarded(() => runPath(flow, step.branches[index] ?? null, branch, true), true, branch, run, []);
  const stops = step.parallel ? runLimited(runs, one, runs.length) : runInTurn(runs, one);
  return andThen(stops, (ended) => {
    const meeting = ended.find((stop) => stop !== null) ?? null;
    const reached = runs.filter((_, index) => ended[index] !== null).map((branch) => branch.message);
    if (meeting === null) {
      const last = runs.at(-1);
      if (last !== undefined) run.message = last.message;
      return null;
    }
    return meet(meeting, run, reached);
  });
}

/** Puts messages together at a gather, or at a join with the gather behind it. A join alone passes the last one on. */
function meet(stop: CompiledGather | CompiledJoin, run: FlowRun, parts: readonly Message[]): CompiledStep | null {
  const gather = stop.kind === 'gather' ? stop : stop.next;
  if (gather !== null && gather.kind === 'gather') {
    run.message = gather.gather(run.message, parts);
    return gather.next;
  }
  run.message = parts.at(-1) ?? run.message;
  return stop.next;
}

function runInTurn(runs: readonly FlowRun[], one: (run: FlowRun, index: number) => Awaitable<Stop>): Awaitable<Stop[]> {
  const stops: Stop[] = [];
  const from = (start: number): Awaitable<Stop[]> => {
    for (let index = start; index < runs.length; index++) {
      const stop = one(runs[index] as FlowRun, index);
      if (isPromise(stop))
        return stop.then((ended) => {
          stops.push(ended);
          return from(index + 1);
        });
      stops.push(stop);
    }
    return stops;
  };
  return from(0);
}

async function runLimited(
  runs: readonly FlowRun[],
  one: (run: FlowRun, index: number) => Awaitable<Stop>,
  concurrency: number,
): Promise<Stop[]> {
  const stops: Stop[] = runs.map(() => null);
  let taken = 0;
  let failed = false;
  const work = async (): Promise<void> => {
    while (taken < runs.length && !failed) {
      const index = taken++;
      try {
        stops[index] = await one(runs[index] as FlowRun, index);
      } catch (error) {
        failed = true;
        throw error;
      }
    }
  };
  const workers = Array.from({ length: Math.min(concurrency, runs.length) }, () => work());
  const settled = await Promise.allSettled(workers);
  for (const worker of settled) if (worker.status === 'rejected') throw worker.reason;
  return stops;
}
