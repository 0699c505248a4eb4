import { DateValue, DurationValue } from './date-value.js';
import { Decimal } from './decimal.js';
import {
  type Atomic,
  QNameValue,
  UntypedAtomic,
  isNumeric,
  parseDouble,
  textOf,
  toDouble,
  xpathError,
} from './xpath-value.js';

export type ArithmeticOperator = '+' | '-' | '*' | 'div' | 'idiv' | 'mod';

/** Digits a number may have; beyond it, repeated multiplication would grow without bound. */
const MAXIMUM_BITS = 4096n;
const LIMIT = 1n << MAXIMUM_BITS;

export function calculate(operator: ArithmeticOperator, first: Atomic, second: Atomic): Atomic {
  const left = first instanceof UntypedAtomic ? untypedNumber(first.text) : first;
  const right = second instanceof UntypedAtomic ? untypedNumber(second.text) : second;
  if (isNumeric(left) && isNumeric(right)) return calculateNumbers(operator, left, right);
  return calculateDates(operator, left, right);
}

function untypedNumber(text: string): number {
  const value = parseDouble(text);
  if (Number.isNaN(value) && text.trim() !== 'NaN')
    throw xpathError('FORG0001', `"${text.slice(0, 60)}" is not a number.`);
  return value;
}

function calculateNumbers(
  operator: ArithmeticOperator,
  left: number | bigint | Decimal,
  right: number | bigint | Decimal,
): number | bigint | Decimal {
  if (typeof left === 'number' || typeof right === 'number')
    return calculateDoubles(operator, toDouble(left), toDouble(right));
  if (typeof left === 'bigint' && typeof right === 'bigint') return calculateIntegers(operator, left, right);
  const [one, other] = [toDecimal(left), toDecimal(right)];
  if ((operator === 'div' || operator === 'idiv' || operator === 'mod') && other.isZero)
    throw xpathError('FOAR0001', 'Division by zero.');
  switch (operator) {
    case '+':
      return one.add(other);
    case '-':
      return one.subtract(other);
    case '*':
      return checkSize(one.multiply(other));
    case 'div':
      return one.divide(other);
    case 'idiv':
      return one.divide(other).truncate();
    case 'mod':
      return one.remainder(other);
  }
}

function checkSize(value: Decimal): Decimal {
  if (value.unscaled > LIMIT || value.unscaled < -LIMIT || value.scale > 1000)
    throw xpathError('FOAR0002', 'A number grew too large.');
  return value;
}

function calculateIntegers(operator: ArithmeticOperator, left: bigint, right: bigint): bigint | Decimal {
  if ((operator === 'div' || operator === 'idiv' || operator === 'mod') && right === 0n)
    throw xpathError('FOAR0001', 'Division by zero.');
  switch (operator) {
    case '+':
      return left + right;
    case '-':
      return left - right;
    case '*': {
      const product = left * right;
      if (product > LIMIT || product < -LIMIT) throw xpathError('FOAR0002', 'A number grew too large.');
      return product;
    }
    case 'div':
      return Decimal.fromInteger(left).divide(Decimal.fromInteger(right));
    case 'idiv':
      return left / right;
    case 'mod':
      return left % right;
  }
}

function calculateDoubles(operator: ArithmeticOperator, left: number, right: number): number | bigint {
  switch (operator) {
    case '+':
      return left + right;
    case '-':
      return left - right;
    case '*':
      return left * right;
    case 'div':
      return left / right;
    case 'idiv':
      if (right === 0) throw xpathError('FOAR0001', 'Division by zero.');
      if (!Number.isFinite(left / right)) throw xpathError('FOAR0002', 'The quotient is not a whole number.');
      return BigInt(Math.trunc(left / right));
    case 'mod':
      return left % right;
  }
}

export function toDecimal(value: number | bigint | Decimal): Decimal {
  if (value instanceof Decimal) return value;
  return typeof value === 'bigint' ? Decimal.fromInteger(value) : Decimal.fromNumber(value);
}

function calculateDates(operator: ArithmeticOperator, left: Atomic, right: Atomic): Atomic {
  if (left instanceof DateValue && right instanceof DurationValue && (operator === '+' || operator === '-'))
    return left.add(right, operator === '+' ? 1 : -1);
  if (left instanceof DurationValue && right instanceof DateValue && operator === '+') return right.add(left, 1);
  if (left instanceof DateValue && right instanceof DateValue && operator === '-' && left.kind === right.kind)
    return new DurationValue(0, left.toMilliseconds() - right.toMilliseconds(), 'dayTimeDuration');
  if (left instanceof DurationValue && right instanceof DurationValue) {
    if (operator === '+')
      return new DurationValue(left.months + right.months, left.milliseconds + right.milliseconds, left.kind);
    if (operator === '-')
      return new DurationValue(left.months - right.months, left.milliseconds - right.milliseconds, left.kind);
    if (operator === 'div' && left.kind === right.kind) {
      const [over, under] =
        left.kind === 'yearMonthDuration' ? [left.months, right.months] : [left.milliseconds, right.milliseconds];
      if (under === 0) throw xpathError('FOAR0001', 'Division by zero.');
      return Decimal.fromNumber(over / under);
    }
  }
  if (left instanceof DurationValue && isNumeric(right) && (operator === '*' || operator === 'div')) {
    const factor = operator === '*' ? toDouble(right) : 1 / toDouble(right);
    return new DurationValue(Math.round(left.months * factor), Math.round(left.milliseconds * factor), left.kind);
  }
  if (isNumeric(left) && right instanceof DurationValue && operator === '*') return calculateDates('*', right, left);
  throw xpathError('XPTY0004', `${operator} does not work on ${describe(left)} and ${describe(right)}.`);
}

export function describe(value: Atomic): string {
  if (typeof value === 'string') return `the text "${value.slice(0, 40)}"`;
  if (value instanceof QNameValue) return 'a QName';
  return `"${textOf(value).slice(0, 40)}"`;
}

export type ComparisonOperator = 'eq' | 'ne' | 'lt' | 'le' | 'gt' | 'ge';

/** Compares as the value comparisons do; an untyped value counts as text. */
export function compareValues(operator: ComparisonOperator, first: Atomic, second: Atomic): boolean {
  const left = first instanceof UntypedAtomic ? first.text : first;
  const right = second instanceof UntypedAtomic ? second.text : second;
  if (isNumeric(left) && isNumeric(right)) {
    if (typeof left === 'number' || typeof right === 'number') {
      const [one, other] = [toDouble(left), toDouble(right)];
      if (Number.isNaN(one) || Number.isNaN(other)) return operator === 'ne';
      return decide(operator, one < other ? -1 : one > other ? 1 : 0);
    }
    if (typeof left === 'bigint' && typeof right === 'bigint')
      return decide(operator, left < right ? -1 : left > right ? 1 : 0);
    return decide(operator, toDecimal(left).compare(toDecimal(right)));
  }
  if (typeof left === 'string' && typeof right === 'string') return decide(operator, compareText(left, right));
  if (typeof left === 'boolean' && typeof right === 'boolean') return decide(operator, Number(left) - Number(right));
  if (left instanceof DateValue && right instanceof DateValue && left.kind === right.kind)
    return decide(operator, left.toMilliseconds() - right.toMilliseconds());
  if (left instanceof DurationValue && right instanceof DurationValue) {
    if (operator === 'eq' || operator === 'ne')
      return (left.months === right.months && left.milliseconds === right.milliseconds) === (operator === 'eq');
    const [one, other] = [left, right].map((value) => value.months * 2_629_746_000 + value.milliseconds) as [
      number,
      number,
    ];
    return decide(operator, one - other);
  }
  if (left instanceof QNameValue && right instanceof QNameValue && (operator === 'eq' || operator === 'ne'))
    return (left.namespace === right.namespace && left.name === right.name) === (operator === 'eq');
  throw xpathError('XPTY0004', `${describe(left)} and ${describe(right)} cannot be compared.`);
}

/** Code point order, as the default collation demands. */
export function compareText(left: string, right: string): number {
  if (left === right) return 0;
  const length = Math.min(left.length, right.length);
  for (let index = 0; index < length; index++) {
    const [one, other] = [left.charCodeAt(index), right.charCodeAt(index)];
    if (one === other) continue;
    // Surrogates stand for code points above every other UTF-16 unit.
    const [first, second] = [one, other].map((unit) => (unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit)) as [
      number,
      number,
    ];
    return first - second;
  }
  return left.length - right.length;
}

function decide(operator: ComparisonOperator, order: number): boolean {
  switch (operator) {
    case 'eq':
      return order === 0;
    case 'ne':
      return order !== 0;
    case 'lt':
      return order < 0;
    case 'le':
      return order <= 0;
    case 'gt':
      return order > 0;
    case 'ge':
      return order >= 0;
  }
}

const GENERAL: Readonly<Record<string, ComparisonOperator>> = {
  '=': 'eq',
  '!=': 'ne',
  '<': 'lt',
  '<=': 'le',
  '>': 'gt',
  '>=': 'ge',
};

/** True if any pair compares so; an untyped value takes the type of what it is compared with. */
export function compareGeneral(symbol: string, left: readonly Atomic[], right: readonly Atomic[]): boolean {
  const operator = GENERAL[symbol] as ComparisonOperator;
  for (const first of left)
    for (const second of right) {
      const [one, other] = harmonize(first, second);
      if (compareValues(operator, one, other)) return true;
    }
  return false;
}

function harmonize(first: Atomic, second: Atomic): [Atomic, Atomic] {
  if (first instanceof UntypedAtomic) {
    if (second instanceof UntypedAtomic) return [first.text, second.text];
    return [untypedAs(first.text, second), second];
  }
  if (second instanceof UntypedAtomic) return [first, untypedAs(second.text, first)];
  return [first, second];
}

function untypedAs(text: string, other: Atomic): Atomic {
  // A text that is no number compares unequal instead of failing: artifacts compare optional elements with numbers.
  if (isNumeric(other)) return parseDouble(text);
  if (typeof other === 'boolean') return text.trim() === 'true' || text.trim() === '1';
  if (other instanceof DateValue) {
    const date = DateValue.parse(other.kind, text);
    if (date === null) throw xpathError('FORG0001', `"${text.slice(0, 60)}" is not an xs:${other.kind}.`);
    return date;
  }
  if (other instanceof DurationValue) {
    const duration = DurationValue.parse(text, other.kind);
    if (duration === null) throw xpathError('FORG0001', `"${text.slice(0, 60)}" is not a duration.`);
    return duration;
  }
  return text;
}
