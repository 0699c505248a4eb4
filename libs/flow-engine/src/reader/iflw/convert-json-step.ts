import type { StepDefinition } from '../../model/step-definition.js';
import type { IflwContext, IflwElement, IflwRow } from './iflw-element.js';
import type { StepBase } from './step-conversion.js';

const SEPARATORS = [':', ',', '.', '|', ';', ' '];
/** What the reference lets a JSON prefix be. */
const JSON_PREFIX = /^[A-Za-z][A-Za-z0-9]*$/;

/** The JSON to XML converter. */
export function jsonToXml(element: IflwElement, base: StepBase, context: IflwContext): StepDefinition {
  const addRootElement = element.flag('addXMLRootElement', true);
  const useNamespaces = element.flag('useNamespaces');
  return {
    ...base,
    type: 'jsonToXml',
    addRootElement,
    rootElementName: element.get('additionalRootElementName') || 'root',
    rootElementNamespace: addRootElement ? element.get('additionalRootElementNamespace') : '',
    useNamespaces,
    namespaceSeparator: separator(element, context),
    namespaces: useNamespaces ? namespaceTable(element, 'prefix first', context) : {},
  };
}

/** The XML to JSON converter. */
export function xmlToJson(element: IflwElement, base: StepBase, context: IflwContext): StepDefinition {
  const useNamespaces = element.flag('useNamespaces');
  const encoding = element.get('jsonOutputEncoding').trim();
  if (!['', 'utf-8', 'utf8', 'from header or property'].includes(encoding.toLowerCase()))
    context.problem(
      'unsupported-setting',
      element,
      `The JSON output encoding "${encoding}" is not offered.`,
      'the header or property CamelCharsetName',
    );
  return {
    ...base,
    type: 'xmlToJson',
    suppressRootElement: element.flag('xmlJsonSuppressRootElement'),
    useNamespaces,
    namespaceSeparator: useNamespaces ? separator(element, context) : ':',
    namespaces: useNamespaces ? namespaceTable(element, 'namespace first', context) : {},
    arrays: arrayPaths(element),
    streaming: element.flag('xmlJsonUseStreaming'),
  };
}

function separator(element: IflwElement, context: IflwContext): string {
  const text = element.get('jsonNamespaceSeparator') || ':';
  if (!SEPARATORS.includes(text))
    context.problem(
      'invalid-value',
      element,
      `"${text}" does not separate a JSON prefix from a name.`,
      'one of : , . | ; and the space',
    );
  return text;
}

/** @returns JSON prefix to namespace. A row that cannot be read, or that another one would hide, is a problem. */
function namespaceTable(
  element: IflwElement,
  order: 'prefix first' | 'namespace first',
  context: IflwContext,
): Record<string, string> {
  const namespaces: Record<string, string> = {};
  for (const row of [...element.table('jsonNamespaceMapping'), ...element.table('xmlNamespaceMapping')]) {
    const cells = cellsOf(row).map((cell) => cell.trim());
    if (cells.every((cell) => cell === '')) continue;
    const entry = entryOf(cells, order);
    if (entry === null || Object.hasOwn(namespaces, entry[0])) {
      context.problem(
        'invalid-value',
        element,
        entry === null
          ? `The row "${cells.join('", "')}" of the namespace mapping does not have a namespace and a JSON prefix.`
          : `The namespace mapping has the JSON prefix "${entry[0]}" twice.`,
        'one JSON prefix (a letter, then letters and digits) for each namespace',
      );
      continue;
    }
    namespaces[entry[0]] = entry[1];
  }
  return namespaces;
}

/** The converters list their columns in opposite orders, and artifacts do not always keep to it: only a prefix looks like one. */
function entryOf(
  cells: readonly string[],
  order: 'prefix first' | 'namespace first',
): readonly [prefix: string, namespace: string] | null {
  const [first = '', second = ''] = cells;
  const isFirst = JSON_PREFIX.test(first);
  const isSecond = JSON_PREFIX.test(second);
  if (first === '' || second === '' || (!isFirst && !isSecond)) return null;
  const prefixFirst = isFirst && isSecond ? order === 'prefix first' : isFirst;
  return prefixFirst ? [first, second] : [second, first];
}

function cellsOf(row: IflwRow): string[] {
  return [...row.values()];
}

function arrayPaths(element: IflwElement): 'all' | readonly string[] {
  const choice = element.get('xmlJsonConvertAllElements').toLowerCase();
  if (choice === 'all' && element.flag('xmlJsonUseStreaming')) return 'all';
  return element
    .table('xmlJsonPathTable')
    .map((row) => cellsOf(row)[0] ?? '')
    .filter((path) => path !== '');
}
