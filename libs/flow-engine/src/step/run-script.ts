import type { StepWork } from '../compile/compiled-flow.js';
import type { StepCompiler } from '../compile/step-compiler.js';
import type { ScriptStep } from '../model/step-definition.js';

const MAXIMUM_ATTACHMENTS = 100;
const MAXIMUM_TEXT = 1024 * 1024;

/** Hands the message to the script port. */
export function compileScript(step: ScriptStep, compiler: StepCompiler): StepWork {
  const script = Object.hasOwn(compiler.definition.scripts, step.script)
    ? compiler.definition.scripts[step.script]
    : undefined;
  if (script === undefined) {
    compiler.problem('missing-resource', `The script "${step.script}" is not part of the flow.`, { field: 'script' });
    return () => undefined;
  }
  return (run) => {
    const { scope, message } = run;
    return scope.port('script', 'scripts').run({
      name: step.script,
      source: script.source,
      function: step.function,
      message,
      log: {
        addAttachment: (name, content, mediaType) => {
          if (scope.level !== 'NONE' && scope.attachments.length < MAXIMUM_ATTACHMENTS)
            scope.attachments.push({ name, mediaType, content: content.slice(0, MAXIMUM_TEXT) });
        },
        addCustomHeader: (name, value) => {
          if (scope.customHeaders.length < MAXIMUM_ATTACHMENTS)
            scope.customHeaders.push({ name, value: value.slice(0, 1000) });
        },
        setProperty: (name, value) => {
          if (scope.level !== 'NONE' && scope.log.length < 1000)
            scope.log.push({
              stepId: step.id,
              time: run.now(),
              level: 'INFO',
              text: `${name}: ${value}`.slice(0, 8192),
            });
        },
      },
    });
  };
}
