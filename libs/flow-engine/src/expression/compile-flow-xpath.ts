import { compileXPath, type Item, type Sequence, textOf, type XPathHost, type XPathHostFunction } from '@sluice/xpath';
import { XmlNode } from '@sluice/xml';
import { valueToText } from './convert-value.js';
import type { ExpressionContext } from './expression-context.js';

const IN_NAMESPACE = 'http://camel.apache.org/xml/in/';

/** An XPath expression of a flow. */
export interface CompiledXPath {
  toBoolean(context: ExpressionContext): boolean;
  /** The string value of the first item; empty if there is none. */
  toText(context: ExpressionContext): string;
  /**
   * @param document the context item; the document of the body by default
   * @throws FlowProcessingError `expression-failed` if an item is not a node
   */
  toNodes(context: ExpressionContext, document?: XmlNode): readonly XmlNode[];
  evaluate(context: ExpressionContext): Sequence;
}

/**
 * Compiles an XPath 3.1 expression of a flow. Its context is the document of the body; `$name` is the header of that name,
 * else the property.
 * @throws ExpressionSyntaxError
 */
export function compileFlowXPath(source: string, namespaces: Readonly<Record<string, string>>): CompiledXPath {
  const xpath = compileXPath<MessageHost>(source, {
    namespace: (prefix) => namespaces[prefix] ?? (prefix === 'in' ? IN_NAMESPACE : null),
    function: messageFunction,
  });
  return {
    evaluate: (context) => xpath.evaluate(context.message.document(), new MessageHost(context)),
    toBoolean: (context) => xpath.toBoolean(context.message.document(), new MessageHost(context)),
    toText: (context) => xpath.toText(context.message.document(), new MessageHost(context)),
    toNodes: (context, document = context.message.document()) => xpath.toNodes(document, new MessageHost(context)),
  };
}

/** Headers and properties as the variables of an expression. */
class MessageHost implements XPathHost {
  readonly context: ExpressionContext;

  constructor(context: ExpressionContext) {
    this.context = context;
  }

  now(): number {
    return this.context.now();
  }

  variable(key: string): Sequence {
    const { headers, properties } = this.context.message;
    return itemsOf(headers.has(key) ? headers.get(key) : properties.get(key));
  }
}

function itemsOf(value: unknown): Sequence {
  if (value === null || value === undefined) return [];
  if (value instanceof XmlNode || typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean')
    return [value];
  if (Array.isArray(value)) return value.flatMap((item): Sequence => itemsOf(item));
  return [valueToText(value)];
}

/** `in:header('x')` and `in:property('x')`, as Camel offers them to XPath. */
function messageFunction(namespace: string, name: string, arity: number): XPathHostFunction<MessageHost> | null {
  if (namespace !== IN_NAMESPACE || arity !== 1 || (name !== 'header' && name !== 'property')) return null;
  return ({ context: { message } }, [key]) => {
    const wanted = textOf((key?.[0] ?? '') as Item);
    return itemsOf(name === 'header' ? message.headers.get(wanted) : message.properties.get(wanted));
  };
}
