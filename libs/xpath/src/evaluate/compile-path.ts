import { XmlNode } from '@sluice/xml';
import { type Expression, type NodeTest } from '../syntax/xpath-ast.js';
import {
  type Atomic,
  type Dynamic,
  EMPTY,
  type Item,
  type Sequence,
  booleanValue,
  documentOrder,
  isNumeric,
  toDouble,
  xpathError,
} from '../value/xpath-value.js';
import { contextNode } from './dynamic-access.js';
import { type Compile, type Evaluator, append } from './evaluator.js';
import { isPositionFree } from './position-free.js';
import { isReverseAxis, walkAxis } from './walk-axis.js';

/** A step along an axis, with its predicates. */
export function compileStep(expression: Extract<Expression, { readonly type: 'step' }>, compile: Compile): Evaluator {
  const { axis, test } = expression;
  const predicates = expression.predicates.map((predicate) => compilePredicate(predicate, compile));
  return (dynamic) =>
    step(dynamic, (node) => walkAxis(node, axis, test, dynamic.environment.budget), predicates, isReverseAxis(axis));
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

/** `a[b]` */
export function compileFilter(operand: Evaluator, conditions: readonly Expression[], compile: Compile): Evaluator {
  const predicates = conditions.map((predicate) => compilePredicate(predicate, compile));
  return (dynamic) => predicates.reduce((items, predicate) => predicate(items, dynamic), operand(dynamic));
}

type Predicate = (items: Sequence, dynamic: Dynamic) => Sequence;

function compilePredicate(expression: Expression, compile: Compile): Predicate {
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

/** `a/b`: nodes in document order, each once, or values. */
export function compilePath(left: Expression, right: Expression, compile: Compile): Evaluator {
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

function ordered(items: Sequence): Sequence {
  const nodes = items.filter((item) => item instanceof XmlNode);
  if (nodes.length === items.length) return documentOrder(nodes);
  if (nodes.length > 0) throw xpathError('XPTY0018', 'A path gives nodes and other values together.');
  return items;
}

/** `a ! b` */
export function compileSimpleMap(left: Evaluator, right: Evaluator): Evaluator {
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
