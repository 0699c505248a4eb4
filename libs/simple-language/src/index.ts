export { compileSimplePredicate, compileSimpleTemplate, mayReadBody, simpleTemplateParts } from './compile-simple.js';
export { regexOf } from './regular-expression.js';
export type {
  CompiledExpression,
  CompiledPredicate,
  SimpleContext,
  SimpleException,
  SimpleMessage,
  SimpleNames,
} from './simple-context.js';
