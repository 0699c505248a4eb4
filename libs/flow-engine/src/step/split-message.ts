import type { StepCompiler } from '../compile/step-compiler.js';
import { FlowProcessingError, clip } from '@sluice/domain';
import type { Message } from '../message/message.js';
import type { SplitterStep } from '../model/step-definition.js';
import type { FlowRun } from '../run/flow-run.js';
import { escapeAttribute, serializeXml, type XmlNode } from '@sluice/xml';
import { compileSplitXPath } from './split-xpath.js';

/** Most parts one message is split into. */
const MAXIMUM_PARTS = 100_000;

/** Compiles how a message is split. An empty list of parts ends the message, and its log says why. */
export function compileSplitter(step: SplitterStep, compiler: StepCompiler): (run: FlowRun) => readonly Message[] {
  const bodies = compileBodies(step, compiler);
  return (run) => {
    const parts = bodies(run);
    if (parts.length === 0 && run.scope.level !== 'NONE')
      run.scope.log.push({ stepId: step.id, time: run.now(), level: 'INFO', text: nothingFound(step, run.message) });
    if (parts.length > MAXIMUM_PARTS)
      throw new FlowProcessingError(
        'split-failed',
        `The message has ${parts.length} parts, more than ${MAXIMUM_PARTS}.`,
      );
    return parts.map((body) => {
      const part = run.message.clone();
      part.body = body;
      return part;
    });
  };
}

function nothingFound(step: SplitterStep, message: Message): string {
  const text = `"${step.name}" found nothing to split. The message ends here, without a body.`;
  if (step.expression.type !== 'xpath' || step.ignoreDefaultNamespaces === true) return text;
  const namespace = defaultNamespace(message.document());
  if (namespace === null) return text;
  return `${text} The body has the default namespace "${clip(namespace)}": names in the XPath need a prefix for it.`;
}

function defaultNamespace(node: XmlNode): string | null {
  if (node.kind === 'element' && node.prefix === '' && node.namespace !== '') return node.namespace;
  for (const child of node.children) {
    const found = defaultNamespace(child);
    if (found !== null) return found;
  }
  return null;
}

function compileBodies(step: SplitterStep, compiler: StepCompiler): (run: FlowRun) => string[] {
  const { expression, groupSize, splitType } = step;
  switch (expression.type) {
    case 'lineBreak':
      return (run) =>
        grouped(
          run.message
            .text()
            .split(/\r\n|\n|\r/)
            .filter((line) => line.trim() !== ''),
          groupSize,
        ).map((lines) => lines.join('\n'));
    case 'token':
      return (run) =>
        grouped(
          run.message
            .text()
            .split(expression.value)
            .filter((part) => part.trim() !== ''),
          groupSize,
        ).map((parts) => parts.join(expression.value));
    case 'xpath': {
      const pointsOf = compileSplitXPath(expression.value, step, compiler);
      return (run) =>
        grouped(pointsOf(run), groupSize).map((nodes) =>
          splitType === 'general' ? withEnvelope(nodes) : nodes.map((node) => serializeXml(node)).join(''),
        );
    }
  }
}

function grouped<T>(items: readonly T[], size: number): (readonly T[])[] {
  if (size <= 1) return items.map((item) => [item]);
  const groups: T[][] = [];
  for (let index = 0; index < items.length; index += size) groups.push(items.slice(index, index + size));
  return groups;
}

/** The nodes inside copies of the elements around them, with those elements' attributes but without their other content. */
function withEnvelope(nodes: readonly XmlNode[]): string {
  const [first] = nodes;
  if (first === undefined) return '';
  const around: XmlNode[] = [];
  for (let node = first.parent; node !== null && node.kind === 'element'; node = node.parent) around.unshift(node);
  let open = '<?xml version="1.0" encoding="UTF-8"?>';
  let close = '';
  for (const element of around) {
    let tag = `<${element.qualifiedName}`;
    for (const prefix in element.declarations)
      tag += ` ${prefix === '' ? 'xmlns' : `xmlns:${prefix}`}="${escapeAttribute(element.declarations[prefix] as string)}"`;
    for (const attribute of element.attributes)
      tag += ` ${attribute.qualifiedName}="${escapeAttribute(attribute.value)}"`;
    open += `${tag}>`;
    close = `</${element.qualifiedName}>${close}`;
  }
  // Declarations of the elements around stand in the envelope already, so the nodes are written without them.
  return (
    open + nodes.map((node) => (around.length === 0 ? serializeXml(node) : serializeInside(node))).join('') + close
  );
}

function serializeInside(node: XmlNode): string {
  return serializeXml(node, { inherit: false });
}
