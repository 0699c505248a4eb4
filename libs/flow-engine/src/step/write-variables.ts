import type { StepWork } from '../compile/compiled-flow.js';
import type { StepCompiler } from '../compile/step-compiler.js';
import { valueToText } from '../expression/convert-value.js';
import type { WriteVariablesStep } from '../model/step-definition.js';
import { type Awaitable, andThen } from '../run/awaitable.js';
import type { FlowRun } from '../run/flow-run.js';
import { compileValue } from './content-modifier.js';

export function compileWriteVariables(step: WriteVariablesStep, compiler: StepCompiler): StepWork {
  const writes = step.variables.map((variable, index) => {
    const field = `variables[${index}]`;
    const name = compiler.simple(variable.name, field);
    const read = compileValue({ ...variable, defaultValue: '' }, field, compiler);
    return (run: FlowRun): Awaitable<void> =>
      andThen(read(run), (value) =>
        run.scope
          .port('variables', 'variables')
          .set(valueToText(name(run)), variable.scope, valueToText(value), step.expirationDays),
      );
  });
  return (run) => writes.reduce<Awaitable<void>>((before, write) => andThen(before, () => write(run)), undefined);
}
