import { type Expression } from '../syntax/xpath-ast.js';

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
