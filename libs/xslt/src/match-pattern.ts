import { ExpressionSyntaxError } from '@sluice/domain';
import {
  matchesNodeTest,
  type Evaluator,
  compileExpression,
  isPositionFree,
  parseXPath,
  type StaticContext,
  walkAxis,
  type Expression,
  type NodeTest,
  type Atomic,
  type Dynamic,
  type Sequence,
  booleanValue,
  isNumeric,
  toDouble,
} from '@sluice/xpath/host-language';
import { XmlNode } from '@sluice/xml';

/** Whether a node matches, given variables and environment in `dynamic`. */
type Matcher = (node: XmlNode, dynamic: Dynamic) => boolean;

/** One alternative of a match pattern. */
export interface Pattern {
  readonly matches: Matcher;
  readonly defaultPriority: number;
  /** Test on the node itself, to find rules by kind and name; null if the pattern begins with a call. */
  readonly test: NodeTest | null;
}

/**
 * Compiles a match pattern into its alternatives.
 * @throws ExpressionSyntaxError
 */
export function compilePattern(source: string, context: StaticContext): readonly Pattern[] {
  return alternatives(parseXPath(source, context)).map((expression) => ({
    matches: compileMatcher(expression, context, source),
    defaultPriority: priorityOf(expression),
    test: testOf(expression),
  }));
}

function alternatives(expression: Expression): Expression[] {
  if (expression.type === 'union') return [...alternatives(expression.left), ...alternatives(expression.right)];
  if (expression.type === 'sequence' && expression.items.length === 1)
    return alternatives(expression.items[0] as Expression);
  return [expression];
}

function testOf(expression: Expression): NodeTest | null {
  if (expression.type === 'root') return { type: 'kind', kind: 'document-node', test: null };
  if (expression.type === 'path') return testOf(expression.right);
  if (expression.type !== 'step') return null;
  if (expression.axis === 'attribute' && expression.test.type === 'name')
    return { type: 'kind', kind: 'attribute', test: expression.test.test };
  if (expression.axis === 'attribute') return null;
  return expression.test.type === 'kind' && expression.test.kind === 'node' ? null : expression.test;
}

function priorityOf(expression: Expression): number {
  if (expression.type === 'root') return -0.5;
  if (expression.type !== 'step' || expression.predicates.length > 0) return 0.5;
  const { test } = expression;
  const names = test.type === 'name' ? test.test : test.test;
  if (names === null) return -0.5;
  if (test.type === 'kind' && test.kind === 'processing-instruction') return 0;
  if (names.name === null && names.namespace === null) return -0.5;
  return names.name === null || names.namespace === null ? -0.25 : 0;
}

/** The functions a pattern may begin with (XSLT 3.0, 5.5.2). */
const functionsOfPatterns: ReadonlySet<string> = new Set(['doc', 'element-with-id', 'id', 'key', 'root']);

function compileMatcher(expression: Expression, context: StaticContext, source: string): Matcher {
  switch (expression.type) {
    case 'root':
      return (node) => node.kind === 'document';
    case 'step':
      return compileStep(expression, context, source);
    case 'path': {
      const last = compileMatcher(expression.right, context, source);
      const { left } = expression;
      if (left.type === 'path' && isDescendants(left.right)) {
        const above = compileMatcher(left.left, context, source);
        return (node, dynamic) => {
          if (!last(node, dynamic)) return false;
          for (let ancestor = node.parent; ancestor !== null; ancestor = ancestor.parent)
            if (above(ancestor, dynamic)) return true;
          return false;
        };
      }
      const parent = compileMatcher(left, context, source);
      return (node, dynamic) => last(node, dynamic) && node.parent !== null && parent(node.parent, dynamic);
    }
    case 'filter': {
      // `.[condition]` of XSLT 3.0
      if (expression.operand.type !== 'context') break;
      const predicates = expression.predicates.map((predicate) => compileExpression(predicate, context));
      return (node, dynamic) => predicates.every((predicate) => booleanValue(predicate(dynamic.focus(node, 1, 1))));
    }
    case 'context':
      return () => true;
    case 'call': {
      if (!functionsOfPatterns.has(expression.name.name)) break;
      // key('name', value): the node is one of those the key finds
      const found = compileExpression(expression, context);
      return (node, dynamic) => found(dynamic.focus(node, 1, 1)).includes(node);
    }
    default:
  }
  throw new ExpressionSyntaxError(`"${source}" is not a match pattern.`);
}

function isDescendants(expression: Expression): boolean {
  return expression.type === 'step' && expression.axis === 'descendant-or-self' && expression.predicates.length === 0;
}

function compileStep(step: Extract<Expression, { type: 'step' }>, context: StaticContext, source: string): Matcher {
  const { axis, test } = step;
  if (
    axis !== 'child' &&
    axis !== 'attribute' &&
    axis !== 'self' &&
    axis !== 'descendant' &&
    axis !== 'descendant-or-self'
  )
    throw new ExpressionSyntaxError(`"${source}" uses the axis ${axis}, which a match pattern may not.`);
  const predicates = step.predicates.map((predicate) => ({
    evaluate: compileExpression(predicate, context),
    counts: !isPositionFree(predicate),
  }));
  const principal = axis === 'attribute' ? 'attribute' : 'element';
  return (node, dynamic) => {
    if (
      axis === 'attribute'
        ? node.kind !== 'attribute'
        : node.kind === 'attribute' || (axis === 'child' && node.kind === 'document')
    )
      return false;
    if (!matchesNodeTest(node, test, principal)) return false;
    return (
      predicates.length === 0 || passes(node, axis === 'attribute' ? 'attribute' : 'child', test, predicates, dynamic)
    );
  };
}

function passes(
  node: XmlNode,
  axis: 'child' | 'attribute',
  test: NodeTest,
  predicates: readonly { readonly evaluate: Evaluator; readonly counts: boolean }[],
  dynamic: Dynamic,
): boolean {
  let siblings: readonly XmlNode[] | null = null;
  for (const [index, predicate] of predicates.entries()) {
    if (!predicate.counts) {
      if (!holds(predicate.evaluate(dynamic.focus(node, 1, 1)), 1)) return false;
      continue;
    }
    // The position is among the siblings that passed the predicates before this one.
    siblings = node.parent === null ? [node] : walkAxis(node.parent, axis, test, dynamic.environment.budget);
    for (const before of predicates.slice(0, index)) {
      const all: readonly XmlNode[] = siblings;
      siblings = all.filter((sibling, place) =>
        holds(before.evaluate(dynamic.focus(sibling, place + 1, all.length)), place + 1),
      );
    }
    const position = siblings.indexOf(node) + 1;
    if (!holds(predicate.evaluate(dynamic.focus(node, position, siblings.length)), position)) return false;
  }
  return true;
}

function holds(value: Sequence, position: number): boolean {
  const [only] = value;
  if (value.length === 1 && only !== undefined && !(only instanceof XmlNode) && isNumeric(only as Atomic))
    return toDouble(only as Atomic) === position;
  return booleanValue(value);
}
