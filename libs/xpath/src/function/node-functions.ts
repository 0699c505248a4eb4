import { XmlNode } from '@sluice/xml';
import { contextNode } from '../evaluate/dynamic-access.js';
import {
  type Dynamic,
  EMPTY,
  type Item,
  QNameValue,
  type Sequence,
  atomize,
  documentOrder,
  textOf,
  xpathError,
} from '../value/xpath-value.js';
import { type FunctionEntry, define, optional, orContext, textArgument } from './define-function.js';

function nodeArgument(dynamic: Dynamic, values: readonly Sequence[], index: number): XmlNode | null {
  if (values[index] === undefined) return contextNode(dynamic);
  const [item] = values[index];
  if (item === undefined) return null;
  if (!(item instanceof XmlNode)) throw xpathError('XPTY0004', 'A node is expected.');
  return item;
}

export const NODE_FUNCTIONS: readonly FunctionEntry[] = [
  define('position', 0, (dynamic) => [BigInt(dynamic.position)]),
  define('last', 0, (dynamic) => [BigInt(dynamic.size)]),
  define('name', [0, 1], (dynamic, values) => [nodeArgument(dynamic, values, 0)?.qualifiedName ?? '']),
  define('local-name', [0, 1], (dynamic, values) => [nodeArgument(dynamic, values, 0)?.name ?? '']),
  define('namespace-uri', [0, 1], (dynamic, values) => [nodeArgument(dynamic, values, 0)?.namespace ?? '']),
  define('node-name', [0, 1], (dynamic, values) => {
    const node = nodeArgument(dynamic, values, 0);
    return node === null || node.name === '' ? EMPTY : [new QNameValue(node.namespace, node.prefix, node.name)];
  }),
  define('root', [0, 1], (dynamic, values) => optional(nodeArgument(dynamic, values, 0)?.root)),
  define('has-children', [0, 1], (dynamic, values) => [(nodeArgument(dynamic, values, 0)?.children.length ?? 0) > 0]),
  define('generate-id', [0, 1], (dynamic, values) => {
    const node = nodeArgument(dynamic, values, 0);
    return [node === null ? '' : `d${node.order.toString(36)}`];
  }),
  define('path', [0, 1], (dynamic, values) => {
    const node = nodeArgument(dynamic, values, 0);
    return node === null ? EMPTY : [pathOf(node)];
  }),
  define('lang', [1, 2], (dynamic, values) => {
    const wanted = textArgument(values[0]).toLowerCase();
    for (let node = nodeArgument(dynamic, values, 1); node !== null; node = node.parent) {
      const found = node.attributes.find((attribute) => attribute.prefix === 'xml' && attribute.name === 'lang');
      if (found !== undefined) {
        const value = found.value.toLowerCase();
        return [value === wanted || value.startsWith(`${wanted}-`)];
      }
    }
    return [false];
  }),
  define('innermost', 1, (_, [nodes = EMPTY]) => {
    const all = documentOrder(nodes.filter((item) => item instanceof XmlNode));
    return all.filter((node, index) => (all[index + 1]?.order ?? Infinity) > node.lastDescendantOrder);
  }),
  define('outermost', 1, (_, [nodes = EMPTY]) => {
    let end = 0;
    return documentOrder(nodes.filter((item) => item instanceof XmlNode)).filter((node) => {
      if (node.order <= end) return false;
      end = node.lastDescendantOrder;
      return true;
    });
  }),
  define('data', [0, 1], (dynamic, values) => atomize(orContext(dynamic, values, 0)) as Item[]),
  define('string', [0, 1], (dynamic, values) => {
    const [item, ...more] = orContext(dynamic, values, 0);
    if (more.length > 0) throw xpathError('XPTY0004', 'string() takes one value.');
    return [item === undefined ? '' : textOf(item)];
  }),
  define('base-uri', [0, 1], () => EMPTY),
  define('document-uri', [0, 1], () => EMPTY),
  define('static-base-uri', 0, () => EMPTY),
  define('nilled', [0, 1], () => [false]),
  define('QName', 2, (_, values) => {
    const [prefix, name] = splitName(textArgument(values[1]));
    return [new QNameValue(textArgument(values[0]), prefix, name)];
  }),
  define('local-name-from-QName', 1, (_, [value = EMPTY]) => optional(qname(value)?.name)),
  define('namespace-uri-from-QName', 1, (_, [value = EMPTY]) => optional(qname(value)?.namespace)),
  define('prefix-from-QName', 1, (_, [value = EMPTY]) => optional(qname(value)?.prefix || null)),
  define('namespace-uri-for-prefix', 2, (dynamic, values) =>
    optional(nodeArgument(dynamic, values, 1)?.lookupNamespace(textArgument(values[0]))),
  ),
  define('in-scope-prefixes', 1, (dynamic, values) => {
    const prefixes = new Set(['xml']);
    for (let node = nodeArgument(dynamic, values, 0); node !== null; node = node.parent)
      for (const prefix in node.declarations) prefixes.add(prefix);
    return [...prefixes];
  }),
  define('resolve-QName', 2, (dynamic, values) => {
    const [prefix, name] = splitName(textArgument(values[0]));
    const namespace = nodeArgument(dynamic, values, 1)?.lookupNamespace(prefix) ?? null;
    if (namespace === null && prefix !== '') throw xpathError('FONS0004', `The prefix "${prefix}" is not declared.`);
    return [new QNameValue(namespace ?? '', prefix, name)];
  }),
];

function qname(sequence: Sequence): QNameValue | null {
  const [item] = sequence;
  if (item === undefined) return null;
  if (!(item instanceof QNameValue)) throw xpathError('XPTY0004', 'A QName is expected.');
  return item;
}

function splitName(text: string): [prefix: string, name: string] {
  const colon = text.indexOf(':');
  return colon < 0 ? ['', text] : [text.slice(0, colon), text.slice(colon + 1)];
}

function pathOf(node: XmlNode): string {
  if (node.parent === null) return node.kind === 'document' ? '/' : 'Q{http://www.w3.org/2005/xpath-functions}root()';
  const above = pathOf(node.parent);
  const prefix = above === '/' ? '/' : `${above}/`;
  if (node.kind === 'attribute') return `${prefix}@${node.namespace === '' ? '' : `Q{${node.namespace}}`}${node.name}`;
  const same = node.parent.children.filter(
    (other) => other.kind === node.kind && other.name === node.name && other.namespace === node.namespace,
  );
  const index = same.indexOf(node) + 1;
  if (node.kind === 'element') return `${prefix}Q{${node.namespace}}${node.name}[${index}]`;
  if (node.kind === 'processing-instruction') return `${prefix}processing-instruction(${node.name})[${index}]`;
  return `${prefix}${node.kind}()[${index}]`;
}
