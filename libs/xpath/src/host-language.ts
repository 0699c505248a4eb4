/** What a language that holds XPath expressions (XSLT) builds on: its static and dynamic context, values, functions. */
export { compileExpression } from './evaluate/compile-expression.js';
export { type Evaluator, variableKey } from './evaluate/evaluator.js';
export { matchesNodeTest } from './evaluate/match-type.js';
export { isPositionFree } from './evaluate/position-free.js';
export { walkAxis } from './evaluate/walk-axis.js';
export { textArgument } from './function/define-function.js';
export { DEFAULT_DECIMAL_FORMAT, type DecimalFormat, formatNumber } from './function/format-number.js';
export { findFunction } from './function/function-library.js';
export { xpathRegex } from './function/regular-expression.js';
export { compareKeys } from './function/sequence-functions.js';
export { FN_NAMESPACE, type StaticContext, type XPathFunctionImplementation } from './static-context.js';
export { parseXPath } from './syntax/parse-xpath.js';
export type { Expression, NodeTest } from './syntax/xpath-ast.js';
export { castTo, isKnownType } from './value/cast-value.js';
export {
  type Atomic,
  atomize,
  booleanValue,
  documentOrder,
  Dynamic,
  type DynamicEnvironment,
  EMPTY,
  EvaluationBudget,
  isNumeric,
  type Item,
  keyOf,
  oneAtomic,
  parseDouble,
  type Sequence,
  textOf,
  toDouble,
  UntypedAtomic,
  XPathArray,
  xpathError,
  XPathFunction,
  XPathMap,
} from './value/xpath-value.js';
