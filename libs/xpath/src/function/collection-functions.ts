import { toFunction } from '../evaluate/dynamic-access.js';
import {
  EMPTY,
  type Item,
  type Sequence,
  XPathArray,
  XPathMap,
  atomize,
  booleanValue,
  xpathError,
} from '../value/xpath-value.js';
import { type FunctionEntry, atomicArgument, define, integerArgument } from './define-function.js';
import { compareKeys } from './sequence-functions.js';

function mapArgument(sequence: Sequence | undefined): XPathMap {
  const [item] = sequence ?? EMPTY;
  if (!(item instanceof XPathMap)) throw xpathError('XPTY0004', 'A map is expected.');
  return item;
}

function arrayArgument(sequence: Sequence | undefined): XPathArray {
  const [item] = sequence ?? EMPTY;
  if (!(item instanceof XPathArray)) throw xpathError('XPTY0004', 'An array is expected.');
  return item;
}

function keyArgument(sequence: Sequence | undefined): NonNullable<ReturnType<typeof atomicArgument>> {
  const key = atomicArgument(sequence, 'A key');
  if (key === null) throw xpathError('XPTY0004', 'A key is empty.');
  return key;
}

function copyOf(map: XPathMap): XPathMap {
  const copy = new XPathMap();
  for (const { key, value } of map.entries.values()) copy.set(key, value);
  return copy;
}

function indexIn(array: XPathArray, sequence: Sequence | undefined, extra = 0): number {
  const index = integerArgument(sequence);
  if (index < 1 || index > array.members.length + extra)
    throw xpathError('FOAY0001', `An array of ${array.members.length} members has no member ${index}.`);
  return index - 1;
}

export const COLLECTION_FUNCTIONS: readonly FunctionEntry[] = [
  define('map:merge', [1, 2], (_, [maps = EMPTY, options]) => {
    const choice =
      options?.[0] instanceof XPathMap ? String(options[0].get('duplicates')[0] ?? 'use-first') : 'use-first';
    const merged = new XPathMap();
    for (const item of maps)
      for (const { key, value } of mapArgument([item]).entries.values()) {
        if (!merged.has(key) || choice === 'use-last') merged.set(key, value);
        else if (choice === 'combine') merged.set(key, [...merged.get(key), ...value]);
        else if (choice === 'reject') throw xpathError('FOJS0003', 'map:merge() got a key twice.');
      }
    return [merged];
  }),
  define('map:size', 1, (_, [map]) => [BigInt(mapArgument(map).entries.size)]),
  define('map:keys', 1, (_, [map]) => [...mapArgument(map).entries.values()].map(({ key }) => key)),
  define('map:contains', 2, (_, [map, key]) => [mapArgument(map).has(keyArgument(key))]),
  define('map:get', 2, (_, [map, key]) => mapArgument(map).get(keyArgument(key))),
  define('map:put', 3, (_, [map, key, value = EMPTY]) => [copyOf(mapArgument(map)).set(keyArgument(key), value)]),
  define('map:entry', 2, (_, [key, value = EMPTY]) => [new XPathMap().set(keyArgument(key), value)]),
  define('map:remove', 2, (_, [map, keys = EMPTY]) => {
    const removed = new XPathMap();
    for (const key of atomize(keys)) removed.set(key, EMPTY);
    const rest = new XPathMap();
    for (const { key, value } of mapArgument(map).entries.values()) if (!removed.has(key)) rest.set(key, value);
    return [rest];
  }),
  define('map:for-each', 2, (dynamic, [map, action]) => {
    const call = toFunction((action ?? EMPTY)[0] as Item);
    return [...mapArgument(map).entries.values()].flatMap(({ key, value }) => call.call(dynamic, [[key], value]));
  }),
  define('array:size', 1, (_, [array]) => [BigInt(arrayArgument(array).members.length)]),
  define('array:get', 2, (_, [array, index]) => {
    const value = arrayArgument(array);
    return value.members[indexIn(value, index)] ?? EMPTY;
  }),
  define('array:put', 3, (_, [array, index, value = EMPTY]) => {
    const source = arrayArgument(array);
    return [new XPathArray(source.members.with(indexIn(source, index), value))];
  }),
  define('array:append', 2, (_, [array, value = EMPTY]) => [new XPathArray([...arrayArgument(array).members, value])]),
  define('array:insert-before', 3, (_, [array, index, value = EMPTY]) => {
    const source = arrayArgument(array);
    return [new XPathArray(source.members.toSpliced(indexIn(source, index, 1), 0, value))];
  }),
  define('array:remove', 2, (_, [array, indexes = EMPTY]) => {
    const removed = new Set(indexes.map((index) => integerArgument([index]) - 1));
    return [new XPathArray(arrayArgument(array).members.filter((_member, index) => !removed.has(index)))];
  }),
  define('array:subarray', [2, 3], (_, [array, start, length]) => {
    const source = arrayArgument(array);
    const from = indexIn(source, start, 1);
    return [
      new XPathArray(source.members.slice(from, length === undefined ? undefined : from + integerArgument(length))),
    ];
  }),
  define('array:head', 1, (_, [array]) => arrayArgument(array).members[0] ?? EMPTY),
  define('array:tail', 1, (_, [array]) => [new XPathArray(arrayArgument(array).members.slice(1))]),
  define('array:reverse', 1, (_, [array]) => [new XPathArray([...arrayArgument(array).members].reverse())]),
  define('array:join', 1, (_, [arrays = EMPTY]) => [
    new XPathArray(arrays.flatMap((array) => arrayArgument([array]).members)),
  ]),
  define('array:flatten', 1, (_, [items = EMPTY]) => flatten(items)),
  define('array:for-each', 2, (dynamic, [array, action]) => {
    const call = toFunction((action ?? EMPTY)[0] as Item);
    return [new XPathArray(arrayArgument(array).members.map((member) => call.call(dynamic, [member])))];
  }),
  define('array:filter', 2, (dynamic, [array, test]) => {
    const call = toFunction((test ?? EMPTY)[0] as Item);
    return [
      new XPathArray(arrayArgument(array).members.filter((member) => booleanValue(call.call(dynamic, [member])))),
    ];
  }),
  define('array:fold-left', 3, (dynamic, [array, zero = EMPTY, action]) => {
    const call = toFunction((action ?? EMPTY)[0] as Item);
    return arrayArgument(array).members.reduce<Sequence>((total, member) => call.call(dynamic, [total, member]), zero);
  }),
  define('array:sort', [1, 3], (dynamic, [array, , key]) => {
    const by = key === undefined ? null : toFunction(key[0] as Item);
    const keyed = arrayArgument(array).members.map((member) => ({
      member,
      keys: atomize(by === null ? member : by.call(dynamic, [member])),
    }));
    return [
      new XPathArray(keyed.sort((first, second) => compareKeys(first.keys, second.keys)).map(({ member }) => member)),
    ];
  }),
];

function flatten(items: Sequence): Sequence {
  return items.flatMap((item) => (item instanceof XPathArray ? item.members.flatMap(flatten) : [item]));
}
