import type { FlowElement, FlowProblem } from '../error/flow-errors.js';
import type { FlowDefinition, FlowProcess } from '../model/flow-definition.js';
import type { StepDefinition } from '../model/step-definition.js';

/** Checks that every reference leads somewhere, ids are unique, and no path leads back to itself. */
export function checkGraph(definition: FlowDefinition, problems: FlowProblem[]): void {
  const ids = new Set<string>();
  const processes = new Set(definition.processes.map((process) => process.id));
  const receivers = new Set(definition.receivers.map((receiver) => receiver.id));
  for (const process of definition.processes) {
    const steps = new Map<string, StepDefinition>();
    for (const step of process.steps) {
      if (ids.has(step.id)) report(problems, process, step, 'duplicate-id', `The id "${step.id}" is used twice.`);
      ids.add(step.id);
      steps.set(step.id, step);
    }
    for (const step of process.steps) {
      for (const target of targetsOf(step))
        if (!steps.has(target))
          report(
            problems,
            process,
            step,
            'unresolved-reference',
            `The step leads to "${target}", which is not in its process.`,
          );
      if (step.type === 'processCall' && !processes.has(step.process))
        report(problems, process, step, 'unresolved-reference', `The process "${step.process}" does not exist.`);
      if ((step.type === 'requestReply' || step.type === 'send') && !receivers.has(step.receiver))
        report(problems, process, step, 'unresolved-reference', `The receiver "${step.receiver}" does not exist.`);
    }
    for (const start of [process.start, process.exceptionSubprocess?.start])
      if (start !== undefined && !steps.has(start))
        problems.push({
          path: process.id,
          code: 'unresolved-reference',
          message: `The process starts at "${start}", which does not exist.`,
        });
    const cycle = findCycle(process, steps);
    if (cycle !== null)
      report(
        problems,
        process,
        cycle,
        'invalid-graph',
        'The path leads back to this step.',
        'a looping process call, which has a greatest number of iterations',
      );
  }
  for (const sender of definition.senders)
    if (!processes.has(sender.process))
      problems.push({
        path: sender.id,
        code: 'unresolved-reference',
        message: `The sender starts the process "${sender.process}", which does not exist.`,
        element: { type: `sender:${sender.adapter}`, id: sender.id, name: sender.name },
      });
}

/** @returns ids of the steps that may run right after this one */
export function targetsOf(step: StepDefinition): readonly string[] {
  if (step.type === 'router') return step.routes.map((route) => route.next);
  const next = step.next === undefined ? [] : [step.next];
  return step.type === 'multicast' ? [...step.branches.map((branch) => branch.next), ...next] : next;
}

function findCycle(process: FlowProcess, steps: ReadonlyMap<string, StepDefinition>): StepDefinition | null {
  const state = new Map<string, 'open' | 'done'>();
  for (const root of process.steps) {
    if (state.has(root.id)) continue;
    const path: { step: StepDefinition; targets: readonly string[]; at: number }[] = [];
    const enter = (step: StepDefinition): void => {
      state.set(step.id, 'open');
      path.push({ step, targets: targetsOf(step), at: 0 });
    };
    enter(root);
    for (let top = path.at(-1); top !== undefined; top = path.at(-1)) {
      const target = top.targets[top.at++];
      if (target === undefined) {
        state.set(top.step.id, 'done');
        path.pop();
        continue;
      }
      const step = steps.get(target);
      if (step === undefined) continue;
      if (state.get(target) === 'open') return step;
      if (!state.has(target)) enter(step);
    }
  }
  return null;
}

function report(
  problems: FlowProblem[],
  process: FlowProcess,
  step: StepDefinition,
  code: FlowProblem['code'],
  message: string,
  nearest?: string,
): void {
  const element: FlowElement = { type: step.type, id: step.id, name: step.name };
  problems.push({
    path: `${process.id}/${step.id}`,
    code,
    message,
    element,
    ...(nearest === undefined ? {} : { nearest }),
  });
}
