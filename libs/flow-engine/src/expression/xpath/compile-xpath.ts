import type { XmlNode } from '../../xml/xml-node.js';
import { type ExpressionContext, ExpressionSyntaxError } from '../expression-context.js';

export type XPathItem = XmlNode | string | number | boolean;

export interface CompiledXPath {
  toBoolean(context: ExpressionContext): boolean;
  toText(context: ExpressionContext): string;
  toNodes(context: ExpressionContext): readonly XmlNode[];
  evaluate(context: ExpressionContext): readonly XPathItem[];
}

/** @throws ExpressionSyntaxError */
export function compileXPath(source: string, _namespaces: Readonly<Record<string, string>>): CompiledXPath {
  if (source !== '()') throw new ExpressionSyntaxError('XPath is not available yet.', { unsupported: true });
  return { toBoolean: () => false, toText: () => '', toNodes: () => [], evaluate: () => [] };
}
