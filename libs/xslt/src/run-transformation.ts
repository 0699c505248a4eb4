import { FlowProcessingError, toProcessingError } from '@sluice/domain';
import { Dynamic, type Sequence } from '@sluice/xpath/host-language';
import type { XmlNode } from '@sluice/xml';
import { applyTemplates } from './apply-rules.js';
import { TreeOutput, copyNode } from './result-output.js';
import { NO_PARAMETERS, type Stylesheet } from './stylesheet.js';
import { TransformationState } from './transformation-state.js';
import { CURRENT } from './xslt-scope.js';

export interface TransformationOptions {
  /** Milliseconds since 1970 for current-dateTime(). */
  readonly now: number;
  /** @returns the value of a stylesheet parameter; undefined: its default */
  parameter(name: string): Sequence | undefined;
}

/**
 * Transforms a document.
 * @returns the result tree
 * @throws FlowProcessingError `mapping-failed`, `expression-failed`, `limit-exceeded`
 */
export function runTransformation(stylesheet: Stylesheet, document: XmlNode, options: TransformationOptions): XmlNode {
  const source = stylesheet.stripSpace.length === 0 ? document : withoutBlanks(document, stylesheet);
  const state = new TransformationState(stylesheet, options.now, options.parameter);
  const root = new Dynamic(source, 1, 1, null, state).bind(CURRENT, [source]);
  state.root = root;
  const output = new TreeOutput();
  try {
    const initial = stylesheet.named.get('{http://www.w3.org/1999/XSL/Transform}initial-template');
    const hasRules = [...stylesheet.modes.values()].some(({ rules }) => rules.length > 0);
    if (initial !== undefined && !hasRules) initial.run(root, output, NO_PARAMETERS);
    else applyTemplates(stylesheet, [source], '', NO_PARAMETERS, root, output);
  } catch (error) {
    if (error instanceof RangeError)
      throw new FlowProcessingError('limit-exceeded', 'The templates of the stylesheet call each other too deeply.', {
        cause: error,
      });
    throw toProcessingError(error, 'mapping-failed');
  }
  return output.document();
}

/** A copy without the texts of blanks that `xsl:strip-space` names. */
function withoutBlanks(document: XmlNode, stylesheet: Stylesheet): XmlNode {
  const strips = (element: XmlNode): boolean => {
    let strip = false;
    let rank = -1;
    for (const { pattern, strip: wanted } of stylesheet.stripSpace) {
      const fits = pattern === '*' ? 0 : pattern === element.name ? 1 : -1;
      if (fits >= rank && fits >= 0) {
        rank = fits;
        strip = wanted;
      }
    }
    return strip;
  };
  const output = new TreeOutput();
  const copy = (node: XmlNode): void => {
    if (node.kind !== 'element') {
      if (node.kind !== 'text' || node.parent === null || node.value.trim() !== '' || !strips(node.parent))
        copyNode(node, output, true, false);
      return;
    }
    output.startElement(node.name, node.prefix, node.namespace, node.declarations);
    for (const attribute of node.attributes)
      output.attribute(attribute.name, attribute.prefix, attribute.namespace, attribute.value);
    for (const child of node.children) copy(child);
    output.endElement();
  };
  for (const child of document.children) copy(child);
  return output.document();
}
