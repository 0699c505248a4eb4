import { FlowProcessingError } from '@sluice/domain';
import { XmlNode } from '@sluice/xml';
import { compileExpression } from './evaluate/compile-expression.js';
import { type StaticContext, type XPathFunctionImplementation } from './static-context.js';
import { parseXPath } from './syntax/parse-xpath.js';
import {
  Dynamic,
  type DynamicEnvironment,
  EvaluationBudget,
  type Item,
  type Sequence,
  booleanValue,
  textOf,
} from './value/xpath-value.js';

/** Operations one evaluation may take; some seconds of work. */
export const XPATH_BUDGET = 10_000_000;

/** What one evaluation asks of the program around it. */
export interface XPathHost {
  /** Milliseconds since 1970 for current-dateTime(). */
  now(): number;
  /**
   * The value of a variable that the expression does not bind.
   * @param key its name; with a namespace `{uri}name`
   * @returns undefined when there is no such variable, which fails the evaluation
   */
  variable(key: string): Sequence | undefined;
}

/** A function of the program around the expression. Arguments come evaluated. */
export type XPathHostFunction<Host> = (host: Host, values: readonly Sequence[]) => Sequence;

/** What an expression is compiled with. */
export interface XPathOptions<Host> {
  /** @returns the URI of a prefix, or null if it is not bound; `fn`, `xs`, `math`, `map`, `array` and `xml` are anyway */
  namespace(prefix: string): string | null;
  /** @returns a function of the host's own, or null; asked before the built-in library */
  function?(namespace: string, name: string, arity: number): XPathHostFunction<Host> | null;
}

/** An expression made ready. Every evaluation has a budget of its own, and throws FlowProcessingError when it is spent. */
export interface CompiledXPath<Host extends XPathHost = XPathHost> {
  /** @param item the context item @returns the effective boolean value */
  toBoolean(item: Item, host: Host): boolean;
  /** @returns the string value of the first item; empty if there is none */
  toText(item: Item, host: Host): string;
  /** @throws FlowProcessingError `expression-failed` if an item of the result is not a node */
  toNodes(item: Item, host: Host): readonly XmlNode[];
  evaluate(item: Item, host: Host): Sequence;
}

/**
 * Compiles an XPath 3.1 expression.
 * @throws ExpressionSyntaxError for what cannot be read, and for a function or type that there is not
 */
export function compileXPath<Host extends XPathHost>(source: string, options: XPathOptions<Host>): CompiledXPath<Host> {
  const context: StaticContext = {
    namespace: (prefix) => options.namespace(prefix),
    elementNamespace: '',
    function: (namespace, name, arity) => hostFunction(options.function?.(namespace, name, arity) ?? null, arity),
  };
  const evaluator = compileExpression(parseXPath(source, context), context);
  const evaluate = (item: Item, host: Host): Sequence =>
    evaluator(new Dynamic(item, 1, 1, null, new HostEnvironment(host)));
  return {
    evaluate,
    toBoolean: (item, host) => booleanValue(evaluate(item, host)),
    toText: (item, host) => {
      const [first] = evaluate(item, host);
      return first === undefined ? '' : textOf(first);
    },
    toNodes: (item, host) =>
      evaluate(item, host).map((found) => {
        if (found instanceof XmlNode) return found;
        throw new FlowProcessingError(
          'expression-failed',
          `The XPath "${source}" gives a value where nodes are expected.`,
        );
      }),
  };
}

class HostEnvironment implements DynamicEnvironment {
  readonly budget = new EvaluationBudget(XPATH_BUDGET);
  readonly host: XPathHost;

  constructor(host: XPathHost) {
    this.host = host;
  }

  now(): number {
    return this.host.now();
  }

  variable(key: string): Sequence | undefined {
    return this.host.variable(key);
  }
}

function hostFunction<Host>(call: XPathHostFunction<Host> | null, arity: number): XPathFunctionImplementation | null {
  if (call === null) return null;
  return { minimum: arity, maximum: arity, call: (dynamic, values) => call(dynamic.environment.host as Host, values) };
}
