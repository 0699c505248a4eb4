import type { StepCompiler } from '../compile/step-compiler.js';
import { FlowProcessingError, clip } from '@sluice/domain';
import type { Message } from '../message/message.js';
import type { SplitterStep } from '../model/step-definition.js';
import type { FlowRun } from '../run/flow-run.js';
import { lengthOfDeclarationsAbove, serializeEnvelope, serializeXml, type XmlNode } from '@sluice/xml';
import { compileSplitXPath } from './split-xpath.js';

/** Most parts one message is split into. */
const MAXIMUM_PARTS = 100_000;
/** Most characters that what stands above or before the split points may take in all parts together. */
const MAXIMUM_REPEATED = 64 * 1024 * 1024;
const DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>';

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
      return (run) => {
        const groups = grouped(pointsOf(run), groupSize);
        if (splitType === 'general') return inEnvelope(groups);
        requireFewRepeated(groups.flat());
        return groups.map((nodes) => nodes.map((node) => serializeXml(node)).join(''));
      };
    }
  }
}

/** Each part is written with the namespaces that are declared above it. */
function requireFewRepeated(nodes: readonly XmlNode[]): void {
  const lengths = new Map<XmlNode | null, number>();
  let repeated = 0;
  for (const node of nodes) {
    let length = lengths.get(node.parent);
    if (length === undefined) lengths.set(node.parent, (length = lengthOfDeclarationsAbove(node)));
    repeated += length;
    if (repeated > MAXIMUM_REPEATED)
      throw new FlowProcessingError(
        'split-failed',
        `The namespaces declared above the parts take ${length} characters in each, too many to repeat in ${nodes.length} parts.`,
      );
  }
}

function grouped<T>(items: readonly T[], size: number): (readonly T[])[] {
  if (size <= 1) return items.map((item) => [item]);
  const groups: T[][] = [];
  for (let index = 0; index < items.length; index += size) groups.push(items.slice(index, index + size));
  return groups;
}

/**
 * The reference's general splitter streams: it keeps what it has read up to the first split point of the message, and puts it
 * before each part. What stands behind a split point belongs to no part.
 */
function inEnvelope(groups: readonly (readonly XmlNode[])[]): string[] {
  const first = groups[0]?.[0];
  if (first === undefined) return [];
  const { open, close, inside } = serializeEnvelope(first);
  if (open.length * groups.length > MAXIMUM_REPEATED)
    throw new FlowProcessingError(
      'split-failed',
      `What stands before the first split point has ${open.length} characters, too many to repeat in ${groups.length} parts.`,
    );
  return groups.map((nodes) => `${DECLARATION}${open}${nodes.map((node) => inside(node)).join('')}${close}`);
}
