import { FlowProcessingError } from '../../error/flow-errors.js';
import { XmlNode } from '../../xml/xml-node.js';
import { valueToText } from '../convert-value.js';
import type { ExpressionContext } from '../expression-context.js';
import { compileExpression } from './evaluate-expression.js';
import { parseXPath } from './parse-xpath.js';
import {
  EMPTY,
  EvaluationBudget,
  Dynamic,
  type DynamicEnvironment,
  type Item,
  type Sequence,
  booleanValue,
  textOf,
} from './xpath-value.js';
import type { StaticContext, XPathFunctionImplementation } from './static-context.js';

/** Operations one evaluation may take; some seconds of work. */
export const XPATH_BUDGET = 10_000_000;

const IN_NAMESPACE = 'http://camel.apache.org/xml/in/';

export interface CompiledXPath {
  toBoolean(context: ExpressionContext): boolean;
  /** The string value of the first item; empty if there is none. */
  toText(context: ExpressionContext): string;
  /** @throws FlowProcessingError `expression-failed` if an item is not a node */
  toNodes(context: ExpressionContext): readonly XmlNode[];
  evaluate(context: ExpressionContext): Sequence;
}

/**
 * Compiles an XPath 3.1 expression of a flow. Its context is the document of the body; `$name` is the header of that name,
 * else the property.
 * @throws ExpressionSyntaxError
 */
export function compileXPath(source: string, namespaces: Readonly<Record<string, string>>): CompiledXPath {
  const context: StaticContext = {
    namespace: (prefix) => namespaces[prefix] ?? (prefix === 'in' ? IN_NAMESPACE : null),
    elementNamespace: '',
    function: flowFunction,
  };
  const evaluator = compileExpression(parseXPath(source, context), context);
  const evaluate = (run: ExpressionContext): Sequence => {
    const environment = new FlowEnvironment(run);
    return evaluator(new Dynamic(run.message.document(), 1, 1, null, environment));
  };
  return {
    evaluate,
    toBoolean: (run) => booleanValue(evaluate(run)),
    toText: (run) => {
      const [first] = evaluate(run);
      return first === undefined ? '' : textOf(first);
    },
    toNodes: (run) =>
      evaluate(run).map((item) => {
        if (item instanceof XmlNode) return item;
        throw new FlowProcessingError(
          'expression-failed',
          `The XPath "${source}" gives a value where nodes are expected.`,
        );
      }),
  };
}

class FlowEnvironment implements DynamicEnvironment {
  readonly budget = new EvaluationBudget(XPATH_BUDGET);
  readonly host: ExpressionContext;

  constructor(context: ExpressionContext) {
    this.host = context;
  }

  now(): number {
    return this.host.now();
  }

  variable(key: string): Sequence | undefined {
    const { headers, properties } = this.host.message;
    if (headers.has(key)) return itemsOf(headers.get(key));
    return properties.has(key) ? itemsOf(properties.get(key)) : EMPTY;
  }
}

function itemsOf(value: unknown): Sequence {
  if (value === null || value === undefined) return EMPTY;
  if (value instanceof XmlNode || typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean')
    return [value];
  if (Array.isArray(value)) return value.flatMap((item): Sequence => itemsOf(item));
  return [valueToText(value)];
}

/** `in:header('x')` and `in:property('x')`, as Camel offers them to XPath. */
function flowFunction(namespace: string, name: string, arity: number): XPathFunctionImplementation | null {
  if (namespace !== IN_NAMESPACE || arity !== 1 || (name !== 'header' && name !== 'property')) return null;
  return {
    minimum: 1,
    maximum: 1,
    call: (dynamic, [key]) => {
      const { message } = dynamic.environment.host as ExpressionContext;
      const wanted = textOf((key?.[0] ?? '') as Item);
      return itemsOf(name === 'header' ? message.headers.get(wanted) : message.properties.get(wanted));
    },
  };
}
