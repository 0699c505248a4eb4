import { type Evaluator, booleanValue } from '@sluice/xpath/host-language';
import { type XmlNode } from '@sluice/xml';
import { type Instruction } from '../stylesheet.js';
import { XSLT_NAMESPACE } from '../xslt-functions.js';
import { focusOn } from '../xslt-scope.js';
import { type ContentCompiler, SORTS_AND_PARAMS, missing } from './content-compiler.js';
import { compileSorts } from './sort.js';

/** `xsl:if` */
export function compileIf(node: XmlNode, compiler: ContentCompiler): Instruction {
  const test = compiler.elements.select(node, 'test') ?? missing(node, 'test', compiler);
  const content = compiler.content(node);
  return (dynamic, output) => {
    if (booleanValue(test(dynamic))) content(dynamic, output);
  };
}

/** `xsl:choose` */
export function compileChoose(node: XmlNode, compiler: ContentCompiler): Instruction {
  const branches: { readonly test: Evaluator | null; readonly content: Instruction }[] = [];
  for (const child of node.children) {
    if (child.kind !== 'element') continue;
    if (child.namespace !== XSLT_NAMESPACE || (child.name !== 'when' && child.name !== 'otherwise'))
      compiler.elements.problem(child, 'xsl:choose holds xsl:when and xsl:otherwise only.');
    else
      branches.push({
        test:
          child.name === 'otherwise'
            ? null
            : (compiler.elements.select(child, 'test') ?? missing(child, 'test', compiler)),
        content: compiler.content(child),
      });
  }
  return (dynamic, output) => {
    for (const { test, content } of branches)
      if (test === null || booleanValue(test(dynamic))) {
        content(dynamic, output);
        return;
      }
  };
}

/** `xsl:for-each` */
export function compileForEach(node: XmlNode, compiler: ContentCompiler): Instruction {
  const select = compiler.elements.select(node) ?? missing(node, 'select', compiler);
  const sort = compileSorts(node, compiler);
  const content = compiler.content(node, SORTS_AND_PARAMS);
  return (dynamic, output) => {
    const items = sort(select(dynamic), dynamic);
    items.forEach((item, index) => {
      dynamic.environment.budget.spend(1);
      content(focusOn(dynamic, item, index + 1, items.length), output);
    });
  };
}
