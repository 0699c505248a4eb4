import { Ajv, type ValidateFunction } from 'ajv';
import { Ajv2020 } from 'ajv/dist/2020.js';
import type { StepWork } from '../compile/compiled-flow.js';
import type { StepCompiler } from '../compile/step-compiler.js';
import { FlowProcessingError, ExpressionSyntaxError } from '@sluice/domain';

import { regexOf } from '@sluice/simple-language';
import type { JsonValidationStep } from '../model/step-definition.js';

/** Checks a JSON body against a JSON schema (draft 7 or 2020-12, by its `$schema`). */
export function compileJsonValidation(step: JsonValidationStep, compiler: StepCompiler): StepWork {
  const source = compiler.resource(step.schema, 'JSON schema');
  const validate = source === null ? null : compiler.attempt(() => compileSchema(source, step.schema), 'schema');
  if (validate === null) return () => undefined;
  return (run) => {
    if (validate(run.message.json())) return;
    const problems = (validate.errors ?? [])
      .slice(0, 20)
      .map((error) => `${error.instancePath || '/'} ${error.message ?? ''}`);
    const text = `The body does not fit the JSON schema "${step.schema}": ${problems.join('; ')}`;
    if (!step.preventException) throw new FlowProcessingError('validation-failed', text);
    run.message.headers.set('SAP_JsonValidationResult', text);
  };
}

function compileSchema(source: string, name: string): ValidateFunction {
  let schema: { $schema?: string };
  try {
    schema = JSON.parse(source) as { $schema?: string };
  } catch (error) {
    throw new ExpressionSyntaxError(`"${name}" is not JSON: ${(error as Error).message}`);
  }
  const options = { allErrors: false, strict: false, validateFormats: false, code: { regExp: linearRegex } };
  try {
    const modern = String(schema.$schema ?? '').includes('2020-12');
    return modern
      ? new Ajv2020(options).compile(schema)
      : new Ajv({ ...options, validateSchema: false }).compile(schema);
  } catch (error) {
    throw new ExpressionSyntaxError(`"${name}" is not a JSON schema: ${(error as Error).message}`);
  }
}

/** Patterns of a schema run in linear time. */
const linearRegex = Object.assign(
  (pattern: string) => {
    const regex = regexOf(pattern);
    return { test: (text: string) => regex.matcher(text).find() };
  },
  { code: 'regexOf' },
);
