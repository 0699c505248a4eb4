import { type StaticContext } from '../static-context.js';
import { type Expression } from '../syntax/xpath-ast.js';
import { Decimal } from '../value/decimal.js';
import { EMPTY, type Item, type Sequence, booleanValue, xpathError } from '../value/xpath-value.js';
import { compileCall, compileDynamicCall, compileFunctionReference, compileInlineFunction } from './compile-call.js';
import { compileArrayConstructor, compileLookup, compileMapConstructor } from './compile-constructor.js';
import {
  compileArithmetic,
  compileComparison,
  compileConcatenation,
  compileNegation,
  compileRange,
  compileSetOperation,
} from './compile-operator.js';
import { compileFilter, compilePath, compileSimpleMap, compileStep } from './compile-path.js';
import { checkType, compileCast, compileInstanceOf, compileTreat } from './compile-type.js';
import { contextItem, contextNode } from './dynamic-access.js';
import { type Compile, type Evaluator, append, variableKey } from './evaluator.js';

/**
 * Turns a parsed expression into closures, resolving functions and types.
 * @throws ExpressionSyntaxError for an unknown function or type
 */
export function compileExpression(expression: Expression, context: StaticContext): Evaluator {
  const compile: Compile = (inner) => compileExpression(inner, context);
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
    case 'arithmetic':
      return compileArithmetic(
        expression.operator,
        compile(expression.left),
        compile(expression.right),
        context.compatible === true,
      );
    case 'negate':
      return compileNegation(compile(expression.operand));
    case 'concat':
      return compileConcatenation(compile(expression.left), compile(expression.right));
    case 'range':
      return compileRange(compile(expression.left), compile(expression.right));
    case 'union':
    case 'intersect':
    case 'except':
      return compileSetOperation(expression.type, compile(expression.left), compile(expression.right));
    case 'map':
      return compileSimpleMap(compile(expression.left), compile(expression.right));
    case 'instance':
      return compileInstanceOf(compile(expression.operand), expression.as);
    case 'treat':
      return compileTreat(compile(expression.operand), expression.as);
    case 'cast':
    case 'castable':
      checkType(expression.name);
      return compileCast(expression.type, compile(expression.operand), expression.name, expression.optional);
    case 'step':
      return compileStep(expression, compile);
    case 'path':
      return compilePath(expression.left, expression.right, compile);
    case 'filter':
      return compileFilter(compile(expression.operand), expression.predicates, compile);
    case 'call':
      return compileCall(expression.name, expression.arguments, context, compile);
    case 'dynamic-call':
      return compileDynamicCall(
        compile(expression.target),
        expression.arguments.map((value) => (value === null ? null : compile(value))),
      );
    case 'function-reference':
      return compileFunctionReference(expression.name, expression.arity, context);
    case 'inline-function':
      return compileInlineFunction(expression.parameters, compile(expression.body));
    case 'map-constructor':
      return compileMapConstructor(expression.entries.map(([key, value]) => [compile(key), compile(value)]));
    case 'array-constructor':
      return compileArrayConstructor(expression.members.map(compile), expression.square);
    case 'lookup':
      return compileLookup(
        expression.target === null ? null : compile(expression.target),
        expression.key === '*' ? null : compile(expression.key),
      );
  }
}
