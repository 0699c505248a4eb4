import { ExpressionSyntaxError } from '@sluice/domain';
import { regexOf } from './regular-expression.js';
import type { CompiledExpression, CompiledPredicate, SimpleContext } from './simple-context.js';

/** What a condition may compare with. */
export const OPERATORS = [
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
      return (context) => equal(left(context), right(context), context);
    case '!=':
      return (context) => !equal(left(context), right(context), context);
    case '=~':
      return (context) => context.toText(left(context)).toLowerCase() === context.toText(right(context)).toLowerCase();
    case '!=~':
      return (context) => context.toText(left(context)).toLowerCase() !== context.toText(right(context)).toLowerCase();
    case '>':
      return (context) => order(left(context), right(context), context) > 0;
    case '>=':
      return (context) => order(left(context), right(context), context) >= 0;
    case '<':
      return (context) => order(left(context), right(context), context) < 0;
    case '<=':
      return (context) => order(left(context), right(context), context) <= 0;
    case 'contains':
      return (context) => contains(left(context), right(context), context);
    case '~~':
      return (context) =>
        context
          .toText(left(context))
          .toLowerCase()
          .includes(context.toText(right(context)).toLowerCase());
    case 'in':
      return (context) => isIn(left(context), right(context), context);
    case 'regex':
      return compileRegex(left, right);
    case 'range':
      return compileRange(left, right, source);
    case 'starts with':
    case 'startsWith':
      return (context) => context.toText(left(context)).startsWith(context.toText(right(context)));
    default:
      return (context) => context.toText(left(context)).endsWith(context.toText(right(context)));
  }
}

function equal(left: unknown, right: unknown, context: SimpleContext): boolean {
  if (left === null || right === null || left === undefined || right === undefined)
    return (left ?? null) === (right ?? null);
  if (typeof left === 'number' || typeof right === 'number') {
    const [first, second] = [numeric(left, context), numeric(right, context)];
    if (!Number.isNaN(first) && !Number.isNaN(second)) return first === second;
  }
  if (typeof left === 'boolean' || typeof right === 'boolean')
    return context.toText(left).toLowerCase() === context.toText(right).toLowerCase();
  return context.toText(left) === context.toText(right);
}

/** NaN for values that cannot be ordered, so that every comparison with it is false. */
function order(left: unknown, right: unknown, context: SimpleContext): number {
  if (left === null || right === null || left === undefined || right === undefined) return Number.NaN;
  const [first, second] = [numeric(left, context), numeric(right, context)];
  if (!Number.isNaN(first) && !Number.isNaN(second)) return first - second;
  const [one, other] = [context.toText(left), context.toText(right)];
  return one < other ? -1 : one > other ? 1 : 0;
}

function numeric(value: unknown, context: SimpleContext): number {
  if (typeof value === 'number') return value;
  const text = context.toText(value).trim();
  return text === '' ? Number.NaN : Number(text);
}

function contains(left: unknown, right: unknown, context: SimpleContext): boolean {
  if (left === null || left === undefined) return false;
  if (Array.isArray(left)) return left.some((item) => equal(item, right, context));
  return context.toText(left).includes(context.toText(right));
}

function isIn(left: unknown, right: unknown, context: SimpleContext): boolean {
  if (left === null || left === undefined) return false;
  if (Array.isArray(right)) return right.some((item) => equal(left, item, context));
  return context
    .toText(right)
    .split(',')
    .some((item) => item.trim() === context.toText(left));
}

function compileRegex(left: CompiledExpression, right: CompiledExpression): CompiledPredicate {
  return (context) => regexOf(context.toText(right(context))).matches(context.toText(left(context)));
}

function compileRange(left: CompiledExpression, right: CompiledExpression, source: string): CompiledPredicate {
  return (context) => {
    const bounds = /^(-?\d+)\.\.(-?\d+)$/.exec(context.toText(right(context)));
    if (bounds === null) throw new ExpressionSyntaxError(`The range in "${source}" is not of the form '1..9'.`);
    const value = numeric(left(context), context);
    return value >= Number(bounds[1]) && value <= Number(bounds[2]);
  };
}
