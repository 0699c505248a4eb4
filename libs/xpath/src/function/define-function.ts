import { type XPathFunctionImplementation } from '../static-context.js';
import { castTo } from '../value/cast-value.js';
import {
  type Atomic,
  type Dynamic,
  EMPTY,
  type Item,
  type Sequence,
  oneAtomic,
  textOf,
  xpathError,
} from '../value/xpath-value.js';

export type FunctionEntry = readonly [name: string, implementation: XPathFunctionImplementation];

/** Largest text a function may make, in UTF-16 units. */
const MAXIMUM_TEXT = 64 * 1024 * 1024;

export function define(
  name: string,
  arity: number | readonly [minimum: number, maximum: number],
  call: (dynamic: Dynamic, values: readonly Sequence[]) => Sequence,
): FunctionEntry {
  const [minimum, maximum] = typeof arity === 'number' ? [arity, arity] : arity;
  return [name, { minimum, maximum, call }];
}

/** An argument that is absent stands for the context item. */
export function orContext(dynamic: Dynamic, values: readonly Sequence[], index: number): Sequence {
  const given = values[index];
  if (given !== undefined) return given;
  if (dynamic.item === null) throw xpathError('XPDY0002', 'There is no context item here.');
  return [dynamic.item];
}

/** @returns the text of an optional argument; empty for an empty sequence */
export function textArgument(sequence: Sequence | undefined, what = 'An argument'): string {
  const value = oneAtomic(sequence ?? EMPTY, what);
  return value === null ? '' : textOf(value);
}

export function numberArgument(sequence: Sequence | undefined, what = 'An argument'): number {
  const value = oneAtomic(sequence ?? EMPTY, what);
  return value === null ? Number.NaN : (castTo(value, 'double') as number);
}

export function integerArgument(sequence: Sequence | undefined, what = 'An argument'): number {
  const value = oneAtomic(sequence ?? EMPTY, what);
  if (value === null) throw xpathError('XPTY0004', `${what} is empty where a number is expected.`);
  return Number(castTo(value, 'integer'));
}

export function atomicArgument(sequence: Sequence | undefined, what = 'An argument'): Atomic | null {
  return oneAtomic(sequence ?? EMPTY, what);
}

export function optional(value: Item | null | undefined): Sequence {
  return value === null || value === undefined ? EMPTY : [value];
}

/** @throws FlowProcessingError when a text would grow beyond bounds */
export function boundedText(text: string): string {
  if (text.length > MAXIMUM_TEXT) throw xpathError('FOAR0002', 'A text grew too large.');
  return text;
}
