import { type Dynamic, type Item, xpathError } from '@sluice/xpath/host-language';
import { XmlNode } from '@sluice/xml';
import { isYes } from '../compile-element.js';
import { type Output, copyNode, inScope } from '../result-output.js';
import { type Instruction } from '../stylesheet.js';
import { focusOn } from '../xslt-scope.js';
import { type ContentCompiler, attributeSetNames } from './content-compiler.js';

/** `xsl:copy` */
export function compileCopy(node: XmlNode, compiler: ContentCompiler): Instruction {
  const select = compiler.elements.select(node);
  const content = compiler.content(node);
  const sets = attributeSetNames(node.attribute('use-attribute-sets'));
  const namespaces = node.attribute('copy-namespaces') === null || isYes(node.attribute('copy-namespaces'));
  const copyItem = (item: Item, dynamic: Dynamic, output: Output): void => {
    dynamic.environment.budget.spend(1);
    if (!(item instanceof XmlNode)) output.item(item);
    else if (item.kind === 'element') {
      output.startElement(item.name, item.prefix, item.namespace, namespaces ? inScope(item) : null);
      for (const set of sets) for (const run of compiler.stylesheet.attributeSets.get(set) ?? []) run(dynamic, output);
      content(dynamic, output);
      output.endElement();
    } else if (item.kind === 'document') content(dynamic, output);
    else copyNode(item, output, namespaces, true);
  };
  if (select === null)
    return (dynamic, output) => {
      if (dynamic.item === null) throw xpathError('XTTE0945', 'xsl:copy has nothing to copy.');
      copyItem(dynamic.item, dynamic, output);
    };
  return (dynamic, output) => {
    const [item] = select(dynamic);
    if (item !== undefined) copyItem(item, focusOn(dynamic, item, 1, 1), output);
  };
}

/** `xsl:sequence` and `xsl:copy-of` */
export function compileSequence(node: XmlNode, compiler: ContentCompiler): Instruction {
  const select = compiler.elements.select(node);
  if (select === null) return compiler.content(node);
  const namespaces = node.attribute('copy-namespaces') === null || isYes(node.attribute('copy-namespaces'));
  const copies = node.name === 'copy-of';
  return (dynamic, output) => {
    for (const item of select(dynamic)) {
      dynamic.environment.budget.spend(1);
      if (copies && item instanceof XmlNode) copyNode(item, output, namespaces, true);
      else output.item(item);
    }
  };
}
