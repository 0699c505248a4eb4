import { FlowDefinitionError, type FlowProblem } from '../error/flow-errors.js';
import type { FlowDefinition, FlowProcess } from '../model/flow-definition.js';
import type { StepDefinition } from '../model/step-definition.js';
import { checkGraph } from './check-graph.js';
import { compileStep } from './compile-step.js';
import type { CompiledFlow, CompiledProcess, CompiledStep } from './compiled-flow.js';
import { StepCompiler } from './step-compiler.js';

/**
 * Parses every expression, stylesheet and schema of a flow once and links its steps.
 * @throws FlowDefinitionError with every problem
 */
export function compileFlow(definition: FlowDefinition): CompiledFlow {
  const problems: FlowProblem[] = [];
  const flow = compileCollecting(definition, problems);
  if (problems.length > 0) throw new FlowDefinitionError(problems);
  return flow;
}

/** Compiles as {@link compileFlow} does, but collects problems; the flow is of use only if there are none. */
export function compileCollecting(definition: FlowDefinition, problems: FlowProblem[]): CompiledFlow {
  checkGraph(definition, problems);
  const processes = new Map<string, CompiledProcess>();
  for (const process of definition.processes) processes.set(process.id, compileProcess(definition, process, problems));
  return { definition, processes };
}

function compileProcess(definition: FlowDefinition, process: FlowProcess, problems: FlowProblem[]): CompiledProcess {
  const compiled = new Map<string, CompiledStep>();
  for (const step of process.steps)
    compiled.set(step.id, compileStep(step, new StepCompiler(definition, step, problems, `${process.id}/${step.id}`)));
  const find = (id: string | undefined): CompiledStep | null => (id === undefined ? null : (compiled.get(id) ?? null));
  for (const step of process.steps) link(step, compiled.get(step.id) as CompiledStep, find);
  return {
    id: process.id,
    start: find(process.start),
    exception: process.exceptionSubprocess === undefined ? null : { start: find(process.exceptionSubprocess.start) },
  };
}

function link(
  step: StepDefinition,
  compiled: CompiledStep,
  find: (id: string | undefined) => CompiledStep | null,
): void {
  compiled.next = find(step.next);
  if (step.type === 'router' && compiled.kind === 'router')
    step.routes.forEach((route, index) => {
      const target = compiled.routes[index];
      if (target !== undefined) target.next = find(route.next);
    });
  if (step.type === 'multicast' && compiled.kind === 'multicast')
    step.branches.forEach((branch, index) => {
      compiled.branches[index] = find(branch.next);
    });
}
