import { clip, ExpressionSyntaxError } from '@sluice/domain';
import { valueToBoolean } from './value-to-boolean.js';
import type { CompiledExpression, CompiledPredicate } from './simple-context.js';

import { compileSimpleFunction } from './compile-function.js';
import { type SimpleOperator, compareBy, isOperator } from './compare-values.js';

type Token =
  | { readonly kind: 'function'; readonly text: string }
  | { readonly kind: 'literal'; readonly text: string; readonly quoted: boolean }
  | { readonly kind: 'operator'; readonly operator: SimpleOperator }
  | { readonly kind: 'logical'; readonly operator: 'and' | 'or' };

/**
 * Compiles a Simple text with `${…}` in it. A text that is one function gives the value itself, anything else a text;
 * absent values give an empty text.
 * @throws ExpressionSyntaxError
 */
export function compileSimpleTemplate(source: string): CompiledExpression {
  const parts = simpleTemplateParts(source);
  const [only] = parts;
  if (parts.length === 0) return () => '';
  if (parts.length === 1) return typeof only === 'string' ? () => only : (only as CompiledExpression);
  return (context) => {
    let text = '';
    for (const part of parts) text += typeof part === 'string' ? part : context.toText(part(context));
    return text;
  };
}

/** The pieces of a Simple text in their order: constant texts, and what stands in `${…}`. @throws ExpressionSyntaxError */
export function simpleTemplateParts(source: string): readonly (string | CompiledExpression)[] {
  const parts: (string | CompiledExpression)[] = [];
  let position = 0;
  for (;;) {
    const start = nextFunction(source, position);
    if (start < 0) break;
    if (start > position) parts.push(source.slice(position, start));
    const end = functionEnd(source, start);
    parts.push(compileInner(source.slice(contentStart(source, start), end)));
    position = end + 1;
  }
  if (position < source.length) parts.push(source.slice(position));
  return parts;
}

/**
 * Whether a Simple text with `${…}` in it may read the body. Errs to true: for a header whose name holds the word, and for what
 * cannot be compiled.
 */
export function mayReadBody(source: string): boolean {
  for (let start = nextFunction(source, 0); start >= 0;) {
    let end: number;
    try {
      end = functionEnd(source, start);
    } catch {
      return true;
    }
    if (/body/i.test(source.slice(start, end))) return true;
    start = nextFunction(source, end + 1);
  }
  return false;
}

/** A function may hold other functions: `${header.${property.name}}`. */
function compileInner(inner: string): CompiledExpression {
  if (nextFunction(inner, 0) < 0) return compileSimpleFunction(inner);
  const template = compileSimpleTemplate(inner);
  const prefix = /^(?:in\.)?(headers?|property|exchangeProperty)[.[]/.exec(inner);
  if (prefix === null)
    throw new ExpressionSyntaxError(
      `"\${${inner}}" nests functions where only a header or property name may be computed.`,
    );
  const known = new Map<string, CompiledExpression>();
  return (context) => {
    const text = context.toText(template(context));
    let compiled = known.get(text);
    if (compiled === undefined) {
      compiled = compileSimpleFunction(text);
      if (known.size < 100) known.set(text, compiled);
    }
    return compiled(context);
  };
}

function nextFunction(source: string, from: number): number {
  const dollar = source.indexOf('${', from);
  const long = source.indexOf('$simple{', from);
  if (dollar < 0) return long;
  return long < 0 ? dollar : Math.min(dollar, long);
}

function contentStart(source: string, start: number): number {
  return source.indexOf('{', start) + 1;
}

function functionEnd(source: string, start: number): number {
  let depth = 0;
  for (let position = contentStart(source, start); position < source.length; position++) {
    if (source[position] === '{') depth++;
    else if (source[position] === '}') {
      if (depth === 0) return position;
      depth--;
    }
  }
  throw new ExpressionSyntaxError(`"${clip(source.slice(start))}" has no closing brace.`);
}

/**
 * Compiles a condition: `${header.x} = 'a' and ${property.n} > 5`. `and` and `or` bind alike and are read from the left,
 * as Camel does.
 * @throws ExpressionSyntaxError
 */
export function compileSimplePredicate(source: string): CompiledPredicate {
  const tokens = tokenize(source);
  let position = 0;
  const readOperand = (): CompiledExpression => {
    const token = tokens[position++];
    if (token === undefined || token.kind === 'operator' || token.kind === 'logical')
      throw new ExpressionSyntaxError(
        `The condition "${clip(source)}" lacks a value${token === undefined ? ' at its end' : ''}.`,
      );
    if (token.kind === 'function') return compileInner(token.text);
    if (token.quoted) return compileSimpleTemplate(token.text);
    const value = literalValue(token.text);
    return () => value;
  };
  const readComparison = (): CompiledPredicate => {
    const left = readOperand();
    const token = tokens[position];
    if (token === undefined || token.kind === 'logical') return (context) => valueToBoolean(left(context));
    if (token.kind !== 'operator')
      throw new ExpressionSyntaxError(`The condition "${clip(source)}" lacks an operator.`, {
        nearest: '=, !=, >, >=, <, <=, contains, not contains, in, not in, regex, and, or',
      });
    position++;
    const right = readOperand();
    return compareBy(token.operator, left, right, source);
  };
  let result = readComparison();
  while (position < tokens.length) {
    const token = tokens[position++];
    if (token?.kind !== 'logical')
      throw new ExpressionSyntaxError(`The condition "${clip(source)}" cannot be read after its first part.`);
    const before = result;
    const after = readComparison();
    result =
      token.operator === 'and'
        ? (context) => before(context) && after(context)
        : (context) => before(context) || after(context);
  }
  return result;
}

function literalValue(text: string): unknown {
  if (text === 'null') return null;
  if (text === 'true' || text === 'false') return text === 'true';
  return /^-?\d{1,15}(\.\d+)?$/.test(text) ? Number(text) : text;
}

const OPERATOR =
  /^(==|=~|!=~|!=|>=|<=|=|>|<|~~|(?:(?:not|!)\s*)?(?:contains|regex|in|range|is)(?=[\s'"$])|!?(?:starts with|ends with|startsWith|endsWith)(?=[\s'"$]))/;

function tokenize(source: string): readonly Token[] {
  const tokens: Token[] = [];
  let position = 0;
  while (position < source.length) {
    const rest = source.slice(position);
    const blank = /^\s+/.exec(rest);
    if (blank !== null) {
      position += blank[0].length;
      continue;
    }
    if (rest.startsWith('${') || rest.startsWith('$simple{')) {
      const end = functionEnd(source, position);
      tokens.push({ kind: 'function', text: source.slice(contentStart(source, position), end) });
      position = end + 1;
      continue;
    }
    const quoted = /^'([^']*)'|^"([^"]*)"/.exec(rest);
    if (quoted !== null) {
      tokens.push({ kind: 'literal', text: quoted[1] ?? quoted[2] ?? '', quoted: true });
      position += quoted[0].length;
      continue;
    }
    const logical = /^(and|or|&&|\|\|)(?=[\s$'"]|$)/.exec(rest);
    if (logical !== null) {
      tokens.push({ kind: 'logical', operator: logical[1] === 'and' || logical[1] === '&&' ? 'and' : 'or' });
      position += logical[0].length;
      continue;
    }
    const operator = OPERATOR.exec(rest);
    if (operator !== null) {
      const name = (operator[1] as string).replace(/^!\s*(?=[a-z])/, 'not ').replace(/\s+/g, ' ');
      if (!isOperator(name))
        throw new ExpressionSyntaxError(`The operator "${name}" is not supported.`, { unsupported: true });
      tokens.push({ kind: 'operator', operator: name });
      position += operator[0].length;
      continue;
    }
    const word = /^[^\s'"$=<>!]+/.exec(rest);
    if (word === null)
      throw new ExpressionSyntaxError(`The condition "${clip(source)}" cannot be read at "${clip(rest, 20)}".`);
    tokens.push({ kind: 'literal', text: word[0], quoted: false });
    position += word[0].length;
  }
  if (tokens.length === 0) throw new ExpressionSyntaxError('The condition is empty.');
  return tokens;
}
