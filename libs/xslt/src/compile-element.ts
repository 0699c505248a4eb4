import { ExpressionSyntaxError } from '@sluice/domain';
import {
  castTo,
  isKnownType,
  type Evaluator,
  compileExpression,
  parseXPath,
  type StaticContext,
  type Atomic,
  type Dynamic,
  type Item,
  type Sequence,
  UntypedAtomic,
  atomize,
  isNumeric,
  textOf,
  type XPathFunctionImplementation,
} from '@sluice/xpath/host-language';
import { XML_NAMESPACE, type XmlNode } from '@sluice/xml';
import { type Pattern, compilePattern } from './match-pattern.js';
import { type StylesheetProblem } from './stylesheet-error.js';
import { XSLT_NAMESPACE, xsltFunction } from './xslt-functions.js';

/** A text computed from the focus: an attribute value template. */
export type TextTemplate = (dynamic: Dynamic) => string;

/** Compiles what stands in the attributes of a stylesheet's elements; collects problems instead of stopping at the first. */
export class ElementCompiler {
  readonly problems: StylesheetProblem[] = [];
  /** Functions the stylesheet declares, by `{namespace}name#arity`. */
  readonly functions = new Map<string, XPathFunctionImplementation>();

  problem(node: XmlNode, message: string, options: { unsupported?: boolean; nearest?: string | undefined } = {}): void {
    if (this.problems.length < 100)
      this.problems.push({
        line: node.line,
        message,
        unsupported: options.unsupported ?? false,
        ...(options.nearest === undefined ? {} : { nearest: options.nearest }),
      });
  }

  #attempt<T>(node: XmlNode, compile: () => T): T | null {
    try {
      return compile();
    } catch (error) {
      if (!(error instanceof ExpressionSyntaxError)) throw error;
      this.problem(node, error.message, { unsupported: error.unsupported, nearest: error.nearest });
      return null;
    }
  }

  context(node: XmlNode): StaticContext {
    return {
      namespace: (prefix) => (prefix === 'xml' ? XML_NAMESPACE : node.lookupNamespace(prefix)),
      elementNamespace: inherited(node, 'xpath-default-namespace') ?? '',
      compatible: isCompatible(node),
      function: (namespace, name, arity) =>
        this.functions.get(`{${namespace}}${name}#${arity}`) ?? xsltFunction(namespace, name, arity),
    };
  }

  expression(node: XmlNode, source: string): Evaluator {
    const context = this.context(node);
    return this.#attempt(node, () => compileExpression(parseXPath(source, context), context)) ?? (() => []);
  }

  /** @returns the expression in an attribute, or null if the attribute is absent */
  select(node: XmlNode, attribute = 'select'): Evaluator | null {
    const source = node.attribute(attribute);
    return source === null ? null : this.expression(node, source);
  }

  required(node: XmlNode, attribute: string): string {
    const value = node.attribute(attribute);
    if (value === null) this.problem(node, `xsl:${node.name} needs the attribute ${attribute}.`);
    return value ?? '';
  }

  pattern(node: XmlNode, source: string): readonly Pattern[] {
    return this.#attempt(node, () => compilePattern(source, this.context(node))) ?? [];
  }

  /** `a{b}c`: the braces hold expressions. */
  template(node: XmlNode, source: string): TextTemplate {
    if (!source.includes('{') && !source.includes('}')) return () => source;
    const parts = this.#attempt(node, () => this.#templateParts(node, source)) ?? [];
    return (dynamic) => {
      let text = '';
      for (const part of parts) text += typeof part === 'string' ? part : part(dynamic);
      return text;
    };
  }

  #templateParts(node: XmlNode, source: string): (string | TextTemplate)[] {
    const parts: (string | TextTemplate)[] = [];
    const compatible = isCompatible(node);
    let literal = '';
    for (let position = 0; position < source.length; position++) {
      const character = source[position] as string;
      if ((character === '{' || character === '}') && source[position + 1] === character) {
        literal += character;
        position++;
      } else if (character === '{') {
        const end = expressionEnd(source, position + 1);
        if (literal !== '') parts.push(literal);
        literal = '';
        const inner = source.slice(position + 1, end);
        if (inner.trim() !== '') {
          const evaluate = this.expression(node, inner);
          parts.push((dynamic) => {
            const atoms = atomize(evaluate(dynamic));
            return (compatible ? atoms.slice(0, 1) : atoms).map(textOf).join(' ');
          });
        }
        position = end;
      } else if (character === '}') throw new ExpressionSyntaxError(`"${source}" has a } without a {.`);
      else literal += character;
    }
    if (literal !== '') parts.push(literal);
    return parts;
  }

  /** @returns the template in an attribute; absent: null */
  attributeTemplate(node: XmlNode, attribute: string): TextTemplate | null {
    const source = node.attribute(attribute);
    return source === null ? null : this.template(node, source);
  }

  /** @returns the expanded name of a variable, template or mode: `name` or `{uri}name` */
  expandedName(node: XmlNode, source: string): string {
    const trimmed = source.trim();
    const braced = /^Q\{([^{}]*)\}(.+)$/.exec(trimmed);
    if (braced !== null) return braced[1] === '' ? (braced[2] as string) : `{${braced[1]}}${braced[2]}`;
    const colon = trimmed.indexOf(':');
    if (colon < 0) return trimmed;
    const namespace = node.lookupNamespace(trimmed.slice(0, colon));
    if (namespace === null) this.problem(node, `The prefix of "${trimmed}" is not declared.`);
    return `{${namespace ?? ''}}${trimmed.slice(colon + 1)}`;
  }

  /** @returns what `as="…"` does to a value: untyped values are converted to an atomic type */
  conversion(node: XmlNode): ((value: Sequence) => Sequence) | null {
    const as = node.attribute('as');
    if (as === null) return null;
    const atomic = /^\s*(?:xs|xsd):(\w+)\s*[?*+]?\s*$/.exec(as)?.[1];
    if (atomic === undefined || atomic === 'anyAtomicType') return (value) => value;
    if (!isKnownType(atomic)) this.problem(node, `The type "${as}" is not known.`);
    return (value) => atomize(value).map((item) => promote(item, atomic));
  }
}

function promote(item: Atomic, type: string): Item {
  if (item instanceof UntypedAtomic) return castTo(item, type);
  if ((type === 'double' || type === 'float') && isNumeric(item)) return castTo(item, 'double');
  if (type === 'decimal' && typeof item === 'bigint') return item;
  if (type === 'string' && typeof item !== 'string') return castTo(item, 'string');
  return item;
}

function expressionEnd(source: string, start: number): number {
  let quote = '';
  let depth = 0;
  for (let position = start; position < source.length; position++) {
    const character = source[position] as string;
    if (quote !== '') {
      if (character === quote) quote = '';
    } else if (character === '"' || character === "'") quote = character;
    else if (character === '{') depth++;
    else if (character === '}') {
      if (depth === 0) return position;
      depth--;
    }
  }
  throw new ExpressionSyntaxError(`"${source}" has a { without a }.`);
}

/** @returns an attribute of the nearest element that has it: plain on xsl elements, `xsl:` on others */
export function inherited(node: XmlNode, name: string): string | null {
  for (let current: XmlNode | null = node; current !== null; current = current.parent) {
    const own = current.namespace === XSLT_NAMESPACE;
    const found = current.attributes.find(
      (attribute) => attribute.name === name && attribute.namespace === (own ? '' : XSLT_NAMESPACE),
    );
    if (found !== undefined) return found.value;
  }
  return null;
}

function isCompatible(node: XmlNode): boolean {
  return Number(inherited(node, 'version') ?? '2.0') < 2;
}

export function isYes(value: string | null): boolean {
  return value !== null && /^\s*(yes|true|1)\s*$/.test(value);
}
