import { XmlNode } from '@sluice/xml';
import { type ItemType, type NodeTest, type SequenceType } from '../syntax/xpath-ast.js';
import { INTEGER_RANGES } from '../value/cast-value.js';
import { DateValue, DurationValue } from '../value/date-value.js';
import { Decimal } from '../value/decimal.js';
import {
  type Atomic,
  type Item,
  UntypedAtomic,
  XPathArray,
  XPathFunction,
  XPathMap,
  isAtomic,
} from '../value/xpath-value.js';

/** @returns whether the items are of the type, and as many as it says */
export function matchesSequenceType(sequence: readonly Item[], type: SequenceType): boolean {
  if (type.item === null) return sequence.length === 0;
  if (sequence.length === 0) return type.occurrence === '?' || type.occurrence === '*';
  if (sequence.length > 1 && type.occurrence !== '*' && type.occurrence !== '+') return false;
  const itemType = type.item;
  return sequence.every((item) => matchesItemType(item, itemType));
}

function matchesItemType(item: Item, type: ItemType): boolean {
  switch (type.type) {
    case 'item':
      return true;
    case 'node':
      return item instanceof XmlNode && matchesNodeTest(item, type.test, 'element');
    case 'map':
      return item instanceof XPathMap;
    case 'array':
      return item instanceof XPathArray;
    case 'function':
      return item instanceof XPathFunction || item instanceof XPathMap || item instanceof XPathArray;
    case 'atomic':
      return isAtomic(item) && isOfType(item, type.name);
  }
}

function isOfType(value: Atomic, type: string): boolean {
  if (type === 'anyAtomicType') return true;
  if (typeof value === 'bigint') {
    if (type === 'decimal' || type === 'numeric') return true;
    const range = INTEGER_RANGES[type];
    return range !== undefined && (range[0] === null || value >= range[0]) && (range[1] === null || value <= range[1]);
  }
  if (value instanceof Decimal) return type === 'decimal' || type === 'numeric';
  if (typeof value === 'number') return type === 'double' || type === 'float' || type === 'numeric';
  if (typeof value === 'string') return type === 'string' || type === 'anyURI';
  if (typeof value === 'boolean') return type === 'boolean';
  if (value instanceof UntypedAtomic) return type === 'untypedAtomic';
  if (value instanceof DateValue) return value.kind === type;
  if (value instanceof DurationValue) return type === 'duration' || value.kind === type;
  return type === 'QName';
}

/** @param principal the kind of node a name test matches: attributes on the attribute axis, elements elsewhere */
export function matchesNodeTest(node: XmlNode, test: NodeTest, principal: 'element' | 'attribute'): boolean {
  if (test.type === 'name')
    return (
      node.kind === principal &&
      (test.test.name === null || node.name === test.test.name) &&
      (test.test.namespace === null || node.namespace === test.test.namespace)
    );
  if (test.kind === 'node') return true;
  if (test.kind === 'document-node') return node.kind === 'document';
  if (node.kind !== test.kind) return false;
  const names = test.test;
  return (
    names === null ||
    ((names.name === null || node.name === names.name) &&
      (names.namespace === null || node.namespace === names.namespace))
  );
}
