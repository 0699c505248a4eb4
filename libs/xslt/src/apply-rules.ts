import { type Dynamic, type Item, type Sequence, XPathFunction, textOf, xpathError } from '@sluice/xpath/host-language';
import { XmlNode } from '@sluice/xml';
import { type Output, copyNode, inScope } from './result-output.js';
import { type CallParameters, type Mode, type Stylesheet, type TemplateRule } from './stylesheet.js';
import { templateFocus } from './xslt-scope.js';

/** Finds and runs the template rule for each item. */
export function applyTemplates(
  stylesheet: Stylesheet,
  items: Sequence,
  modeName: string,
  parameters: CallParameters,
  dynamic: Dynamic,
  output: Output,
): void {
  const mode = stylesheet.mode(modeName);
  items.forEach((item, index) => {
    dynamic.environment.budget.spend(1);
    applyRule(
      stylesheet,
      mode,
      modeName,
      item,
      null,
      parameters,
      templateFocus(dynamic, item, index + 1, items.length),
      output,
    );
  });
}

/** @param after the rule that called for the next one (`xsl:next-match`, `xsl:apply-imports`), or null */
export function applyRule(
  stylesheet: Stylesheet,
  mode: Mode,
  modeName: string,
  item: Item,
  after: { readonly rule: TemplateRule; readonly importsOnly: boolean } | null,
  parameters: CallParameters,
  focus: Dynamic,
  output: Output,
): void {
  const rule = item instanceof XmlNode ? findRule(mode, item, after, focus) : null;
  if (rule === null) {
    applyBuiltIn(stylesheet, mode, modeName, item, parameters, focus, output);
    return;
  }
  rule.template.run(focus.bind(RULE, [new RuleItem(rule, modeName)]), output, parameters);
}

function findRule(
  mode: Mode,
  node: XmlNode,
  after: { readonly rule: TemplateRule; readonly importsOnly: boolean } | null,
  dynamic: Dynamic,
): TemplateRule | null {
  let passed = after === null;
  for (const rule of mode.candidates(node)) {
    if (!passed) {
      passed = rule === after?.rule;
      continue;
    }
    if (after?.importsOnly === true && rule.precedence >= after.rule.precedence) continue;
    dynamic.environment.budget.spend(1);
    if (rule.pattern.matches(node, dynamic)) return rule;
  }
  return null;
}

/** Where the running rule is kept among the variables, for `xsl:next-match`. */
const RULE = '\u0000rule';

/** The running rule in the shape of an item, as variables hold items only. No expression can reach it. */
class RuleItem extends XPathFunction {
  readonly rule: TemplateRule;
  readonly modeName: string;

  constructor(rule: TemplateRule, modeName: string) {
    super(0, () => []);
    this.rule = rule;
    this.modeName = modeName;
  }
}

/** @returns the rule that runs now and its mode, or null */
export function currentRule(dynamic: Dynamic): { readonly rule: TemplateRule; readonly modeName: string } | null {
  const item = dynamic.lookup(RULE)?.[0];
  return item instanceof RuleItem ? item : null;
}

function applyBuiltIn(
  stylesheet: Stylesheet,
  mode: Mode,
  modeName: string,
  item: Item,
  parameters: CallParameters,
  focus: Dynamic,
  output: Output,
): void {
  if (!(item instanceof XmlNode)) {
    output.item(item);
    return;
  }
  const children = (): void => applyTemplates(stylesheet, item.children, modeName, parameters, focus, output);
  switch (mode.onNoMatch) {
    case 'fail':
      throw xpathError('XTDE0555', `No template matches ${item.kind} ${item.qualifiedName}.`);
    case 'deep-copy':
      copyNode(item, output, true, true);
      return;
    case 'deep-skip':
      if (item.kind === 'document') children();
      return;
    case 'shallow-skip':
      applyTemplates(stylesheet, item.attributes, modeName, parameters, focus, output);
      children();
      return;
    case 'shallow-copy':
      if (item.kind !== 'element') {
        if (item.kind === 'document') children();
        else copyNode(item, output, true, true);
        return;
      }
      output.startElement(item.name, item.prefix, item.namespace, inScope(item));
      applyTemplates(stylesheet, item.attributes, modeName, parameters, focus, output);
      children();
      output.endElement();
      return;
    case 'text-only-copy':
      if (item.kind === 'document' || item.kind === 'element') children();
      else if (item.kind === 'text' || item.kind === 'attribute') output.text(textOf(item));
  }
}
