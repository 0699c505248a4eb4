import type { XmlNode } from '@sluice/xml';
import { type Axis, type NodeTest } from '../syntax/xpath-ast.js';
import { type EvaluationBudget } from '../value/xpath-value.js';
import { matchesNodeTest } from './match-type.js';

const REVERSE = new Set<Axis>(['parent', 'ancestor', 'ancestor-or-self', 'preceding', 'preceding-sibling']);

export function isReverseAxis(axis: Axis): boolean {
  return REVERSE.has(axis);
}

/** @returns the nodes on an axis that pass the test, in the order of the axis (backwards for a reverse one) */
export function walkAxis(node: XmlNode, axis: Axis, test: NodeTest, budget: EvaluationBudget): XmlNode[] {
  const found: XmlNode[] = [];
  switch (axis) {
    case 'child':
      budget.spend(node.children.length + 1);
      for (const child of node.children) if (matchesNodeTest(child, test, 'element')) found.push(child);
      return found;
    case 'attribute':
      budget.spend(node.attributes.length + 1);
      for (const attribute of node.attributes) if (matchesNodeTest(attribute, test, 'attribute')) found.push(attribute);
      return found;
    case 'self':
      if (matchesNodeTest(node, test, 'element')) found.push(node);
      return found;
    case 'parent':
      if (node.parent !== null && matchesNodeTest(node.parent, test, 'element')) found.push(node.parent);
      return found;
    case 'descendant-or-self':
      if (matchesNodeTest(node, test, 'element')) found.push(node);
      collectDescendants(node, test, found, budget);
      return found;
    case 'descendant':
      collectDescendants(node, test, found, budget);
      return found;
    case 'ancestor':
    case 'ancestor-or-self':
      for (let current = axis === 'ancestor' ? node.parent : node; current !== null; current = current.parent) {
        budget.spend(1);
        if (matchesNodeTest(current, test, 'element')) found.push(current);
      }
      return found;
    case 'following-sibling':
    case 'preceding-sibling':
      collectSiblings(node, axis, test, found, budget);
      return found;
    case 'following':
      for (let current: XmlNode | null = node; current !== null; current = current.parent) {
        const siblings: XmlNode[] = [];
        collectSiblings(current, 'following-sibling', ANY, siblings, budget);
        for (const sibling of siblings) {
          if (matchesNodeTest(sibling, test, 'element')) found.push(sibling);
          collectDescendants(sibling, test, found, budget);
        }
      }
      return found;
    case 'preceding':
      for (let current: XmlNode | null = node; current !== null; current = current.parent) {
        const siblings: XmlNode[] = [];
        collectSiblings(current, 'preceding-sibling', ANY, siblings, budget);
        for (const sibling of siblings) {
          const below: XmlNode[] = [];
          collectDescendants(sibling, test, below, budget);
          found.push(...below.reverse());
          if (matchesNodeTest(sibling, test, 'element')) found.push(sibling);
        }
      }
      return found;
    case 'namespace':
      return found;
  }
}

const ANY: NodeTest = { type: 'kind', kind: 'node', test: null };

function collectSiblings(
  node: XmlNode,
  axis: 'following-sibling' | 'preceding-sibling',
  test: NodeTest,
  found: XmlNode[],
  budget: EvaluationBudget,
): void {
  const siblings = node.kind === 'attribute' ? undefined : node.parent?.children;
  if (siblings === undefined) return;
  const at = indexAmong(siblings, node);
  budget.spend(siblings.length);
  if (axis === 'following-sibling') {
    for (let index = at + 1; index < siblings.length; index++) {
      const sibling = siblings[index] as XmlNode;
      if (matchesNodeTest(sibling, test, 'element')) found.push(sibling);
    }
  } else {
    for (let index = at - 1; index >= 0; index--) {
      const sibling = siblings[index] as XmlNode;
      if (matchesNodeTest(sibling, test, 'element')) found.push(sibling);
    }
  }
}

/** Children are in document order, so the place of one is found by halving. */
function indexAmong(siblings: readonly XmlNode[], node: XmlNode): number {
  let low = 0;
  let high = siblings.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((siblings[middle] as XmlNode).order < node.order) low = middle + 1;
    else high = middle;
  }
  return low;
}

function collectDescendants(node: XmlNode, test: NodeTest, found: XmlNode[], budget: EvaluationBudget): void {
  budget.spend(node.children.length);
  for (const child of node.children) {
    if (matchesNodeTest(child, test, 'element')) found.push(child);
    if (child.children.length > 0) collectDescendants(child, test, found, budget);
  }
}
