import type { StepCompiler } from '../compile/step-compiler.js';
import type { SplitterStep } from '../model/step-definition.js';
import type { FlowRun } from '../run/flow-run.js';
import type { XmlNode } from '@sluice/xml';
import { withoutDefaultNamespaces } from './without-default-namespaces.js';

/** `xmlns:p="uri"` behind an expression, which is how splitters name prefixes that the flow does not. */
const DECLARATION = /^xmlns(?::([\p{L}_][\p{L}\p{N}._-]*))?\s*=\s*(?:"([^"]*)"|'([^']*)')\s*$/u;

/** @returns what gives the split points of a message, in document order */
export function compileSplitXPath(
  source: string,
  step: SplitterStep,
  compiler: StepCompiler,
): (run: FlowRun) => readonly XmlNode[] {
  const { expression, namespaces } = separate(source, compiler);
  const xpath = compiler.xpath(expression, 'expression', namespaces);
  if (step.ignoreDefaultNamespaces !== true) return (run) => xpath.toNodes(run);
  return (run) => {
    const view = withoutDefaultNamespaces(run.message.document());
    return xpath.toNodes(run, view.document).map((node) => view.original(node));
  };
}

/** Takes the declarations off the end of an expression. */
function separate(
  source: string,
  compiler: StepCompiler,
): { readonly expression: string; readonly namespaces: Readonly<Record<string, string>> } {
  const namespaces: Record<string, string> = {};
  let expression = source;
  for (let at = lastDeclaration(expression); at > 0; at = lastDeclaration(expression)) {
    const match = DECLARATION.exec(expression.slice(at));
    if (match === null) break;
    const [, prefix] = match;
    const uri = match[2] ?? match[3] ?? '';
    expression = expression.slice(0, at).trimEnd();
    if (prefix === undefined)
      compiler.problem('invalid-expression', `A default namespace (xmlns="${uri}") says nothing in an XPath.`, {
        field: 'expression',
        nearest: `xmlns:p="${uri}", and the prefix p before each name`,
      });
    else namespaces[prefix] = uri;
  }
  return { expression, namespaces };
}

/** @returns where the last `xmlns` behind white space begins, or -1 */
function lastDeclaration(expression: string): number {
  let at = expression.lastIndexOf('xmlns');
  while (at > 0 && !/\s/.test(expression.charAt(at - 1))) at = expression.lastIndexOf('xmlns', at - 1);
  return at;
}
