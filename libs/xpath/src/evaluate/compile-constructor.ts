import {
  type Dynamic,
  type Sequence,
  XPathArray,
  XPathMap,
  atomize,
  oneAtomic,
  textOf,
  xpathError,
} from '../value/xpath-value.js';
import { contextItem, lookup } from './dynamic-access.js';
import { type Evaluator } from './evaluator.js';

export function compileMapConstructor(entries: readonly (readonly [key: Evaluator, value: Evaluator])[]): Evaluator {
  return (dynamic) => {
    const map = new XPathMap();
    for (const [key, value] of entries) {
      const name = oneAtomic(key(dynamic), 'A key');
      if (name === null) throw xpathError('XPTY0004', 'A key of a map is empty.');
      if (map.has(name)) throw xpathError('XQDY0137', `The key "${textOf(name)}" is in a map twice.`);
      map.set(name, value(dynamic));
    }
    return [map];
  };
}

/** `[a, b]` has a member for each expression, `array{a, b}` for each item. */
export function compileArrayConstructor(members: readonly Evaluator[], square: boolean): Evaluator {
  if (square) return (dynamic) => [new XPathArray(members.map((member) => member(dynamic)))];
  return (dynamic) => [new XPathArray(members.flatMap((member) => member(dynamic).map((item) => [item])))];
}

/** @param target null: the context item @param key null: `?*` */
export function compileLookup(target: Evaluator | null, key: Evaluator | null): Evaluator {
  const from = target ?? ((dynamic: Dynamic): Sequence => [contextItem(dynamic)]);
  return (dynamic) => from(dynamic).flatMap((item) => lookup(item, key === null ? null : atomize(key(dynamic))));
}
