import type { StepWork } from '../compile/compiled-flow.js';
import type { StepCompiler } from '../compile/step-compiler.js';
import { FlowProcessingError, clip } from '@sluice/domain';

import type { FilterStep } from '../model/step-definition.js';
import { serializeXml } from '@sluice/xml';

/** Replaces the body by what the XPath selects: nodes as XML one after the other, or a value as text. */
export function compileFilter(step: FilterStep, compiler: StepCompiler): StepWork {
  const xpath = compiler.xpath(step.xpath, 'xpath');
  switch (step.resultType) {
    case 'Nodelist':
      return (run) => {
        run.message.body = xpath
          .toNodes(run)
          .map((node) => serializeXml(node))
          .join('');
      };
    case 'Node':
      return (run) => {
        const [node] = xpath.toNodes(run);
        run.message.body = node === undefined ? '' : serializeXml(node);
      };
    case 'Boolean':
      return (run) => {
        run.message.body = String(xpath.toBoolean(run));
      };
    case 'String':
      return (run) => {
        run.message.body = xpath.toText(run);
      };
    case 'Integer':
    case 'Number':
      return (run) => {
        const text = xpath.toText(run).trim();
        const number = Number(text);
        if (text === '' || Number.isNaN(number))
          throw new FlowProcessingError(
            'expression-failed',
            `The filter selects "${clip(text)}", which is not a number.`,
          );
        run.message.body = step.resultType === 'Integer' ? String(Math.trunc(number)) : text;
      };
  }
}
