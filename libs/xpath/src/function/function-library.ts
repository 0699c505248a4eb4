import { ExpressionSyntaxError, nearestOf } from '@sluice/domain';
import {
  ARRAY_NAMESPACE,
  FN_NAMESPACE,
  MAP_NAMESPACE,
  MATH_NAMESPACE,
  type XPathFunctionImplementation,
} from '../static-context.js';
import { type QualifiedName } from '../syntax/xpath-ast.js';
import { COLLECTION_FUNCTIONS } from './collection-functions.js';
import { DATE_FUNCTIONS } from './date-functions.js';
import { JSON_FUNCTIONS } from './json-functions.js';
import { NODE_FUNCTIONS } from './node-functions.js';
import { NUMBER_FUNCTIONS } from './number-functions.js';
import { SEQUENCE_FUNCTIONS } from './sequence-functions.js';
import { TEXT_FUNCTIONS } from './text-functions.js';

const PREFIXES: Readonly<Record<string, string>> = {
  [FN_NAMESPACE]: '',
  [MATH_NAMESPACE]: 'math:',
  [MAP_NAMESPACE]: 'map:',
  [ARRAY_NAMESPACE]: 'array:',
};

/** By the name with its usual prefix; functions of `fn` have none. */
export const FUNCTION_LIBRARY: ReadonlyMap<string, XPathFunctionImplementation> = new Map([
  ...NODE_FUNCTIONS,
  ...TEXT_FUNCTIONS,
  ...NUMBER_FUNCTIONS,
  ...SEQUENCE_FUNCTIONS,
  ...DATE_FUNCTIONS,
  ...COLLECTION_FUNCTIONS,
  ...JSON_FUNCTIONS,
]);

/** Functions that would read from outside the message. */
export const REFUSED_FUNCTIONS: ReadonlySet<string> = new Set([
  'doc',
  'doc-available',
  'document',
  'collection',
  'uri-collection',
  'unparsed-text',
  'unparsed-text-lines',
  'unparsed-text-available',
  'environment-variable',
  'available-environment-variables',
  'load-xquery-module',
  'transform',
  'put',
]);

/** @throws ExpressionSyntaxError if there is no such function with so many arguments */
export function findFunction(name: QualifiedName, arity: number): XPathFunctionImplementation {
  const prefix = PREFIXES[name.namespace];
  const full = prefix === undefined ? null : `${prefix}${name.name}`;
  const found = full === null ? undefined : FUNCTION_LIBRARY.get(full);
  if (found !== undefined && arity >= found.minimum && arity <= found.maximum) return found;
  if (found !== undefined) {
    const wanted = found.minimum === found.maximum ? `${found.minimum}` : `${found.minimum} to ${found.maximum}`;
    throw new ExpressionSyntaxError(`The function ${full} takes ${wanted} arguments, not ${arity}.`);
  }
  if (full !== null && REFUSED_FUNCTIONS.has(full))
    throw new ExpressionSyntaxError(`The function ${full}() would read from outside the message, which no flow may.`, {
      unsupported: true,
      nearest: 'a request-reply step, or a property set before',
    });
  const nearest = nearestOf(name.name, [...FUNCTION_LIBRARY.keys()]);
  const shown = full ?? `Q{${name.namespace}}${name.name}`;
  throw new ExpressionSyntaxError(`There is no XPath function ${shown}() with ${arity} arguments.`, {
    unsupported: true,
    ...(nearest === undefined ? {} : { nearest: `${nearest}()` }),
  });
}
