import type { StepWork } from '../compile/compiled-flow.js';
import type { StepCompiler } from '../compile/step-compiler.js';
import { valueToText } from '../expression/convert-value.js';
import type { PersistStep } from '../model/step-definition.js';

/** Keeps a copy of the message as it is now; the message goes on unchanged. */
export function compilePersist(step: PersistStep, compiler: StepCompiler): StepWork {
  const storeId = compiler.simple(step.storeId, 'storeId');
  return (run) =>
    run.scope
      .port('persist', 'message store')
      .persist(valueToText(storeId(run)), run.message.clone(), step.encrypt, run.exchangeId);
}
