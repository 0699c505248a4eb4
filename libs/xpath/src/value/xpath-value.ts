import { FlowProcessingError } from '@sluice/domain';
import { XmlNode } from '@sluice/xml';
import { DateValue, type DurationValue } from './date-value.js';
import { Decimal } from './decimal.js';

/** Text of a node, before it is known what it is compared with. */
export class UntypedAtomic {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

export class QNameValue {
  readonly namespace: string;
  readonly prefix: string;
  readonly name: string;
  constructor(namespace: string, prefix: string, name: string) {
    this.namespace = namespace;
    this.prefix = prefix;
    this.name = name;
  }
}

export class XPathMap {
  readonly entries = new Map<string, { readonly key: Atomic; readonly value: Sequence }>();

  get(key: Atomic): Sequence {
    return this.entries.get(keyOf(key))?.value ?? EMPTY;
  }

  has(key: Atomic): boolean {
    return this.entries.has(keyOf(key));
  }

  /** Only while the map is being made. */
  set(key: Atomic, value: Sequence): this {
    this.entries.set(keyOf(key), { key, value });
    return this;
  }
}

export class XPathArray {
  readonly members: readonly Sequence[];
  constructor(members: readonly Sequence[]) {
    this.members = members;
  }
}

export class XPathFunction {
  readonly arity: number;
  readonly call: (dynamic: Dynamic, values: readonly Sequence[]) => Sequence;
  constructor(arity: number, call: (dynamic: Dynamic, values: readonly Sequence[]) => Sequence) {
    this.arity = arity;
    this.call = call;
  }
}

/** xs:integer is bigint, xs:double (and xs:float) number. */
export type Atomic =
  string | number | bigint | boolean | Decimal | UntypedAtomic | DateValue | DurationValue | QNameValue;
export type Item = XmlNode | Atomic | XPathMap | XPathArray | XPathFunction;
export type Sequence = readonly Item[];

export const EMPTY: Sequence = [];

/** Bounds one evaluation. */
export class EvaluationBudget {
  #left: number;

  constructor(operations: number) {
    this.#left = operations;
  }

  /** @throws FlowProcessingError `limit-exceeded` */
  spend(operations: number): void {
    this.#left -= operations;
    if (this.#left < 0)
      throw new FlowProcessingError('limit-exceeded', 'An XPath or XSLT evaluation took more steps than allowed.');
  }
}

export interface VariableScope {
  readonly key: string;
  readonly value: Sequence;
  readonly outer: VariableScope | null;
}

/** What stays the same during one evaluation. */
export interface DynamicEnvironment {
  readonly budget: EvaluationBudget;
  /** Milliseconds since 1970 for current-dateTime(). */
  now(): number;
  /** A variable that no expression around it binds. @returns undefined if there is none */
  variable(key: string): Sequence | undefined;
  /** State of a host language (XSLT); null in plain XPath. */
  readonly host: unknown;
}

/** The focus of an evaluation, its variables and environment. */
export class Dynamic {
  readonly item: Item | null;
  readonly position: number;
  readonly size: number;
  readonly scope: VariableScope | null;
  readonly environment: DynamicEnvironment;

  constructor(
    item: Item | null,
    position: number,
    size: number,
    scope: VariableScope | null,
    environment: DynamicEnvironment,
  ) {
    this.item = item;
    this.position = position;
    this.size = size;
    this.scope = scope;
    this.environment = environment;
  }

  focus(item: Item, position: number, size: number): Dynamic {
    return new Dynamic(item, position, size, this.scope, this.environment);
  }

  bind(key: string, value: Sequence): Dynamic {
    return new Dynamic(this.item, this.position, this.size, { key, value, outer: this.scope }, this.environment);
  }

  lookup(key: string): Sequence | undefined {
    for (let scope = this.scope; scope !== null; scope = scope.outer) if (scope.key === key) return scope.value;
    return this.environment.variable(key);
  }
}

/** An error of the evaluation, with the code the recommendation gives it. */
export function xpathError(code: string, message: string): FlowProcessingError {
  return new FlowProcessingError('expression-failed', `${message} (${code})`);
}

export function atomize(sequence: Sequence): readonly Atomic[] {
  const only = sequence[0];
  if (sequence.length === 1 && isAtomic(only as Item)) return sequence as readonly Atomic[];
  const atoms: Atomic[] = [];
  for (const item of sequence) atomizeItem(item, atoms);
  return atoms;
}

function atomizeItem(item: Item, atoms: Atomic[]): void {
  if (item instanceof XmlNode) {
    atoms.push(
      item.kind === 'comment' || item.kind === 'processing-instruction' ? item.value : new UntypedAtomic(item.text),
    );
  } else if (item instanceof XPathArray) {
    for (const member of item.members) for (const inner of member) atomizeItem(inner, atoms);
  } else if (item instanceof XPathMap || item instanceof XPathFunction) {
    throw xpathError('FOTY0013', 'A map or function has no atomic value.');
  } else atoms.push(item);
}

export function isAtomic(item: Item): item is Atomic {
  return !(
    item instanceof XmlNode ||
    item instanceof XPathMap ||
    item instanceof XPathArray ||
    item instanceof XPathFunction
  );
}

/** @returns the one atomic value, or null for an empty sequence */
export function oneAtomic(sequence: Sequence, what: string): Atomic | null {
  const atoms = atomize(sequence);
  if (atoms.length > 1)
    throw xpathError('XPTY0004', `${what} is a sequence of ${atoms.length} values where one is expected.`);
  return atoms[0] ?? null;
}

/** @returns the string value of an item */
export function textOf(item: Item): string {
  if (typeof item === 'string') return item;
  if (item instanceof XmlNode) return item.text;
  if (item instanceof UntypedAtomic) return item.text;
  if (typeof item === 'number') return doubleText(item);
  if (typeof item === 'bigint') return item.toString();
  if (typeof item === 'boolean') return item ? 'true' : 'false';
  if (item instanceof QNameValue) return item.prefix === '' ? item.name : `${item.prefix}:${item.name}`;
  if (item instanceof XPathArray) return item.members.map((member) => member.map(textOf).join(' ')).join(' ');
  if (item instanceof XPathMap || item instanceof XPathFunction)
    throw xpathError('FOTY0014', 'A map or function has no text.');
  return item.toString();
}

/** Text of an xs:double: plain between 1e-6 and 1e6, else with an exponent. */
export function doubleText(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? 'INF' : '-INF';
  if (value === 0) return Object.is(value, -0) ? '-0' : '0';
  const absolute = Math.abs(value);
  if (absolute >= 1e-6 && absolute < 1e6) {
    const plain = String(value);
    return plain.includes('e') ? value.toFixed(20).replace(/0+$/, '') : plain;
  }
  const [mantissa, exponent] = value.toExponential().split('e') as [string, string];
  return `${mantissa.includes('.') ? mantissa : `${mantissa}.0`}E${Number(exponent)}`;
}

export function booleanValue(sequence: Sequence): boolean {
  const first = sequence[0];
  if (first === undefined) return false;
  if (first instanceof XmlNode) return true;
  if (sequence.length > 1) throw xpathError('FORG0006', 'A sequence of several values is neither true nor false.');
  if (typeof first === 'boolean') return first;
  if (typeof first === 'string') return first !== '';
  if (first instanceof UntypedAtomic) return first.text !== '';
  if (typeof first === 'number') return first !== 0 && !Number.isNaN(first);
  if (typeof first === 'bigint') return first !== 0n;
  if (first instanceof Decimal) return !first.isZero;
  throw xpathError('FORG0006', 'The value is neither true nor false.');
}

export function isNumeric(value: Atomic): value is number | bigint | Decimal {
  return typeof value === 'number' || typeof value === 'bigint' || value instanceof Decimal;
}

/** @returns the value as xs:double; NaN if it is not a number */
export function toDouble(value: Atomic): number {
  if (typeof value === 'number') return value;
  if (typeof value === 'bigint') return Number(value);
  if (value instanceof Decimal) return value.toNumber();
  if (typeof value === 'boolean') return value ? 1 : 0;
  if (typeof value === 'string') return parseDouble(value);
  if (value instanceof UntypedAtomic) return parseDouble(value.text);
  return Number.NaN;
}

export function parseDouble(text: string): number {
  const trimmed = text.trim();
  if (/^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?$/.test(trimmed)) return Number(trimmed);
  if (trimmed === 'INF' || trimmed === '+INF') return Infinity;
  if (trimmed === '-INF') return -Infinity;
  return Number.NaN;
}

/** Sorts nodes into document order and removes duplicates; does nothing when they are in order already. */
export function documentOrder(nodes: XmlNode[]): XmlNode[] {
  let ordered = true;
  for (let index = 1; index < nodes.length; index++) {
    if ((nodes[index] as XmlNode).order <= (nodes[index - 1] as XmlNode).order) {
      ordered = false;
      break;
    }
  }
  if (ordered) return nodes;
  nodes.sort((first, second) => first.order - second.order);
  return nodes.filter((node, index) => index === 0 || node !== nodes[index - 1]);
}

/** A text under which equal keys of a map are equal: numbers by value, texts by text. */
export function keyOf(key: Atomic): string {
  if (isNumeric(key)) {
    if (typeof key === 'number' && !Number.isInteger(key)) return `n:${doubleText(key)}`;
    return `n:${typeof key === 'number' ? BigInt(key).toString() : key.toString()}`;
  }
  if (typeof key === 'string') return `s:${key}`;
  if (key instanceof UntypedAtomic) return `s:${key.text}`;
  if (typeof key === 'boolean') return `b:${key}`;
  if (key instanceof DateValue) return `d:${key.kind}:${key.toMilliseconds()}`;
  if (key instanceof QNameValue) return `q:${key.namespace}:${key.name}`;
  return `u:${key.toString()}`;
}
