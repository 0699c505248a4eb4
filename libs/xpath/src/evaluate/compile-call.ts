import { ExpressionSyntaxError } from '@sluice/domain';
import { findFunction } from '../function/function-library.js';
import { type StaticContext, type XPathFunctionImplementation, XS_NAMESPACE } from '../static-context.js';
import { type Expression, type QualifiedName } from '../syntax/xpath-ast.js';
import { castTo } from '../value/cast-value.js';
import { type Dynamic, EMPTY, type Sequence, XPathFunction, oneAtomic, xpathError } from '../value/xpath-value.js';
import { checkType } from './compile-type.js';
import { toFunction } from './dynamic-access.js';
import { type Compile, type Evaluator, variableKey } from './evaluator.js';

/** @throws ExpressionSyntaxError for a function that there is not, or with another number of arguments */
export function compileCall(
  name: QualifiedName,
  values: readonly (Expression | null)[],
  context: StaticContext,
  compile: Compile,
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

function requireFunction(name: QualifiedName, arity: number, context: StaticContext): XPathFunctionImplementation {
  const own = context.function?.(name.namespace, name.name, arity) ?? null;
  return own ?? findFunction(name, arity);
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

/** `$f(a)`; null stands for `?` */
export function compileDynamicCall(target: Evaluator, values: readonly (Evaluator | null)[]): Evaluator {
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

/** `name#1` */
export function compileFunctionReference(name: QualifiedName, arity: number, context: StaticContext): Evaluator {
  const found = requireFunction(name, arity, context);
  const value: Sequence = [new XPathFunction(arity, (dynamic, values) => found.call(dynamic, values))];
  return () => value;
}

/** `function($a) { … }`: sees the variables of where it is written. */
export function compileInlineFunction(parameters: readonly QualifiedName[], body: Evaluator): Evaluator {
  const keys = parameters.map(variableKey);
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
