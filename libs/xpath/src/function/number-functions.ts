import { calculate, compareText, compareValues, describe } from '../value/arithmetic.js';
import { DurationValue } from '../value/date-value.js';
import { Decimal } from '../value/decimal.js';
import {
  type Atomic,
  EMPTY,
  type Sequence,
  UntypedAtomic,
  atomize,
  isNumeric,
  oneAtomic,
  parseDouble,
  textOf,
  toDouble,
  xpathError,
} from '../value/xpath-value.js';
import {
  type FunctionEntry,
  atomicArgument,
  define,
  integerArgument,
  numberArgument,
  optional,
  orContext,
  textArgument,
} from './define-function.js';
import { formatNumber } from './format-number.js';

function numeric(sequence: Sequence | undefined, what: string): number | bigint | Decimal | null {
  const value = oneAtomic(sequence ?? EMPTY, what);
  if (value === null) return null;
  if (isNumeric(value)) return value;
  if (value instanceof UntypedAtomic) return numberArgument([value], what);
  throw xpathError('XPTY0004', `${what} is ${describe(value)} where a number is expected.`);
}

function mathFunction(name: string, calculateIt: (value: number) => number): FunctionEntry {
  return define(`math:${name}`, 1, (_, values) => {
    const value = numeric(values[0], `The argument of math:${name}`);
    return value === null ? EMPTY : [calculateIt(toDouble(value))];
  });
}

function round(value: number | bigint | Decimal, digits: number, halves: 'up' | 'even'): Atomic {
  if (typeof value === 'bigint')
    return digits >= 0 ? value : Decimal.fromInteger(value).round(digits, halves).truncate();
  if (value instanceof Decimal) return value.round(digits, halves);
  if (!Number.isFinite(value) || value === 0) return value;
  // Halves upwards, and -0 from what is above -1, as round() wants it.
  if (halves === 'up' && digits === 0) return Math.round(value);
  return Decimal.fromNumber(value).round(digits, halves).toNumber();
}

export const NUMBER_FUNCTIONS: readonly FunctionEntry[] = [
  define('number', [0, 1], (dynamic, values) => {
    const value = oneAtomic(orContext(dynamic, values, 0), 'The argument of number()');
    return [value === null ? Number.NaN : toDouble(value)];
  }),
  define('abs', 1, (_, values) => {
    const value = numeric(values[0], 'The argument of abs()');
    if (value === null) return EMPTY;
    return [toDouble(value) < 0 ? calculate('-', 0n, value) : value];
  }),
  define('ceiling', 1, (_, values) => {
    const value = numeric(values[0], 'The argument of ceiling()');
    if (value === null) return EMPTY;
    return [
      value instanceof Decimal
        ? Decimal.fromInteger(-value.negate().floor())
        : typeof value === 'number'
          ? Math.ceil(value)
          : value,
    ];
  }),
  define('floor', 1, (_, values) => {
    const value = numeric(values[0], 'The argument of floor()');
    if (value === null) return EMPTY;
    return [
      value instanceof Decimal
        ? Decimal.fromInteger(value.floor())
        : typeof value === 'number'
          ? Math.floor(value)
          : value,
    ];
  }),
  define('round', [1, 2], (_, values) => {
    const value = numeric(values[0], 'The argument of round()');
    return value === null ? EMPTY : [round(value, digitsOf(values[1]), 'up')];
  }),
  define('round-half-to-even', [1, 2], (_, values) => {
    const value = numeric(values[0], 'The argument of round-half-to-even()');
    return value === null ? EMPTY : [round(value, digitsOf(values[1]), 'even')];
  }),
  define('sum', [1, 2], (_, [items = EMPTY, zero]) => {
    const atoms = atomize(items).map(untypedToNumber);
    const [first, ...rest] = atoms;
    if (first === undefined) return zero ?? [0n];
    return [rest.reduce((total, value) => calculate('+', total, value), first)];
  }),
  define('avg', 1, (_, [items = EMPTY]) => {
    const atoms = atomize(items).map(untypedToNumber);
    const [first, ...rest] = atoms;
    if (first === undefined) return EMPTY;
    return [
      calculate(
        'div',
        rest.reduce((total, value) => calculate('+', total, value), first),
        BigInt(atoms.length),
      ),
    ];
  }),
  define('min', [1, 2], (_, [items = EMPTY]) => optional(extreme(items, 'lt'))),
  define('max', [1, 2], (_, [items = EMPTY]) => optional(extreme(items, 'gt'))),
  define('count', 1, (_, [items = EMPTY]) => [BigInt(items.length)]),
  define('format-number', [2, 3], (_, values) => [formatNumber(formatted(values[0]), textArgument(values[1]))]),
  define('format-integer', [2, 3], (_, values) => {
    const value = atomicArgument(values[0]);
    if (value === null) return [''];
    const picture = textArgument(values[1]);
    const number = integerArgument([value]);
    if (picture === 'A' || picture === 'a') return [letters(number, picture)];
    return [formatNumber(BigInt(number), picture.replace(/^1$/, '0').replace(/;.*$/, ''))];
  }),
  define('math:pi', 0, () => [Math.PI]),
  mathFunction('exp', Math.exp),
  mathFunction('exp10', (value) => 10 ** value),
  mathFunction('log', Math.log),
  mathFunction('log10', Math.log10),
  mathFunction('sqrt', Math.sqrt),
  mathFunction('sin', Math.sin),
  mathFunction('cos', Math.cos),
  mathFunction('tan', Math.tan),
  mathFunction('asin', Math.asin),
  mathFunction('acos', Math.acos),
  mathFunction('atan', Math.atan),
  define('math:atan2', 2, (_, values) => [Math.atan2(numberArgument(values[0]), numberArgument(values[1]))]),
  define('math:pow', 2, (_, values) => {
    const base = numeric(values[0], 'The base');
    return base === null ? EMPTY : [toDouble(base) ** numberArgument(values[1])];
  }),
];

function digitsOf(sequence: Sequence | undefined): number {
  return sequence === undefined ? 0 : Math.max(-1000, Math.min(1000, integerArgument(sequence)));
}

function formatted(sequence: Sequence | undefined): Atomic | null {
  const value = oneAtomic(sequence ?? EMPTY, 'The argument of format-number()');
  if (value instanceof UntypedAtomic) return parseDouble(value.text);
  if (typeof value === 'string') return parseDouble(value);
  return value;
}

function untypedToNumber(value: Atomic): Atomic {
  if (!(value instanceof UntypedAtomic)) {
    if (isNumeric(value) || value instanceof DurationValue) return value;
    throw xpathError('FORG0006', `${describe(value)} cannot be added up.`);
  }
  return numberArgument([value]);
}

function extreme(items: Sequence, operator: 'lt' | 'gt'): Atomic | null {
  const atoms = atomize(items).map((value) => (value instanceof UntypedAtomic ? numberArgument([value]) : value));
  if (atoms.some((value) => typeof value === 'number' && Number.isNaN(value))) return Number.NaN;
  if (atoms.some((value) => typeof value === 'string') && atoms.every((value) => typeof value === 'string'))
    return (
      atoms.map(textOf).sort((first, second) => (operator === 'lt' ? 1 : -1) * compareText(first, second))[0] ?? null
    );
  let best: Atomic | null = null;
  for (const value of atoms) if (best === null || compareValues(operator, value, best)) best = value;
  return best;
}

function letters(value: number, first: string): string {
  let text = '';
  for (let rest = value; rest > 0; rest = Math.floor((rest - 1) / 26))
    text = String.fromCharCode(first.charCodeAt(0) + ((rest - 1) % 26)) + text;
  return text;
}
