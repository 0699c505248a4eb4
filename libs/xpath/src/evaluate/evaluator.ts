import { type Expression, type QualifiedName } from '../syntax/xpath-ast.js';
import { type Dynamic, type Item, type Sequence } from '../value/xpath-value.js';

/** An expression made ready: evaluates to a sequence. */
export type Evaluator = (dynamic: Dynamic) => Sequence;

/** Compiles a part of an expression in the same static context. */
export type Compile = (inner: Expression) => Evaluator;

/** One by one, for a spread of many arguments overflows the stack. */
export function append(target: Item[], items: Sequence): void {
  for (const item of items) target.push(item);
}

/** The name under which a variable is bound: `name` or `{uri}name`. */
export function variableKey(name: QualifiedName): string {
  return name.namespace === '' ? name.name : `{${name.namespace}}${name.name}`;
}
