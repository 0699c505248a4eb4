import { type Dynamic, type Sequence, xpathError } from '@sluice/xpath/host-language';
import { XmlNode } from '@sluice/xml';
import { applyRule, applyTemplates, currentRule } from '../apply-rules.js';
import { type ElementCompiler, isYes } from '../compile-element.js';
import { type CallParameters, type Instruction, NO_PARAMETERS } from '../stylesheet.js';
import { XSLT_NAMESPACE } from '../xslt-functions.js';
import { templateFocus } from '../xslt-scope.js';
import { type ContentCompiler } from './content-compiler.js';
import { compileSorts } from './sort.js';

/** Where tunnel parameters are kept among the variables. */
const TUNNEL = '\u0000tunnel:';

/** `xsl:apply-templates` */
export function compileApplyTemplates(node: XmlNode, compiler: ContentCompiler): Instruction {
  const select = compiler.elements.select(node);
  const sort = compileSorts(node, compiler);
  const parameters = withParams(node, compiler);
  const modeText = node.attribute('mode') ?? '';
  const fixed = modeText === '#current' ? null : modeName(compiler.elements, node, modeText);
  return (dynamic, output) => {
    const mode = fixed ?? currentRule(dynamic)?.modeName ?? '';
    let items: Sequence;
    if (select !== null) items = select(dynamic);
    else {
      if (!(dynamic.item instanceof XmlNode))
        throw xpathError('XTTE0510', 'xsl:apply-templates needs a node to start from.');
      items = dynamic.item.children;
    }
    applyTemplates(compiler.stylesheet, sort(items, dynamic), mode, parameters(dynamic), dynamic, output);
  };
}

/** `xsl:call-template` */
export function compileCallTemplate(node: XmlNode, compiler: ContentCompiler): Instruction {
  const name = compiler.elements.expandedName(node, compiler.elements.required(node, 'name'));
  const parameters = withParams(node, compiler);
  return (dynamic, output) => {
    dynamic.environment.budget.spend(1);
    const template = compiler.stylesheet.named.get(name);
    if (template === undefined) throw xpathError('XTSE0650', `There is no template "${name}".`);
    const { item, position, size } = dynamic;
    template.run(item === null ? dynamic : templateFocus(dynamic, item, position, size), output, parameters(dynamic));
  };
}

/** `xsl:next-match` and `xsl:apply-imports` */
export function compileNextMatch(node: XmlNode, compiler: ContentCompiler): Instruction {
  const importsOnly = node.name === 'apply-imports';
  const parameters = withParams(node, compiler);
  return (dynamic, output) => {
    const current = currentRule(dynamic);
    if (current === null || dynamic.item === null)
      throw xpathError('XTDE0560', `xsl:${node.name} stands outside a template rule.`);
    const mode = compiler.stylesheet.mode(current.modeName);
    applyRule(
      compiler.stylesheet,
      mode,
      current.modeName,
      dynamic.item,
      { rule: current.rule, importsOnly },
      parameters(dynamic),
      templateFocus(dynamic, dynamic.item, dynamic.position, dynamic.size),
      output,
    );
  };
}

/** Values of `xsl:with-param`, on top of the tunnel parameters that pass through. */
function withParams(node: XmlNode, compiler: ContentCompiler): (dynamic: Dynamic) => CallParameters {
  const params = node.children
    .filter((child) => child.kind === 'element' && child.namespace === XSLT_NAMESPACE && child.name === 'with-param')
    .map((child) => ({
      key: compiler.variableName(child),
      value: compiler.value(child),
      tunnel: isYes(child.attribute('tunnel')),
    }));
  return (dynamic) => {
    const passing = tunnelParameters(dynamic);
    if (params.length === 0 && passing.size === 0) return NO_PARAMETERS;
    const plain = new Map<string, Sequence>();
    const tunnel = new Map(passing);
    for (const { key, value, tunnel: through } of params) (through ? tunnel : plain).set(key, value(dynamic));
    return { plain, tunnel };
  };
}

/** @returns the tunnel parameters that reach this point */
export function tunnelParameters(dynamic: Dynamic): Map<string, Sequence> {
  const found = new Map<string, Sequence>();
  for (let scope = dynamic.scope; scope !== null; scope = scope.outer)
    if (scope.key.startsWith(TUNNEL) && !found.has(scope.key.slice(TUNNEL.length)))
      found.set(scope.key.slice(TUNNEL.length), scope.value);
  return found;
}

/** Makes tunnel parameters visible to the calls below. */
export function bindTunnel(dynamic: Dynamic, parameters: CallParameters): Dynamic {
  let bound = dynamic;
  for (const [key, value] of parameters.tunnel) bound = bound.bind(TUNNEL + key, value);
  return bound;
}

/** @returns the expanded name of a mode; `#default` and nothing are the unnamed one */
export function modeName(elements: ElementCompiler, node: XmlNode, text: string): string {
  return text === '' || text === '#default' || text === '#unnamed' ? '' : elements.expandedName(node, text);
}
