import { XmlNode } from '@sluice/xml';
import { ExpressionSyntaxError } from '@sluice/domain';
import {
  type ArithmeticOperator,
  type ComparisonOperator,
  calculate,
  compareGeneral,
  compareValues,
} from '../value/arithmetic.js';
import { castTo, isKnownType, matchesSequenceType } from '../value/cast-value.js';
import { Decimal } from '../value/decimal.js';
import { DurationValue } from '../value/date-value.js';
import { contextItem, contextNode, lookup, toFunction } from './dynamic-access.js';
import { findFunction } from '../function/function-library.js';
import { type StaticContext, type XPathFunctionImplementation, XS_NAMESPACE } from '../static-context.js';
import { isReverseAxis, walkAxis } from './walk-axis.js';
import type { Expression, NodeTest, QualifiedName } from '../syntax/xpath-ast.js';
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
  booleanValue,
  documentOrder,
  isNumeric,
  oneAtomic,
  textOf,
  toDouble,
  xpathError,
} from '../value/xpath-value.js';

/** An expression made ready: evaluates to a sequence. */
export type Evaluator = (dynamic: Dynamic) => Sequence;

const MAXIMUM_RANGE = 10_000_000;

/**
 * Turns a parsed expression into closures, resolving functions and types.
 * @throws ExpressionSyntaxError for an unknown function or type
 */
export function compileExpression(expression: Expression, context: StaticContext): Evaluator {
  const compile = (inner: Expression): Evaluator => compileExpression(inner, context);
  switch (expression.type) {
    case 'literal': {
      const value = expression.value;
      const item: Item = typeof value === 'object' ? (Decimal.parse(value.decimal) as Decimal) : value;
      const constant: Sequence = [item];
      return () => constant;
    }
    case 'sequence': {
      const items = expression.items.map(compile);
      const [only] = items;
      if (items.length === 0) return () => EMPTY;
      if (items.length === 1) return only as Evaluator;
      return (dynamic) => items.flatMap((item) => item(dynamic));
    }
    case 'variable': {
      const key = variableKey(expression.name);
      const name = expression.name.name;
      return (dynamic) => {
        const value = dynamic.lookup(key);
        if (value === undefined) throw xpathError('XPST0008', `The variable $${name} has no value.`);
        return value;
      };
    }
    case 'context':
      return (dynamic) => [contextItem(dynamic)];
    case 'root':
      return (dynamic) => [contextNode(dynamic).root];
    case 'for': {
      const [source, body, key] = [
        compile(expression.in),
        compile(expression.return),
        variableKey(expression.variable),
      ];
      return (dynamic) => {
        const result: Item[] = [];
        for (const item of source(dynamic)) {
          dynamic.environment.budget.spend(1);
          append(result, body(dynamic.bind(key, [item])));
        }
        return result;
      };
    }
    case 'let': {
      const [value, body, key] = [
        compile(expression.value),
        compile(expression.return),
        variableKey(expression.variable),
      ];
      return (dynamic) => body(dynamic.bind(key, value(dynamic)));
    }
    case 'quantified': {
      const [source, test, key] = [
        compile(expression.in),
        compile(expression.satisfies),
        variableKey(expression.variable),
      ];
      const some = expression.quantifier === 'some';
      return (dynamic) => {
        for (const item of source(dynamic)) {
          dynamic.environment.budget.spend(1);
          if (booleanValue(test(dynamic.bind(key, [item]))) === some) return [some];
        }
        return [!some];
      };
    }
    case 'if': {
      const [test, then, otherwise] = [compile(expression.test), compile(expression.then), compile(expression.else)];
      return (dynamic) => (booleanValue(test(dynamic)) ? then(dynamic) : otherwise(dynamic));
    }
    case 'or': {
      const [left, right] = [compile(expression.left), compile(expression.right)];
      return (dynamic) => [booleanValue(left(dynamic)) || booleanValue(right(dynamic))];
    }
    case 'and': {
      const [left, right] = [compile(expression.left), compile(expression.right)];
      return (dynamic) => [booleanValue(left(dynamic)) && booleanValue(right(dynamic))];
    }
    case 'comparison':
      return compileComparison(
        expression.kind,
        expression.operator,
        compile(expression.left),
        compile(expression.right),
        context.compatible === true,
      );
    case 'arithmetic': {
      const [left, right, operator] = [compile(expression.left), compile(expression.right), expression.operator];
      if (context.compatible === true)
        return (dynamic) => [calculate(operator, firstNumber(left(dynamic)), firstNumber(right(dynamic)))];
      return (dynamic) => arithmetic(operator, left(dynamic), right(dynamic), dynamic);
    }
    case 'negate': {
      const operand = compile(expression.operand);
      return (dynamic) => {
        const value = oneAtomic(operand(dynamic), 'The operand of -');
        if (value === null) return EMPTY;
        if (value instanceof DurationValue) return [calculate('*', value, -1)];
        if (typeof value === 'number') return [-value];
        return [calculate('-', 0n, value)];
      };
    }
    case 'concat': {
      const [left, right] = [compile(expression.left), compile(expression.right)];
      return (dynamic) => [optionalText(left(dynamic)) + optionalText(right(dynamic))];
    }
    case 'range': {
      const [left, right] = [compile(expression.left), compile(expression.right)];
      return (dynamic) => range(left(dynamic), right(dynamic), dynamic);
    }
    case 'union':
    case 'intersect':
    case 'except':
      return compileSetOperation(expression.type, compile(expression.left), compile(expression.right));
    case 'map': {
      const [left, right] = [compile(expression.left), compile(expression.right)];
      return (dynamic) => {
        const items = left(dynamic);
        const result: Item[] = [];
        items.forEach((item, index) => {
          dynamic.environment.budget.spend(1);
          append(result, right(dynamic.focus(item, index + 1, items.length)));
        });
        return result;
      };
    }
    case 'instance': {
      const operand = compile(expression.operand);
      checkType(expression.as.item?.type === 'atomic' ? expression.as.item.name : null);
      return (dynamic) => [matchesSequenceType(operand(dynamic), expression.as)];
    }
    case 'treat': {
      const operand = compile(expression.operand);
      checkType(expression.as.item?.type === 'atomic' ? expression.as.item.name : null);
      return (dynamic) => {
        const value = operand(dynamic);
        if (!matchesSequenceType(value, expression.as))
          throw xpathError('XPDY0050', 'A value is not of the type it is treated as.');
        return value;
      };
    }
    case 'cast':
    case 'castable':
      checkType(expression.name);
      return compileCast(expression.type, compile(expression.operand), expression.name, expression.optional);
    case 'step': {
      const { axis, test } = expression;
      const predicates = expression.predicates.map((predicate) => compilePredicate(predicate, compile));
      return (dynamic) =>
        step(
          dynamic,
          (node) => walkAxis(node, axis, test, dynamic.environment.budget),
          predicates,
          isReverseAxis(axis),
        );
    }
    case 'path':
      return compilePath(expression.left, expression.right, compile);
    case 'filter': {
      const operand = compile(expression.operand);
      const predicates = expression.predicates.map((predicate) => compilePredicate(predicate, compile));
      return (dynamic) => predicates.reduce((items, predicate) => predicate(items, dynamic), operand(dynamic));
    }
    case 'call':
      return compileCall(expression.name, expression.arguments, context, compile);
    case 'dynamic-call':
      return compileDynamicCall(
        compile(expression.target),
        expression.arguments.map((value) => (value === null ? null : compile(value))),
      );
    case 'function-reference': {
      const found = requireFunction(expression.name, expression.arity, context);
      const value: Sequence = [new XPathFunction(expression.arity, (dynamic, values) => found.call(dynamic, values))];
      return () => value;
    }
    case 'inline-function': {
      const keys = expression.parameters.map(variableKey);
      const body = compile(expression.body);
      return (defined) => [
        new XPathFunction(keys.length, (dynamic, values) => {
          dynamic.environment.budget.spend(1);
          let inner = defined;
          keys.forEach((key, index) => {
            inner = inner.bind(key, values[index] ?? EMPTY);
          });
          return body(inner);
        }),
      ];
    }
    case 'map-constructor': {
      const entries = expression.entries.map(([key, value]) => [compile(key), compile(value)] as const);
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
    case 'array-constructor': {
      const members = expression.members.map(compile);
      if (expression.square) return (dynamic) => [new XPathArray(members.map((member) => member(dynamic)))];
      return (dynamic) => [new XPathArray(members.flatMap((member) => member(dynamic).map((item) => [item])))];
    }
    case 'lookup': {
      const target =
        expression.target === null
          ? (dynamic: Dynamic): Sequence => [contextItem(dynamic)]
          : compile(expression.target);
      const key = expression.key === '*' ? null : compile(expression.key);
      return (dynamic) => target(dynamic).flatMap((item) => lookup(item, key === null ? null : atomize(key(dynamic))));
    }
  }
}

export function variableKey(name: QualifiedName): string {
  return name.namespace === '' ? name.name : `{${name.namespace}}${name.name}`;
}

function append(target: Item[], items: Sequence): void {
  for (const item of items) target.push(item);
}

function checkType(name: string | null): void {
  if (name !== null && !isKnownType(name)) throw new ExpressionSyntaxError(`The type "${name}" is not known.`);
}

function optionalText(sequence: Sequence): string {
  const value = oneAtomic(sequence, 'An operand of ||');
  return value === null ? '' : textOf(value);
}

/** What XPath 1.0 takes for a number: the first item, converted; NaN if it is none. */
function firstNumber(sequence: Sequence): number {
  const [first] = atomize(sequence.slice(0, 1));
  return first === undefined ? Number.NaN : toDouble(first);
}

function compileComparison(
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

function arithmetic(operator: ArithmeticOperator, left: Sequence, right: Sequence, dynamic: Dynamic): Sequence {
  dynamic.environment.budget.spend(1);
  const [first, second] = [oneAtomic(left, `An operand of ${operator}`), oneAtomic(right, `An operand of ${operator}`)];
  return first === null || second === null ? EMPTY : [calculate(operator, first, second)];
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

function compileSetOperation(type: 'union' | 'intersect' | 'except', left: Evaluator, right: Evaluator): Evaluator {
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

function compileCast(type: 'cast' | 'castable', operand: Evaluator, name: string, optional: boolean): Evaluator {
  if (type === 'cast')
    return (dynamic) => {
      const value = oneAtomic(operand(dynamic), 'A cast value');
      if (value !== null) return [castTo(value, name)];
      if (optional) return EMPTY;
      throw xpathError('XPTY0004', `Nothing cannot be cast to xs:${name}.`);
    };
  return (dynamic) => {
    const atoms = atomize(operand(dynamic));
    if (atoms.length !== 1) return [atoms.length === 0 && optional];
    try {
      castTo(atoms[0] as Atomic, name);
      return [true];
    } catch {
      return [false];
    }
  };
}

type Predicate = (items: Sequence, dynamic: Dynamic) => Sequence;

function compilePredicate(expression: Expression, compile: (inner: Expression) => Evaluator): Predicate {
  if (expression.type === 'literal' && typeof expression.value === 'bigint') {
    const index = Number(expression.value) - 1;
    return (items) => {
      const item = items[index];
      return item === undefined ? EMPTY : [item];
    };
  }
  const test = compile(expression);
  return (items, dynamic) => {
    dynamic.environment.budget.spend(items.length);
    return items.filter((item, index) => {
      const value = test(dynamic.focus(item, index + 1, items.length));
      const only = value[0];
      if (value.length === 1 && only !== undefined && !(only instanceof XmlNode) && isNumeric(only as Atomic))
        return toDouble(only as Atomic) === index + 1;
      return booleanValue(value);
    });
  };
}

function step(
  dynamic: Dynamic,
  walk: (node: XmlNode) => XmlNode[],
  predicates: readonly Predicate[],
  reverse: boolean,
): Sequence {
  let nodes: Sequence = walk(contextNode(dynamic));
  for (const predicate of predicates) nodes = predicate(nodes, dynamic);
  return reverse && nodes.length > 1 ? [...nodes].reverse() : nodes;
}

function compilePath(left: Expression, right: Expression, compile: (inner: Expression) => Evaluator): Evaluator {
  const joined = joinDescendants(left, right);
  if (joined !== null) return compilePath(joined.left, joined.right, compile);
  const [start, next] = [compile(left), compile(right)];
  return (dynamic) => {
    const items = start(dynamic);
    const [only] = items;
    if (items.length === 1) {
      const result = next(dynamic.focus(only as Item, 1, 1));
      return result.length > 1 ? ordered(result) : result;
    }
    const result: Item[] = [];
    items.forEach((item, index) => {
      dynamic.environment.budget.spend(1);
      append(result, next(dynamic.focus(item, index + 1, items.length)));
    });
    return ordered(result);
  };
}

/** `a//b` is `a/descendant-or-self::node()/child::b`; without a predicate that counts it is `a/descendant::b`, one walk. */
function joinDescendants(left: Expression, right: Expression): { left: Expression; right: Expression } | null {
  if (right.type !== 'step' || right.axis !== 'child' || left.type !== 'path') return null;
  const middle = left.right;
  if (
    middle.type !== 'step' ||
    middle.axis !== 'descendant-or-self' ||
    middle.predicates.length > 0 ||
    !isAnyNode(middle.test)
  )
    return null;
  if (!right.predicates.every(isPositionFree)) return null;
  return { left: left.left, right: { ...right, axis: 'descendant' } };
}

function isAnyNode(test: NodeTest): boolean {
  return test.type === 'kind' && test.kind === 'node';
}

/** @returns whether the value is a boolean or nodes, and so cannot be a position, and does not ask for the position */
export function isPositionFree(expression: Expression): boolean {
  switch (expression.type) {
    case 'comparison':
      return asksNoPosition(expression.left) && asksNoPosition(expression.right);
    case 'or':
    case 'and':
      return isPositionFree(expression.left) && isPositionFree(expression.right);
    case 'step':
      return true;
    case 'path':
      return asksNoPosition(expression);
    case 'call':
      return (
        ['not', 'contains', 'starts-with', 'ends-with', 'exists', 'empty', 'matches'].includes(expression.name.name) &&
        expression.arguments.every((value) => value !== null && asksNoPosition(value))
      );
    default:
      return false;
  }
}

function asksNoPosition(expression: Expression): boolean {
  switch (expression.type) {
    case 'literal':
    case 'context':
    case 'variable':
    case 'root':
    case 'step':
      return true;
    case 'path':
      return asksNoPosition(expression.left) && asksNoPosition(expression.right);
    case 'call':
      return (
        expression.name.name !== 'position' &&
        expression.name.name !== 'last' &&
        expression.arguments.every((value) => value !== null && asksNoPosition(value))
      );
    case 'comparison':
      return asksNoPosition(expression.left) && asksNoPosition(expression.right);
    default:
      return false;
  }
}

function ordered(items: Sequence): Sequence {
  const nodes = items.filter((item) => item instanceof XmlNode);
  if (nodes.length === items.length) return documentOrder(nodes);
  if (nodes.length > 0) throw xpathError('XPTY0018', 'A path gives nodes and other values together.');
  return items;
}

function requireFunction(name: QualifiedName, arity: number, context: StaticContext): XPathFunctionImplementation {
  const own = context.function?.(name.namespace, name.name, arity) ?? null;
  return own ?? findFunction(name, arity);
}

function compileCall(
  name: QualifiedName,
  values: readonly (Expression | null)[],
  context: StaticContext,
  compile: (inner: Expression) => Evaluator,
): Evaluator {
  const evaluators = values.map((value) => (value === null ? null : compile(value)));
  if (name.namespace === XS_NAMESPACE) {
    checkType(name.name);
    const [operand] = evaluators;
    if (evaluators.length !== 1 || operand === null || operand === undefined)
      throw new ExpressionSyntaxError(`xs:${name.name} takes one argument.`);
    return (dynamic) => {
      const value = oneAtomic(operand(dynamic), `The argument of xs:${name.name}`);
      return value === null ? EMPTY : [castTo(value, name.name)];
    };
  }
  const found = requireFunction(name, values.length, context);
  const complete = evaluators
    .filter((value) => value !== null)
    .map((value) => (context.compatible === true && FIRST_ITEM_ONLY.has(name.name) ? firstOf(value) : value));
  if (complete.length < evaluators.length)
    return (dynamic) => [
      partial(new XPathFunction(values.length, (inner, given) => found.call(inner, given)), evaluators, dynamic),
    ];
  const [first, second] = complete;
  if (first === undefined) return (dynamic) => found.call(dynamic, []);
  if (second === undefined) return (dynamic) => found.call(dynamic, [first(dynamic)]);
  return (dynamic) =>
    found.call(
      dynamic,
      complete.map((value) => value(dynamic)),
    );
}

/** Functions of XPath 1.0 that take the first of several items. */
const FIRST_ITEM_ONLY = new Set(
  'string number concat contains starts-with substring substring-before substring-after string-length normalize-space translate floor ceiling round format-number name local-name namespace-uri generate-id'.split(
    ' ',
  ),
);

function firstOf(evaluator: Evaluator): Evaluator {
  return (dynamic) => evaluator(dynamic).slice(0, 1);
}

/** A call with `?` for some arguments gives a function of those. */
function partial(target: XPathFunction, evaluators: readonly (Evaluator | null)[], dynamic: Dynamic): XPathFunction {
  const given = evaluators.map((value) => (value === null ? null : value(dynamic)));
  return new XPathFunction(given.filter((value) => value === null).length, (inner, rest) => {
    let next = 0;
    return target.call(
      inner,
      given.map((value) => value ?? rest[next++] ?? EMPTY),
    );
  });
}

function compileDynamicCall(target: Evaluator, values: readonly (Evaluator | null)[]): Evaluator {
  return (dynamic) => {
    const called = target(dynamic);
    const [only] = called;
    if (called.length !== 1 || only === undefined) throw xpathError('XPTY0004', 'What is called is not one function.');
    const wanted = toFunction(only);
    if (values.some((value) => value === null)) return [partial(wanted, values, dynamic)];
    if (wanted.arity !== values.length)
      throw xpathError('XPTY0004', `A function of ${wanted.arity} arguments got ${values.length}.`);
    return wanted.call(
      dynamic,
      values.map((value) => (value as Evaluator)(dynamic)),
    );
  };
}
