import {
  findFunction,
  textArgument,
  type DecimalFormat,
  formatNumber,
  FN_NAMESPACE,
  type XPathFunctionImplementation,
  EMPTY,
  type Item,
  atomize,
  documentOrder,
  keyOf,
  oneAtomic,
  parseDouble,
  textOf,
  UntypedAtomic,
  xpathError,
} from '@sluice/xpath/host-language';
import { ExpressionSyntaxError } from '@sluice/domain';
import { XmlNode } from '@sluice/xml';
import { TreeOutput, copyNode } from './result-output.js';
import { type TransformationState } from './transformation-state.js';
import { CURRENT, GROUP, GROUPING_KEY, REGEX_GROUPS, stateOf } from './xslt-scope.js';

export const XSLT_NAMESPACE = 'http://www.w3.org/1999/XSL/Transform';

function define(
  minimum: number,
  maximum: number,
  call: XPathFunctionImplementation['call'],
): XPathFunctionImplementation {
  return { minimum, maximum, call };
}

/** Functions XSLT adds to those of XPath. */
export const XSLT_FUNCTIONS: ReadonlyMap<string, XPathFunctionImplementation> = new Map([
  ['current', define(0, 0, (dynamic) => stateOf(dynamic, CURRENT))],
  ['current-group', define(0, 0, (dynamic) => stateOf(dynamic, GROUP))],
  ['current-grouping-key', define(0, 0, (dynamic) => stateOf(dynamic, GROUPING_KEY))],
  [
    'regex-group',
    define(1, 1, (dynamic, [index = EMPTY]) => [
      textOf(stateOf(dynamic, REGEX_GROUPS)[Number(textArgument(index))] ?? ''),
    ]),
  ],
  [
    'key',
    define(2, 3, (dynamic, [name, values = EMPTY, within]) => {
      const state = dynamic.environment.host as TransformationState;
      const item = within?.[0] ?? dynamic.item;
      if (!(item instanceof XmlNode)) throw xpathError('XTDE1270', 'key() needs a node to search from.');
      const index = state.keyIndex(textArgument(name), item.root, dynamic);
      const found = atomize(values).flatMap((value) => index.get(keyOf(textOf(value))) ?? []);
      return documentOrder(
        within === undefined
          ? found
          : found.filter((node) => node.order >= item.order && node.order <= item.lastDescendantOrder),
      );
    }),
  ],
  [
    'system-property',
    define(1, 1, (_, [name]) => {
      const local = textArgument(name).replace(/^.*:/, '');
      const known: Readonly<Record<string, string>> = {
        version: '3.0',
        vendor: 'Sluice',
        'product-name': 'Sluice',
        'is-schema-aware': 'no',
      };
      return [known[local] ?? ''];
    }),
  ],
  ['function-available', define(1, 2, (_, [name]) => [isKnownFunction(textArgument(name))])],
  ['element-available', define(1, 1, (_, [name]) => [/^xsl:/.test(textArgument(name))])],
  ['unparsed-entity-uri', define(1, 2, () => [''])],
  [
    'format-number',
    define(2, 3, (dynamic, [value = EMPTY, picture, format]) => {
      const number = oneAtomic(value, 'The argument of format-number()');
      const state = dynamic.environment.host as TransformationState;
      const used: DecimalFormat = state.decimalFormat(format === undefined ? '' : textArgument(format));
      const plain =
        number instanceof UntypedAtomic || typeof number === 'string' ? parseDouble(textOf(number)) : number;
      return [formatNumber(plain, textArgument(picture), used)];
    }),
  ],
  [
    'copy-of',
    define(0, 1, (dynamic, values) =>
      (values[0] ?? (dynamic.item === null ? EMPTY : [dynamic.item])).map((item): Item => {
        if (!(item instanceof XmlNode)) return item;
        const output = new TreeOutput();
        copyNode(item, output, true, true);
        const document = output.document();
        if (item.kind === 'document') return document;
        const [copy] = document.children;
        if (copy === undefined) return document;
        copy.parent = null;
        return copy;
      }),
    ),
  ],
]);

function isKnownFunction(name: string): boolean {
  if (XSLT_FUNCTIONS.has(name)) return true;
  for (let arity = 0; arity < 5; arity++) {
    try {
      findFunction({ namespace: FN_NAMESPACE, name: name.replace(/^fn:/, '') }, arity);
      return true;
    } catch (error) {
      if (!(error instanceof ExpressionSyntaxError)) throw error;
    }
  }
  return false;
}

/** @returns the XSLT function, or null */
export function xsltFunction(namespace: string, name: string, arity: number): XPathFunctionImplementation | null {
  if (namespace !== FN_NAMESPACE) return null;
  const found = XSLT_FUNCTIONS.get(name);
  return found !== undefined && arity >= found.minimum && arity <= found.maximum ? found : null;
}
