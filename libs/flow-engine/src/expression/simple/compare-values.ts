import { valueToText } from '../convert-value.js';
import { type CompiledExpression, type CompiledPredicate, ExpressionSyntaxError } from '../expression-context.js';
import { regexOf } from './ognl-path.js';

const OPERATORS = [
  '=',
  '==',
  '=~',
  '!=',
  '!=~',
  '>',
  '>=',
  '<',
  '<=',
  '~~',
  'contains',
  'not contains',
  'in',
  'not in',
  'regex',
  'not regex',
  'range',
  'not range',
  'starts with',
  'ends with',
  'startsWith',
  'endsWith',
  'not starts with',
  'not ends with',
  'not startsWith',
  'not endsWith',
] as const;

export type SimpleOperator = (typeof OPERATORS)[number];

export function isOperator(name: string): name is SimpleOperator {
  return (OPERATORS as readonly string[]).includes(name);
}

/**
 * @returns a predicate that compares as Camel does: numbers when both sides are numbers, texts otherwise; an absent value
 * equals only `null`
 * @throws ExpressionSyntaxError
 */
export function compareBy(
  operator: SimpleOperator,
  left: CompiledExpression,
  right: CompiledExpression,
  source: string,
): CompiledPredicate {
  if (operator.startsWith('not ')) {
    const positive = compareBy(operator.slice(4) as SimpleOperator, left, right, source);
    return (context) => !positive(context);
  }
  switch (operator) {
    case '=':
    case '==':
      return (context) => equal(left(context), right(context));
    case '!=':
      return (context) => !equal(left(context), right(context));
    case '=~':
      return (context) => valueToText(left(context)).toLowerCase() === valueToText(right(context)).toLowerCase();
    case '!=~':
      return (context) => valueToText(left(context)).toLowerCase() !== valueToText(right(context)).toLowerCase();
    case '>':
      return (context) => order(left(context), right(context)) > 0;
    case '>=':
      return (context) => order(left(context), right(context)) >= 0;
    case '<':
      return (context) => order(left(context), right(context)) < 0;
    case '<=':
      return (context) => order(left(context), right(context)) <= 0;
    case 'contains':
      return (context) => contains(left(context), right(context));
    case '~~':
      return (context) =>
        valueToText(left(context))
          .toLowerCase()
          .includes(valueToText(right(context)).toLowerCase());
    case 'in':
      return (context) => isIn(left(context), right(context));
    case 'regex':
      return compileRegex(left, right);
    case 'range':
      return compileRange(left, right, source);
    case 'starts with':
    case 'startsWith':
      return (context) => valueToText(left(context)).startsWith(valueToText(right(context)));
    default:
      return (context) => valueToText(left(context)).endsWith(valueToText(right(context)));
  }
}

function equal(left: unknown, right: unknown): boolean {
  if (left === null || right === null || left === undefined || right === undefined)
    return (left ?? null) === (right ?? null);
  if (typeof left === 'number' || typeof right === 'number') {
    const [first, second] = [numeric(left), numeric(right)];
    if (!Number.isNaN(first) && !Number.isNaN(second)) return first === second;
  }
  if (typeof left === 'boolean' || typeof right === 'boolean')
    return valueToText(left).toLowerCase() === valueToText(right).toLowerCase();
  return valueToText(left) === valueToText(right);
}

/** NaN for values that cannot be ordered, so that every comparison with it is false. */
function order(left: unknown, right: unknown): number {
  if (left === null || right === null || left === undefined || right === undefined) return Number.NaN;
  const [first, second] = [numeric(left), numeric(right)];
  if (!Number.isNaN(first) && !Number.isNaN(second)) return first - second;
  const [one, other] = [valueToText(left), valueToText(right)];
  return one < other ? -1 : one > other ? 1 : 0;
}

function numeric(value: unknown): number {
  if (typeof value === 'number') return value;
  const text = valueToText(value).trim();
  return text === '' ? Number.NaN : Number(text);
}

function contains(left: unknown, right: unknown): boolean {
  if (left === null || left === undefined) return false;
  if (Array.isArray(left)) return left.some((item) => equal(item, right));
  return valueToText(left).includes(valueToText(right));
}

function isIn(left: unknown, right: unknown): boolean {
  if (left === null || left === undefined) return false;
  if (Array.isArray(right)) return right.some((item) => equal(left, item));
  return valueToText(right)
    .split(',')
    .some((item) => item.trim() === valueToText(left));
}

function compileRegex(left: CompiledExpression, right: CompiledExpression): CompiledPredicate {
  return (context) => regexOf(valueToText(right(context))).matches(valueToText(left(context)));
}

function compileRange(left: CompiledExpression, right: CompiledExpression, source: string): CompiledPredicate {
  return (context) => {
    const bounds = /^(-?\d+)\.\.(-?\d+)$/.exec(valueToText(right(context)));
    if (bounds === null) throw new ExpressionSyntaxError(`The range in "${source}" is not of the form '1..9'.`);
    const value = numeric(left(context));
    return value >= Number(bounds[1]) && value <= Number(bounds[2]);
  };
}
