import { oneAtomic, textOf, xpathError, xpathRegex } from '@sluice/xpath/host-language';
import { type XmlNode } from '@sluice/xml';
import { type Instruction } from '../stylesheet.js';
import { XSLT_NAMESPACE } from '../xslt-functions.js';
import { REGEX_GROUPS, focusOn } from '../xslt-scope.js';
import { type ContentCompiler, missing } from './content-compiler.js';

/** `xsl:analyze-string` */
export function compileAnalyzeString(node: XmlNode, compiler: ContentCompiler): Instruction {
  const select = compiler.elements.select(node) ?? missing(node, 'select', compiler);
  const regex = compiler.elements.template(node, compiler.elements.required(node, 'regex'));
  const flags = compiler.elements.attributeTemplate(node, 'flags');
  const branch = (name: string): Instruction => {
    const child = node.children.find((candidate) => candidate.name === name && candidate.namespace === XSLT_NAMESPACE);
    return child === undefined ? () => undefined : compiler.content(child);
  };
  const [matching, rest] = [branch('matching-substring'), branch('non-matching-substring')];
  return (dynamic, output) => {
    const value = oneAtomic(select(dynamic), 'The text of xsl:analyze-string');
    const text = value === null ? '' : textOf(value);
    const matcher = xpathRegex(regex(dynamic), flags === null ? '' : flags(dynamic)).matcher(text);
    let at = 0;
    let position = 0;
    const plain = (part: string): void => {
      if (part !== '') rest(focusOn(dynamic, part, ++position, 1), output);
    };
    while (matcher.find()) {
      if (matcher.end() === matcher.start())
        throw xpathError('XTDE1150', 'The pattern of xsl:analyze-string matches the empty text.');
      plain(text.slice(at, matcher.start()));
      const groups = Array.from({ length: matcher.groupCount() + 1 }, (_, index) => matcher.group(index) ?? '');
      matching(focusOn(dynamic, groups[0] ?? '', ++position, 1).bind(REGEX_GROUPS, groups), output);
      at = matcher.end();
    }
    plain(text.slice(at));
  };
}
