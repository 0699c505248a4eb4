import { XmlNode } from '@sluice/xml';
import { toFunction } from '../evaluate/dynamic-access.js';
import { compareText, compareValues } from '../value/arithmetic.js';
import {
  type Atomic,
  type Dynamic,
  EMPTY,
  type Item,
  type Sequence,
  UntypedAtomic,
  XPathArray,
  type XPathFunction,
  XPathMap,
  atomize,
  booleanValue,
  isAtomic,
  isNumeric,
  keyOf,
  toDouble,
  xpathError,
} from '../value/xpath-value.js';
import {
  type FunctionEntry,
  atomicArgument,
  define,
  integerArgument,
  numberArgument,
  textArgument,
} from './define-function.js';

function functionArgument(sequence: Sequence | undefined): XPathFunction {
  const [item] = sequence ?? EMPTY;
  if (item === undefined) throw xpathError('XPTY0004', 'A function is expected.');
  return toFunction(item);
}

export const SEQUENCE_FUNCTIONS: readonly FunctionEntry[] = [
  define('true', 0, () => [true]),
  define('false', 0, () => [false]),
  define('not', 1, (_, [value = EMPTY]) => [!booleanValue(value)]),
  define('boolean', 1, (_, [value = EMPTY]) => [booleanValue(value)]),
  define('empty', 1, (_, [items = EMPTY]) => [items.length === 0]),
  define('exists', 1, (_, [items = EMPTY]) => [items.length > 0]),
  define('head', 1, (_, [items = EMPTY]) => items.slice(0, 1)),
  define('tail', 1, (_, [items = EMPTY]) => items.slice(1)),
  define('unordered', 1, (_, [items = EMPTY]) => items),
  define('reverse', 1, (_, [items = EMPTY]) => [...items].reverse()),
  define('distinct-values', [1, 2], (_, [items = EMPTY]) => {
    const seen = new Map<string, Atomic>();
    for (const value of atomize(items)) {
      const key = keyOf(value);
      if (!seen.has(key)) seen.set(key, value);
    }
    return [...seen.values()];
  }),
  define('index-of', [2, 3], (_, [items = EMPTY, wanted]) => {
    const search = atomicArgument(wanted);
    return search === null
      ? EMPTY
      : atomize(items).flatMap((value, index) => (equalAtoms(value, search) ? [BigInt(index + 1)] : []));
  }),
  define('insert-before', 3, (_, [items = EMPTY, position, inserted = EMPTY]) => {
    const at = Math.max(1, integerArgument(position)) - 1;
    return [...items.slice(0, at), ...inserted, ...items.slice(at)];
  }),
  define('remove', 2, (_, [items = EMPTY, position]) => {
    const at = integerArgument(position) - 1;
    return items.filter((_item, index) => index !== at);
  }),
  define('subsequence', [2, 3], (_, [items = EMPTY, start, length]) => {
    const from = Math.floor(numberArgument(start) + 0.5);
    const to = length === undefined ? Infinity : from + Math.floor(numberArgument(length) + 0.5);
    return items.filter((_item, index) => index + 1 >= from && index + 1 < to);
  }),
  define('zero-or-one', 1, (_, [items = EMPTY]) => {
    if (items.length > 1) throw xpathError('FORG0003', 'zero-or-one() got several values.');
    return items;
  }),
  define('one-or-more', 1, (_, [items = EMPTY]) => {
    if (items.length === 0) throw xpathError('FORG0004', 'one-or-more() got nothing.');
    return items;
  }),
  define('exactly-one', 1, (_, [items = EMPTY]) => {
    if (items.length !== 1) throw xpathError('FORG0005', `exactly-one() got ${items.length} values.`);
    return items;
  }),
  define('deep-equal', [2, 3], (dynamic, [first = EMPTY, second = EMPTY]) => [deepEqual(first, second, dynamic)]),
  define('sort', [1, 3], (dynamic, [items = EMPTY, , key]) => {
    const by = key === undefined ? null : functionArgument(key);
    const keyed = items.map((item) => ({ item, keys: atomize(by === null ? [item] : by.call(dynamic, [[item]])) }));
    dynamic.environment.budget.spend(items.length * 4);
    return keyed.sort((first, second) => compareKeys(first.keys, second.keys)).map(({ item }) => item);
  }),
  define('for-each', 2, (dynamic, [items = EMPTY, action]) => {
    const call = functionArgument(action);
    return items.flatMap((item) => call.call(dynamic, [[item]]));
  }),
  define('filter', 2, (dynamic, [items = EMPTY, test]) => {
    const call = functionArgument(test);
    return items.filter((item) => booleanValue(call.call(dynamic, [[item]])));
  }),
  define('fold-left', 3, (dynamic, [items = EMPTY, zero = EMPTY, action]) => {
    const call = functionArgument(action);
    return items.reduce<Sequence>((total, item) => call.call(dynamic, [total, [item]]), zero);
  }),
  define('fold-right', 3, (dynamic, [items = EMPTY, zero = EMPTY, action]) => {
    const call = functionArgument(action);
    return items.reduceRight<Sequence>((total, item) => call.call(dynamic, [[item], total]), zero);
  }),
  define('for-each-pair', 3, (dynamic, [first = EMPTY, second = EMPTY, action]) => {
    const call = functionArgument(action);
    return first
      .slice(0, second.length)
      .flatMap((item, index) => call.call(dynamic, [[item], [second[index] as Item]]));
  }),
  define('apply', 2, (dynamic, [action, values]) => {
    const [array] = values ?? EMPTY;
    if (!(array instanceof XPathArray)) throw xpathError('XPTY0004', 'apply() takes an array of arguments.');
    return functionArgument(action).call(dynamic, array.members);
  }),
  define('function-arity', 1, (_, [value]) => [BigInt(functionArgument(value).arity)]),
  define('error', [0, 3], (_, values) => {
    throw xpathError(
      textArgument(values[0]) || 'FOER0000',
      textArgument(values[1]) || 'The expression called error().',
    );
  }),
  define('trace', [1, 2], (_, [value = EMPTY]) => value),
];

function equalAtoms(first: Atomic, second: Atomic): boolean {
  try {
    return compareValues('eq', first, second);
  } catch {
    return false;
  }
}

export function compareKeys(first: readonly Atomic[], second: readonly Atomic[]): number {
  for (let index = 0; index < Math.max(first.length, second.length); index++) {
    const [left, right] = [first[index], second[index]];
    if (left === undefined) return -1;
    if (right === undefined) return 1;
    const order = orderOf(left, right);
    if (order !== 0) return order;
  }
  return 0;
}

function orderOf(left: Atomic, right: Atomic): number {
  const [one, other] = [left, right].map((value) => (value instanceof UntypedAtomic ? value.text : value)) as [
    Atomic,
    Atomic,
  ];
  if (typeof one === 'string' && typeof other === 'string') return compareText(one, other);
  if (isNumeric(one) && isNumeric(other)) {
    const [first, second] = [toDouble(one), toDouble(other)];
    if (Number.isNaN(first)) return Number.isNaN(second) ? 0 : -1;
    return Number.isNaN(second) ? 1 : first - second;
  }
  return compareValues('lt', one, other) ? -1 : compareValues('gt', one, other) ? 1 : 0;
}

export function deepEqual(first: Sequence, second: Sequence, dynamic: Dynamic): boolean {
  if (first.length !== second.length) return false;
  return first.every((item, index) => deepEqualItems(item, second[index] as Item, dynamic));
}

function deepEqualItems(first: Item, second: Item, dynamic: Dynamic): boolean {
  dynamic.environment.budget.spend(1);
  if (first instanceof XmlNode) return second instanceof XmlNode && deepEqualNodes(first, second, dynamic);
  if (first instanceof XPathMap) {
    if (!(second instanceof XPathMap) || first.entries.size !== second.entries.size) return false;
    return [...first.entries].every(([key, entry]) => {
      const other = second.entries.get(key);
      return other !== undefined && deepEqual(entry.value, other.value, dynamic);
    });
  }
  if (first instanceof XPathArray)
    return (
      second instanceof XPathArray &&
      first.members.length === second.members.length &&
      first.members.every((member, index) => deepEqual(member, second.members[index] as Sequence, dynamic))
    );
  if (!isAtomic(first) || !isAtomic(second)) throw xpathError('FOTY0015', 'Functions cannot be compared.');
  return (
    (isNumeric(first) && isNumeric(second) && Number.isNaN(toDouble(first)) && Number.isNaN(toDouble(second))) ||
    equalAtoms(first, second)
  );
}

function deepEqualNodes(first: XmlNode, second: XmlNode, dynamic: Dynamic): boolean {
  if (first.kind !== second.kind || first.name !== second.name || first.namespace !== second.namespace) return false;
  if (first.kind !== 'element' && first.kind !== 'document') return first.value === second.value;
  if (first.attributes.length !== second.attributes.length) return false;
  for (const attribute of first.attributes) {
    const other = second.attributes.find(
      ({ name, namespace }) => name === attribute.name && namespace === attribute.namespace,
    );
    if (other === undefined || other.value !== attribute.value) return false;
  }
  const significant = (node: XmlNode): XmlNode[] =>
    node.children.filter(({ kind }) => kind === 'element' || kind === 'text');
  return deepEqual(significant(first), significant(second), dynamic);
}
