import type { StepWork } from '../compile/compiled-flow.js';
import type { StepCompiler } from '../compile/step-compiler.js';
import { FlowProcessingError } from '@sluice/domain';
import type { XmlValidationStep } from '../model/step-definition.js';
import { compileXmlSchema } from '@sluice/xml';

const RESULT_HEADER = 'SAP_XmlValidationResult';

/** Checks the body against an XML schema. */
export function compileXmlValidation(step: XmlValidationStep, compiler: StepCompiler): StepWork {
  const source = compiler.resource(step.schema, 'XML schema');
  const schema =
    source === null
      ? null
      : compiler.attempt(() => compileXmlSchema(step.schema, source, compiler.definition.resources), 'schema');
  if (schema === null) return () => undefined;
  return (run) => {
    const problems = schema(run.message.text());
    if (problems.length === 0) return;
    const text = problems
      .slice(0, 20)
      .map(({ line, message }) => `line ${line}: ${message}`)
      .join('; ');
    if (!step.preventException)
      throw new FlowProcessingError(
        'validation-failed',
        `The body does not fit the XML schema "${step.schema}": ${text}`,
      );
    run.message.headers.set(RESULT_HEADER, text);
  };
}
