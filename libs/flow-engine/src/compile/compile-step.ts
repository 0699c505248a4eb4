import type { StepDefinition } from '../model/step-definition.js';
import { compileContentModifier } from '../step/content-modifier.js';
import { compileLogEntry } from '../step/log-entry.js';
import type { CompiledStep, StepWork } from './compiled-flow.js';
import type { StepCompiler } from './step-compiler.js';

/** Compiles one step; the links to other steps are set afterwards. */
export function compileStep(step: StepDefinition, compiler: StepCompiler): CompiledStep {
  const base = { id: step.id, name: step.name, type: step.type, next: null };
  switch (step.type) {
    case 'router':
      return {
        ...base,
        kind: 'router',
        throwOnNoRoute: step.throwOnNoRoute,
        routes: step.routes.map((route, index) => ({
          condition: route.condition === undefined ? null : compiler.condition(route.condition, `routes[${index}]`),
          next: null,
        })),
      };
    case 'multicast':
      return { ...base, kind: 'multicast', parallel: step.mode === 'parallel', branches: step.branches.map(() => null) };
    case 'join':
      return { ...base, kind: 'join' };
    case 'processCall':
      return {
        ...base,
        kind: 'call',
        processId: step.process,
        loop:
          step.loop === undefined
            ? null
            : {
                condition: compiler.condition(step.loop.condition, 'loop.condition'),
                maximumIterations: step.loop.maximumIterations,
              },
      };
    case 'end':
      return { ...base, kind: 'end', end: step.kind, errorCode: step.errorCode };
    case 'contentModifier':
      return work(base, compileContentModifier(step, compiler));
    case 'log':
      return work(base, compileLogEntry(step, compiler));
    default:
      compiler.problem('unsupported-step', `The step ${step.type} is not supported yet.`);
      return work(base, () => undefined);
  }
}

function work(base: { id: string; name: string; type: string; next: null }, run: StepWork): CompiledStep {
  return { ...base, kind: 'work', work: run };
}
