import { XmlNode } from '@sluice/xml';
import { castTo } from '../value/cast-value.js';
import {
  type Atomic,
  type Dynamic,
  EMPTY,
  type Item,
  type Sequence,
  XPathArray,
  XPathFunction,
  XPathMap,
  atomize,
  xpathError,
} from '../value/xpath-value.js';

export function contextItem(dynamic: Dynamic): Item {
  if (dynamic.item === null) throw xpathError('XPDY0002', 'There is no context item here.');
  return dynamic.item;
}

export function contextNode(dynamic: Dynamic): XmlNode {
  const item = contextItem(dynamic);
  if (!(item instanceof XmlNode)) throw xpathError('XPTY0020', 'The context item is not a node.');
  return item;
}

export function toFunction(item: Item): XPathFunction {
  if (item instanceof XPathFunction) return item;
  if (item instanceof XPathMap || item instanceof XPathArray)
    return new XPathFunction(1, (_, [key]) => lookup(item, atomize(key ?? EMPTY)));
  throw xpathError('XPTY0004', 'The value is not a function.');
}

/** `item?key`; null keys stand for `?*`. */
export function lookup(item: Item, keys: readonly Atomic[] | null): Sequence {
  if (item instanceof XPathMap) {
    if (keys === null) return [...item.entries.values()].flatMap((entry) => entry.value);
    return keys.flatMap((key) => item.get(key));
  }
  if (item instanceof XPathArray) {
    if (keys === null) return item.members.flat();
    return keys.flatMap((key) => {
      const index = Number(castTo(key, 'integer'));
      const member = item.members[index - 1];
      if (member === undefined)
        throw xpathError('FOAY0001', `An array of ${item.members.length} members has no member ${index}.`);
      return member;
    });
  }
  throw xpathError('XPTY0004', 'Only maps and arrays are looked into.');
}
