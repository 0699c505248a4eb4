import type { StepCompiler } from '../compile/step-compiler.js';
import { FlowProcessingError } from '@sluice/domain';
import type { Message } from '../message/message.js';
import type { GatherStep } from '../model/step-definition.js';
import { serializeXml } from '@sluice/xml';
import { valueToText } from '../expression/convert-value.js';

const MULTIMAP = 'http://sap.com/xi/XI/SplitAndMerge';
const DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>';
const ELEMENT_PATH = /^(\/[\p{L}_][\p{L}\p{N}._-]*)+$/u;

/** Compiles how the messages of parts or branches become one. Headers and properties are those of the last. */
export function compileGather(
  step: GatherStep,
  compiler: StepCompiler,
): (original: Message, parts: readonly Message[]) => Message {
  const combine = compileCombination(step, compiler);
  return (original, parts) => {
    const result = (parts.at(-1) ?? original).clone();
    for (const name of ['CamelSplitIndex', 'CamelSplitSize', 'CamelSplitComplete']) result.properties.delete(name);
    result.body = combine(parts);
    return result;
  };
}

function compileCombination(step: GatherStep, compiler: StepCompiler): (parts: readonly Message[]) => string {
  const { strategy } = step;
  switch (strategy.type) {
    case 'concatenate':
      return (parts) => parts.map((part) => part.text()).join('');
    case 'combine':
      if (step.messageFormat === 'plainText') return (parts) => parts.map((part) => part.text()).join('');
      return (parts) => {
        const bodies = parts.map((part) => bodyElement(part));
        const inner =
          step.messageFormat === 'sameXml'
            ? `<multimap:Message1>${bodies.join('')}</multimap:Message1>`
            : bodies
                .map((body, index) => `<multimap:Message${index + 1}>${body}</multimap:Message${index + 1}>`)
                .join('');
        return `${DECLARATION}<multimap:Messages xmlns:multimap="${MULTIMAP}">${inner}</multimap:Messages>`;
      };
    case 'combineAtXPath': {
      const source = compiler.xpath(strategy.source, 'strategy.source');
      if (!ELEMENT_PATH.test(strategy.target))
        compiler.problem(
          'invalid-value',
          `The target "${strategy.target}" is not a path of element names such as /orders/order.`,
          {
            field: 'strategy.target',
          },
        );
      const names = strategy.target.split('/').slice(1);
      return (parts) => {
        const nodes = parts.flatMap((part) =>
          source.toNodes({
            message: part,
            exception: null,
            exchangeId: '',
            flowName: '',
            now: () => 0,
            toText: valueToText,
          }),
        );
        const inner = nodes.map((node) => serializeXml(node)).join('');
        return `${DECLARATION}${names.map((name) => `<${name}>`).join('')}${inner}${names
          .map((name) => `</${name}>`)
          .reverse()
          .join('')}`;
      };
    }
  }
}

const PROLOGUE = /^\ufeff?\s*<\?xml\s[^>]*\?>\s*/;

/** The XML of a part without its declaration; several nodes are taken as they are. */
function bodyElement(part: Message): string {
  const text = part.text();
  if (!text.includes('<!DOCTYPE')) return text.replace(PROLOGUE, '');
  const element = part.document().firstElement;
  if (element === null) throw new FlowProcessingError('gather-failed', 'A part is not an XML document.');
  return serializeXml(element);
}
