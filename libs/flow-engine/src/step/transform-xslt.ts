import type { StepWork } from '../compile/compiled-flow.js';
import type { StepCompiler } from '../compile/step-compiler.js';
import { valueToText } from '../expression/convert-value.js';
import type { Sequence } from '@sluice/xpath';
import type { XsltStep } from '../model/step-definition.js';
import { compileStylesheet, runTransformation, serializeResult, type Stylesheet, StylesheetError } from '@sluice/xslt';

/** Transforms the body. Parameters of the stylesheet get the header of their name, else the property. */
export function compileXslt(step: XsltStep, compiler: StepCompiler): StepWork {
  const source = compiler.resource(step.stylesheet, 'stylesheet');
  const stylesheet = source === null ? null : compile(step.stylesheet, source, compiler);
  if (stylesheet === null) return () => undefined;
  return (run) => {
    const { message } = run;
    const result = runTransformation(stylesheet, message.document(), {
      now: run.now(),
      parameter: (name): Sequence | undefined => {
        const value = message.headers.has(name) ? message.headers.get(name) : message.properties.get(name);
        return value === undefined || value === null ? undefined : [valueToText(value)];
      },
    });
    message.body = serializeResult(result, stylesheet.output);
    if (stylesheet.output.method === 'text') return;
    if (message.headers.has('Content-Type') && /json|csv|plain/i.test(valueToText(message.headers.get('Content-Type'))))
      message.headers.set('Content-Type', 'application/xml');
  };
}

function compile(name: string, source: string, compiler: StepCompiler): Stylesheet | null {
  try {
    return compileStylesheet(name, source, compiler.definition.resources);
  } catch (error) {
    if (!(error instanceof StylesheetError)) throw error;
    for (const problem of error.problems)
      compiler.problem(
        problem.unsupported ? 'unsupported-setting' : 'invalid-expression',
        `${name} line ${problem.line}: ${problem.message}`,
        {
          field: 'stylesheet',
          nearest: problem.nearest,
        },
      );
    return null;
  }
}
