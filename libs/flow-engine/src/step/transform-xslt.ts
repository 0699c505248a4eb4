import type { StepWork } from '../compile/compiled-flow.js';
import type { StepCompiler } from '../compile/step-compiler.js';
import type { XsltStep } from '../model/step-definition.js';

export function compileXslt(step: XsltStep, compiler: StepCompiler): StepWork {
  compiler.problem('unsupported-step', `The stylesheet "${step.stylesheet}" cannot be run yet.`);
  return () => undefined;
}
