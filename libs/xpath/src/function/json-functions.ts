import { XmlNode, XmlTreeBuilder, parseXml, serializeXml } from '@sluice/xml';
import { FN_NAMESPACE } from '../static-context.js';
import {
  EMPTY,
  type Item,
  type Sequence,
  XPathArray,
  XPathFunction,
  XPathMap,
  doubleText,
  isNumeric,
  textOf,
  toDouble,
  xpathError,
} from '../value/xpath-value.js';
import { type FunctionEntry, define, optional, textArgument } from './define-function.js';

const MAXIMUM_DEPTH = 200;

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw xpathError('FOJS0001', `The text is not JSON: ${(error as Error).message}`);
  }
}

export const JSON_FUNCTIONS: readonly FunctionEntry[] = [
  define('parse-json', [1, 2], (_, [text = EMPTY]) =>
    text.length === 0 ? EMPTY : optional(toItem(parseJson(textArgument(text)), 0)),
  ),
  define('json-to-xml', [1, 2], (_, [text = EMPTY]) => {
    if (text.length === 0) return EMPTY;
    const builder = new XmlTreeBuilder();
    writeJson(parseJson(textArgument(text)), null, builder, 0);
    return [builder.end()];
  }),
  define('xml-to-json', [1, 2], (_, [node = EMPTY]) => {
    const [item] = node;
    if (item === undefined) return EMPTY;
    if (!(item instanceof XmlNode)) throw xpathError('XPTY0004', 'xml-to-json() takes a node.');
    const element = item.kind === 'document' ? item.firstElement : item;
    if (element === null) throw xpathError('FOJS0006', 'The document holds no JSON.');
    return [JSON.stringify(fromXml(element))];
  }),
  define('parse-xml', 1, (_, [text = EMPTY]) => (text.length === 0 ? EMPTY : [parseXml(textArgument(text))])),
  define('parse-xml-fragment', 1, (_, [text = EMPTY]) => {
    if (text.length === 0) return EMPTY;
    const wrapped = parseXml(
      `<fragment>${textArgument(text).replace(/^\s*<\?xml[^>]*\?>/, '')}</fragment>`,
    ).firstElement;
    const document = new XmlNode('document');
    for (const child of wrapped?.children ?? []) {
      child.parent = document;
      document.children.push(child);
    }
    document.lastDescendantOrder = wrapped?.lastDescendantOrder ?? document.order;
    return [document];
  }),
  define('serialize', [1, 2], (_, [items = EMPTY, options]) => {
    const method = options?.[0] instanceof XPathMap ? textOf(options[0].get('method')[0] ?? 'xml') : 'xml';
    if (method === 'json') return [JSON.stringify(toJson(items))];
    return [
      items.map((item) => (item instanceof XmlNode && method !== 'text' ? serializeXml(item) : textOf(item))).join(''),
    ];
  }),
];

function toItem(value: unknown, depth: number): Item | null {
  if (depth > MAXIMUM_DEPTH) throw xpathError('FOJS0001', 'The JSON is nested too deeply.');
  if (value === null) return null;
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return value;
  if (Array.isArray(value)) return new XPathArray(value.map((member) => optional(toItem(member, depth + 1))));
  const map = new XPathMap();
  for (const [key, member] of Object.entries(value as object)) map.set(key, optional(toItem(member, depth + 1)));
  return map;
}

function toJson(items: Sequence): unknown {
  const [item, ...more] = items;
  if (item === undefined) return null;
  if (more.length > 0) throw xpathError('SERE0023', 'A sequence of several values is not JSON.');
  if (item instanceof XPathMap)
    return Object.fromEntries([...item.entries.values()].map(({ key, value }) => [textOf(key), toJson(value)]));
  if (item instanceof XPathArray) return item.members.map(toJson);
  if (item instanceof XPathFunction) throw xpathError('SERE0021', 'A function is not JSON.');
  if (typeof item === 'boolean') return item;
  if (!(item instanceof XmlNode) && isNumeric(item)) return toDouble(item);
  return item instanceof XmlNode ? serializeXml(item) : textOf(item);
}

function writeJson(value: unknown, key: string | null, builder: XmlTreeBuilder, depth: number): void {
  if (depth > MAXIMUM_DEPTH) throw xpathError('FOJS0001', 'The JSON is nested too deeply.');
  const kind =
    value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value === 'object' ? 'map' : typeof value;
  builder.startElement(kind, '', FN_NAMESPACE, depth === 0 ? { '': FN_NAMESPACE } : null);
  if (key !== null) builder.attribute('key', '', '', key);
  if (Array.isArray(value)) for (const member of value) writeJson(member, null, builder, depth + 1);
  else if (typeof value === 'object' && value !== null)
    for (const [name, member] of Object.entries(value)) writeJson(member, name, builder, depth + 1);
  else if (value !== null) builder.text(typeof value === 'number' ? doubleText(value) : String(value));
  builder.endElement();
}

function fromXml(element: XmlNode): unknown {
  const children = element.children.filter((child) => child.kind === 'element');
  switch (element.name) {
    case 'null':
      return null;
    case 'boolean':
      return element.text.trim() === 'true' || element.text.trim() === '1';
    case 'number':
      return Number(element.text);
    case 'string':
      return element.text;
    case 'array':
      return children.map(fromXml);
    case 'map':
      return Object.fromEntries(children.map((child) => [child.attribute('key') ?? '', fromXml(child)]));
    default:
      throw xpathError('FOJS0006', `The element ${element.name} stands for no JSON.`);
  }
}
