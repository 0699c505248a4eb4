import { XmlNode } from '@sluice/xml';
import {
  type ArithmeticOperator,
  type ComparisonOperator,
  calculate,
  compareGeneral,
  compareValues,
} from '../value/arithmetic.js';
import { castTo } from '../value/cast-value.js';
import { DurationValue } from '../value/date-value.js';
import {
  type Atomic,
  type Dynamic,
  EMPTY,
  type Item,
  type Sequence,
  atomize,
  booleanValue,
  documentOrder,
  isNumeric,
  oneAtomic,
  textOf,
  toDouble,
  xpathError,
} from '../value/xpath-value.js';
import { type Evaluator } from './evaluator.js';

/** @param compatible XPath 1.0: what cannot be compared otherwise is compared as numbers or texts */
export function compileComparison(
  kind: 'general' | 'value' | 'node',
  operator: string,
  left: Evaluator,
  right: Evaluator,
  compatible: boolean,
): Evaluator {
  if (kind === 'general' && compatible)
    return (dynamic) => {
      const [one, other] = [left(dynamic), right(dynamic)];
      if (typeof one[0] === 'boolean' || typeof other[0] === 'boolean')
        return [compareGeneral(operator, [booleanValue(one)], [booleanValue(other)])];
      const [first, second] = [atomize(one), atomize(other)];
      dynamic.environment.budget.spend(first.length * second.length);
      const numbers = first.some(isNumeric) || second.some(isNumeric) || !['=', '!='].includes(operator);
      const plain = (value: Atomic): Atomic => (numbers ? toDouble(value) : textOf(value));
      return [compareGeneral(operator, first.map(plain), second.map(plain))];
    };
  if (kind === 'general')
    return (dynamic) => {
      const [first, second] = [atomize(left(dynamic)), atomize(right(dynamic))];
      dynamic.environment.budget.spend(first.length * second.length);
      return [compareGeneral(operator, first, second)];
    };
  if (kind === 'value')
    return (dynamic) => {
      const [first, second] = [
        oneAtomic(left(dynamic), 'A compared value'),
        oneAtomic(right(dynamic), 'A compared value'),
      ];
      return first === null || second === null ? EMPTY : [compareValues(operator as ComparisonOperator, first, second)];
    };
  return (dynamic) => {
    const [first, second] = [left(dynamic)[0], right(dynamic)[0]];
    if (first === undefined || second === undefined) return EMPTY;
    if (!(first instanceof XmlNode && second instanceof XmlNode))
      throw xpathError('XPTY0004', `${operator} compares nodes.`);
    return [
      operator === 'is'
        ? first === second
        : operator === '<<'
          ? first.order < second.order
          : first.order > second.order,
    ];
  };
}

/** @param compatible XPath 1.0: of each operand the first item, as a number */
export function compileArithmetic(
  operator: ArithmeticOperator,
  left: Evaluator,
  right: Evaluator,
  compatible: boolean,
): Evaluator {
  if (compatible) return (dynamic) => [calculate(operator, firstNumber(left(dynamic)), firstNumber(right(dynamic)))];
  return (dynamic) => arithmetic(operator, left(dynamic), right(dynamic), dynamic);
}

function arithmetic(operator: ArithmeticOperator, left: Sequence, right: Sequence, dynamic: Dynamic): Sequence {
  dynamic.environment.budget.spend(1);
  const [first, second] = [oneAtomic(left, `An operand of ${operator}`), oneAtomic(right, `An operand of ${operator}`)];
  return first === null || second === null ? EMPTY : [calculate(operator, first, second)];
}

/** What XPath 1.0 takes for a number: the first item, converted; NaN if it is none. */
function firstNumber(sequence: Sequence): number {
  const [first] = atomize(sequence.slice(0, 1));
  return first === undefined ? Number.NaN : toDouble(first);
}

/** `-a` */
export function compileNegation(operand: Evaluator): Evaluator {
  return (dynamic) => {
    const value = oneAtomic(operand(dynamic), 'The operand of -');
    if (value === null) return EMPTY;
    if (value instanceof DurationValue) return [calculate('*', value, -1)];
    if (typeof value === 'number') return [-value];
    return [calculate('-', 0n, value)];
  };
}

/** `a || b` */
export function compileConcatenation(left: Evaluator, right: Evaluator): Evaluator {
  return (dynamic) => [optionalText(left(dynamic)) + optionalText(right(dynamic))];
}

function optionalText(sequence: Sequence): string {
  const value = oneAtomic(sequence, 'An operand of ||');
  return value === null ? '' : textOf(value);
}

/** `a to b` */
export function compileRange(left: Evaluator, right: Evaluator): Evaluator {
  return (dynamic) => range(left(dynamic), right(dynamic), dynamic);
}

function range(left: Sequence, right: Sequence, dynamic: Dynamic): Sequence {
  const [first, last] = [oneAtomic(left, 'The start of a range'), oneAtomic(right, 'The end of a range')];
  if (first === null || last === null) return EMPTY;
  const [start, end] = [castTo(first, 'integer') as bigint, castTo(last, 'integer') as bigint];
  if (end - start > MAXIMUM_RANGE) throw xpathError('FOAR0002', 'A range is too large.');
  const result: Item[] = [];
  dynamic.environment.budget.spend(Number(end >= start ? end - start : 0n));
  for (let value = start; value <= end; value++) result.push(value);
  return result;
}

const MAXIMUM_RANGE = 10_000_000;

/** The nodes of both operands, in document order. */
export function compileSetOperation(
  type: 'union' | 'intersect' | 'except',
  left: Evaluator,
  right: Evaluator,
): Evaluator {
  return (dynamic) => {
    const [first, second] = [nodesOf(left(dynamic)), nodesOf(right(dynamic))];
    if (type === 'union') return documentOrder([...first, ...second]);
    const other = new Set(second);
    return documentOrder(first.filter((node) => other.has(node) === (type === 'intersect')));
  };
}

function nodesOf(sequence: Sequence): XmlNode[] {
  return sequence.map((item) => {
    if (!(item instanceof XmlNode)) throw xpathError('XPTY0004', 'Nodes are expected.');
    return item;
  });
}
