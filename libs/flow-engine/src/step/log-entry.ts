import type { StepWork } from '../compile/compiled-flow.js';
import type { StepCompiler } from '../compile/step-compiler.js';
import { valueToText } from '../expression/convert-value.js';
import type { LogStep } from '../model/step-definition.js';

const RANK = { NONE: 0, INFO: 1, DEBUG: 2, TRACE: 3 } as const;
const MAXIMUM_TEXT = 8 * 1024;

/** Writes a text to the message processing log when its level is asked for, and attaches the body if the step says so. */
export function compileLogEntry(step: LogStep, compiler: StepCompiler): StepWork {
  const text = compiler.simple(step.text, 'text');
  return (run) => {
    if (RANK[run.scope.level] < RANK[step.level]) return;
    const entry = valueToText(text(run)).slice(0, MAXIMUM_TEXT);
    run.scope.spendLog(entry.length);
    run.scope.log.push({ stepId: step.id, time: run.now(), level: step.level, text: entry });
    if (!step.attachBody) return;
    const content = run.message.shown();
    run.scope.spendLog(content.length);
    run.scope.attachments.push({ name: step.name, mediaType: run.message.contentType ?? 'text/plain', content });
  };
}
