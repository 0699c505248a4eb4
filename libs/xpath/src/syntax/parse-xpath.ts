import { clip, ExpressionSyntaxError } from '@sluice/domain';

import { FN_NAMESPACE, type StaticContext, WELL_KNOWN_PREFIXES } from '../static-context.js';
import { type Token, tokenizeXPath } from './tokenize-xpath.js';
import type {
  Axis,
  Expression,
  ItemType,
  KindTest,
  NameTest,
  NodeTest,
  QualifiedName,
  SequenceType,
} from './xpath-ast.js';

const MAXIMUM_NESTING = 200;
const KIND_TESTS = new Set([
  'node',
  'text',
  'comment',
  'processing-instruction',
  'element',
  'attribute',
  'document-node',
]);
const RESERVED_CALLS = new Set([
  ...KIND_TESTS,
  'if',
  'item',
  'empty-sequence',
  'function',
  'map',
  'array',
  'switch',
  'typeswitch',
]);
const AXES = new Set<string>([
  'child',
  'descendant',
  'attribute',
  'self',
  'descendant-or-self',
  'following-sibling',
  'following',
  'namespace',
  'parent',
  'ancestor',
  'preceding-sibling',
  'preceding',
  'ancestor-or-self',
]);
const VALUE_OPERATORS = new Set(['eq', 'ne', 'lt', 'le', 'gt', 'ge']);
const GENERAL_OPERATORS = new Set(['=', '!=', '<', '<=', '>', '>=']);

/**
 * Parses an XPath 3.1 expression.
 * @throws ExpressionSyntaxError
 */
export function parseXPath(source: string, context: StaticContext): Expression {
  return new XPathParser(source, context).parse();
}

class XPathParser {
  readonly #source: string;
  readonly #tokens: readonly Token[];
  readonly #context: StaticContext;
  #at = 0;
  #depth = 0;

  constructor(source: string, context: StaticContext) {
    this.#source = source;
    this.#tokens = tokenizeXPath(source);
    this.#context = context;
  }

  parse(): Expression {
    if (this.#peek().kind === 'end') throw new ExpressionSyntaxError('The XPath is empty.');
    const expression = this.#expression();
    if (this.#peek().kind !== 'end') this.#fail();
    return expression;
  }

  #peek(ahead = 0): Token {
    return this.#tokens[Math.min(this.#at + ahead, this.#tokens.length - 1)] as Token;
  }

  #fail(expected?: string): never {
    const token = this.#peek();
    const found = token.kind === 'end' ? 'its end' : `"${clip(this.#source.slice(token.position, token.end), 30)}"`;
    throw new ExpressionSyntaxError(
      `The XPath "${clip(this.#source)}" cannot be read at ${found} (position ${token.position + 1})${expected === undefined ? '' : `; ${expected} is expected`}.`,
    );
  }

  #isSymbol(text: string, ahead = 0): boolean {
    const token = this.#peek(ahead);
    return token.kind === 'symbol' && token.text === text;
  }

  #isWord(text: string, ahead = 0): boolean {
    const token = this.#peek(ahead);
    return token.kind === 'name' && token.prefix === '' && token.text === text;
  }

  #takeSymbol(text: string): boolean {
    if (!this.#isSymbol(text)) return false;
    this.#at++;
    return true;
  }

  #takeWord(text: string): boolean {
    if (!this.#isWord(text)) return false;
    this.#at++;
    return true;
  }

  #expectSymbol(text: string): void {
    if (!this.#takeSymbol(text)) this.#fail(`"${text}"`);
  }

  #expectWord(text: string): void {
    if (!this.#takeWord(text)) this.#fail(`"${text}"`);
  }

  #expression(): Expression {
    const first = this.#single();
    if (!this.#isSymbol(',')) return first;
    const items = [first];
    while (this.#takeSymbol(',')) items.push(this.#single());
    return { type: 'sequence', items };
  }

  #single(): Expression {
    if (++this.#depth > MAXIMUM_NESTING) throw new ExpressionSyntaxError('The XPath is nested too deeply.');
    const expression = this.#singleInner();
    this.#depth--;
    return expression;
  }

  #singleInner(): Expression {
    if (this.#isSymbol('$', 1)) {
      if (this.#takeWord('for')) return this.#for();
      if (this.#takeWord('let')) return this.#let();
      if (this.#takeWord('some')) return this.#quantified('some');
      if (this.#takeWord('every')) return this.#quantified('every');
    }
    if (this.#isWord('if') && this.#isSymbol('(', 1)) {
      this.#at += 2;
      const test = this.#expression();
      this.#expectSymbol(')');
      this.#expectWord('then');
      const then = this.#single();
      this.#expectWord('else');
      return { type: 'if', test, then, else: this.#single() };
    }
    return this.#or();
  }

  #for(): Expression {
    const variable = this.#variableName();
    this.#expectWord('in');
    const source = this.#single();
    if (this.#takeSymbol(',')) return { type: 'for', variable, in: source, return: this.#for() };
    this.#expectWord('return');
    return { type: 'for', variable, in: source, return: this.#single() };
  }

  #let(): Expression {
    const variable = this.#variableName();
    this.#expectSymbol(':=');
    const value = this.#single();
    if (this.#takeSymbol(',')) return { type: 'let', variable, value, return: this.#let() };
    this.#expectWord('return');
    return { type: 'let', variable, value, return: this.#single() };
  }

  #quantified(quantifier: 'some' | 'every'): Expression {
    const variable = this.#variableName();
    this.#expectWord('in');
    const source = this.#single();
    if (this.#takeSymbol(','))
      return { type: 'quantified', quantifier, variable, in: source, satisfies: this.#quantified(quantifier) };
    this.#expectWord('satisfies');
    return { type: 'quantified', quantifier, variable, in: source, satisfies: this.#single() };
  }

  #variableName(): QualifiedName {
    this.#expectSymbol('$');
    return this.#qualifiedName('');
  }

  #qualifiedName(defaultNamespace: string): QualifiedName {
    const token = this.#peek();
    if (token.kind === 'braced-name' && token.text !== '*') {
      this.#at++;
      return { namespace: token.prefix, name: token.text };
    }
    if (token.kind !== 'name') this.#fail('a name');
    this.#at++;
    return { namespace: token.prefix === '' ? defaultNamespace : this.#namespace(token.prefix), name: token.text };
  }

  #namespace(prefix: string): string {
    const uri = this.#context.namespace(prefix) ?? WELL_KNOWN_PREFIXES[prefix];
    if (uri === undefined)
      throw new ExpressionSyntaxError(
        `The XPath "${clip(this.#source)}" uses the prefix "${prefix}", which is not declared.`,
        {
          nearest: 'declare it in the namespace mapping of the flow, or write *:name',
        },
      );
    return uri;
  }

  #or(): Expression {
    let left = this.#and();
    while (this.#takeWord('or')) left = { type: 'or', left, right: this.#and() };
    return left;
  }

  #and(): Expression {
    let left = this.#comparison();
    while (this.#takeWord('and')) left = { type: 'and', left, right: this.#comparison() };
    return left;
  }

  #comparison(): Expression {
    const left = this.#stringConcat();
    const token = this.#peek();
    if (token.kind === 'symbol' && GENERAL_OPERATORS.has(token.text)) {
      this.#at++;
      return { type: 'comparison', kind: 'general', operator: token.text, left, right: this.#stringConcat() };
    }
    if (token.kind === 'name' && token.prefix === '' && VALUE_OPERATORS.has(token.text)) {
      this.#at++;
      return { type: 'comparison', kind: 'value', operator: token.text, left, right: this.#stringConcat() };
    }
    if (this.#isSymbol('<<') || this.#isSymbol('>>') || this.#isWord('is')) {
      this.#at++;
      return { type: 'comparison', kind: 'node', operator: token.text, left, right: this.#stringConcat() };
    }
    return left;
  }

  #stringConcat(): Expression {
    let left = this.#range();
    while (this.#takeSymbol('||')) left = { type: 'concat', left, right: this.#range() };
    return left;
  }

  #range(): Expression {
    const left = this.#additive();
    return this.#takeWord('to') ? { type: 'range', left, right: this.#additive() } : left;
  }

  #additive(): Expression {
    let left = this.#multiplicative();
    for (;;) {
      if (this.#takeSymbol('+')) left = { type: 'arithmetic', operator: '+', left, right: this.#multiplicative() };
      else if (this.#takeSymbol('-')) left = { type: 'arithmetic', operator: '-', left, right: this.#multiplicative() };
      else return left;
    }
  }

  #multiplicative(): Expression {
    let left = this.#union();
    for (;;) {
      if (this.#takeSymbol('*')) left = { type: 'arithmetic', operator: '*', left, right: this.#union() };
      else if (this.#takeWord('div')) left = { type: 'arithmetic', operator: 'div', left, right: this.#union() };
      else if (this.#takeWord('idiv')) left = { type: 'arithmetic', operator: 'idiv', left, right: this.#union() };
      else if (this.#takeWord('mod')) left = { type: 'arithmetic', operator: 'mod', left, right: this.#union() };
      else return left;
    }
  }

  #union(): Expression {
    let left = this.#intersect();
    while (this.#takeSymbol('|') || this.#takeWord('union')) left = { type: 'union', left, right: this.#intersect() };
    return left;
  }

  #intersect(): Expression {
    let left = this.#instanceOf();
    for (;;) {
      if (this.#takeWord('intersect')) left = { type: 'intersect', left, right: this.#instanceOf() };
      else if (this.#takeWord('except')) left = { type: 'except', left, right: this.#instanceOf() };
      else return left;
    }
  }

  #instanceOf(): Expression {
    const operand = this.#treat();
    if (!(this.#isWord('instance') && this.#isWord('of', 1))) return operand;
    this.#at += 2;
    return { type: 'instance', operand, as: this.#sequenceType() };
  }

  #treat(): Expression {
    const operand = this.#castable();
    if (!(this.#isWord('treat') && this.#isWord('as', 1))) return operand;
    this.#at += 2;
    return { type: 'treat', operand, as: this.#sequenceType() };
  }

  #castable(): Expression {
    const operand = this.#cast();
    if (!(this.#isWord('castable') && this.#isWord('as', 1))) return operand;
    this.#at += 2;
    return { type: 'castable', operand, ...this.#singleType() };
  }

  #cast(): Expression {
    const operand = this.#arrow();
    if (!(this.#isWord('cast') && this.#isWord('as', 1))) return operand;
    this.#at += 2;
    return { type: 'cast', operand, ...this.#singleType() };
  }

  #singleType(): { name: string; optional: boolean } {
    const { name } = this.#qualifiedName('');
    return { name, optional: this.#takeSymbol('?') };
  }

  #arrow(): Expression {
    let left = this.#unary();
    while (this.#takeSymbol('=>')) {
      if (this.#isSymbol('$')) {
        const name = this.#variableName();
        left = { type: 'dynamic-call', target: { type: 'variable', name }, arguments: [left, ...this.#arguments()] };
      } else if (this.#isSymbol('(')) {
        const target = this.#parenthesized();
        left = { type: 'dynamic-call', target, arguments: [left, ...this.#arguments()] };
      } else {
        const name = this.#qualifiedName(FN_NAMESPACE);
        left = { type: 'call', name, arguments: [left, ...this.#arguments()] };
      }
    }
    return left;
  }

  #unary(): Expression {
    let negative = false;
    let signs = 0;
    for (;;) {
      if (this.#takeSymbol('-')) negative = !negative;
      else if (!this.#takeSymbol('+')) break;
      signs++;
    }
    const operand = this.#simpleMap();
    if (signs === 0) return operand;
    return negative ? { type: 'negate', operand } : { type: 'negate', operand: { type: 'negate', operand } };
  }

  #simpleMap(): Expression {
    let left = this.#path();
    while (this.#takeSymbol('!')) left = { type: 'map', left, right: this.#path() };
    return left;
  }

  #path(): Expression {
    if (this.#takeSymbol('/')) {
      const root: Expression = { type: 'root' };
      return this.#startsStep() ? this.#relative(root) : root;
    }
    if (this.#takeSymbol('//')) return this.#relative({ type: 'path', left: { type: 'root' }, right: DESCENDANTS });
    return this.#relative(null);
  }

  #startsStep(): boolean {
    const token = this.#peek();
    if (token.kind === 'end') return false;
    if (token.kind !== 'symbol') return true;
    return ['*', '@', '.', '..', '(', '$', '[', '?'].includes(token.text);
  }

  #relative(start: Expression | null): Expression {
    const first = this.#step();
    let left: Expression = start === null ? first : { type: 'path', left: start, right: first };
    for (;;) {
      if (this.#takeSymbol('/')) left = { type: 'path', left, right: this.#step() };
      else if (this.#takeSymbol('//'))
        left = { type: 'path', left: { type: 'path', left, right: DESCENDANTS }, right: this.#step() };
      else return left;
    }
  }

  #step(): Expression {
    const token = this.#peek();
    if (this.#takeSymbol('..')) return this.#withPredicates('parent', ANY_NODE);
    if (this.#takeSymbol('@')) return this.#withPredicates('attribute', this.#nodeTest('attribute'));
    if (token.kind === 'name' && token.prefix === '' && this.#isSymbol('::', 1)) {
      if (!AXES.has(token.text)) this.#fail('an axis');
      this.#at += 2;
      const axis = token.text as Axis;
      return this.#withPredicates(axis, this.#nodeTest(axis));
    }
    if (this.#isSymbol('*') || token.kind === 'wildcard-prefix' || token.kind === 'wildcard-name')
      return this.#withPredicates('child', this.#nodeTest('child'));
    if (token.kind === 'name' || token.kind === 'braced-name') {
      if (this.#isSymbol('(', 1) && token.prefix === '' && KIND_TESTS.has(token.text)) {
        const axis = token.text === 'attribute' ? 'attribute' : 'child';
        return this.#withPredicates(axis, this.#nodeTest(axis));
      }
      const constructor =
        token.prefix === '' && this.#isSymbol('{', 1) && (token.text === 'map' || token.text === 'array');
      const inline = token.prefix === '' && token.text === 'function' && this.#isSymbol('(', 1);
      const call = this.#isSymbol('(', 1) && !(token.prefix === '' && RESERVED_CALLS.has(token.text));
      const reference = this.#isSymbol('#', 1);
      if (!constructor && !inline && !call && !reference) return this.#withPredicates('child', this.#nodeTest('child'));
    }
    return this.#postfix();
  }

  #withPredicates(axis: Axis, test: NodeTest): Expression {
    const predicates: Expression[] = [];
    while (this.#takeSymbol('[')) {
      predicates.push(this.#expression());
      this.#expectSymbol(']');
    }
    return { type: 'step', axis, test, predicates };
  }

  #nodeTest(axis: Axis): NodeTest {
    const token = this.#peek();
    if (token.kind === 'name' && token.prefix === '' && KIND_TESTS.has(token.text) && this.#isSymbol('(', 1))
      return this.#kindTest();
    return { type: 'name', test: this.#nameTest(axis) };
  }

  #nameTest(axis: Axis): NameTest {
    const token = this.#peek();
    if (this.#takeSymbol('*')) return { namespace: null, name: null };
    this.#at++;
    switch (token.kind) {
      case 'wildcard-prefix':
        return { namespace: null, name: token.text };
      case 'wildcard-name':
        return { namespace: this.#namespace(token.prefix), name: null };
      case 'braced-name':
        return { namespace: token.prefix, name: token.text === '*' ? null : token.text };
      case 'name': {
        const none = axis === 'attribute' || axis === 'namespace' ? '' : this.#context.elementNamespace;
        return { namespace: token.prefix === '' ? none : this.#namespace(token.prefix), name: token.text };
      }
      default:
        this.#at--;
        return this.#fail('a name test');
    }
  }

  #kindTest(): NodeTest {
    const kind = this.#peek().text as KindTest;
    this.#at += 2;
    let test: NameTest | null = null;
    if (!this.#isSymbol(')')) {
      if (kind === 'element' || kind === 'attribute') {
        test = this.#nameTest(kind === 'attribute' ? 'attribute' : 'child');
        if (this.#takeSymbol(',')) {
          this.#qualifiedName('');
          this.#takeSymbol('?');
        }
      } else if (kind === 'processing-instruction') {
        const token = this.#peek();
        if (token.kind !== 'name' && token.kind !== 'string') this.#fail('a target');
        this.#at++;
        test = { namespace: null, name: token.text };
      } else if (kind === 'document-node') {
        this.#kindTest();
      } else this.#fail('")"');
    }
    this.#expectSymbol(')');
    return { type: 'kind', kind, test };
  }

  #postfix(): Expression {
    let expression = this.#primary();
    for (;;) {
      if (this.#isSymbol('[')) {
        const predicates: Expression[] = [];
        while (this.#takeSymbol('[')) {
          predicates.push(this.#expression());
          this.#expectSymbol(']');
        }
        expression = { type: 'filter', operand: expression, predicates };
      } else if (this.#isSymbol('('))
        expression = { type: 'dynamic-call', target: expression, arguments: this.#arguments() };
      else if (this.#takeSymbol('?')) expression = { type: 'lookup', target: expression, key: this.#lookupKey() };
      else return expression;
    }
  }

  #lookupKey(): Expression | '*' {
    if (this.#takeSymbol('*')) return '*';
    if (this.#isSymbol('(')) return this.#parenthesized();
    const token = this.#peek();
    this.#at++;
    if (token.kind === 'integer') return { type: 'literal', value: BigInt(token.text) };
    if (token.kind === 'name' && token.prefix === '') return { type: 'literal', value: token.text };
    this.#at--;
    return this.#fail('a key');
  }

  #parenthesized(): Expression {
    this.#expectSymbol('(');
    if (this.#takeSymbol(')')) return { type: 'sequence', items: [] };
    const expression = this.#expression();
    this.#expectSymbol(')');
    return expression.type === 'sequence' ? expression : { type: 'sequence', items: [expression] };
  }

  #primary(): Expression {
    const token = this.#peek();
    switch (token.kind) {
      case 'string':
        this.#at++;
        return { type: 'literal', value: token.text };
      case 'integer':
        this.#at++;
        return { type: 'literal', value: BigInt(token.text) };
      case 'decimal':
        this.#at++;
        return { type: 'literal', value: { decimal: token.text } };
      case 'double':
        this.#at++;
        return { type: 'literal', value: Number(token.text) };
      default:
    }
    if (this.#isSymbol('$')) return { type: 'variable', name: this.#variableName() };
    if (this.#isSymbol('(')) return this.#parenthesized();
    if (this.#takeSymbol('.')) return { type: 'context' };
    if (this.#takeSymbol('?')) return { type: 'lookup', target: null, key: this.#lookupKey() };
    if (this.#isSymbol('[')) return this.#squareArray();
    if (this.#isWord('map') && this.#isSymbol('{', 1)) return this.#mapConstructor();
    if (this.#isWord('array') && this.#isSymbol('{', 1)) {
      this.#at += 2;
      const members = this.#isSymbol('}') ? [] : [this.#expression()];
      this.#expectSymbol('}');
      return { type: 'array-constructor', members, square: false };
    }
    if (this.#isWord('function') && this.#isSymbol('(', 1)) return this.#inlineFunction();
    if (token.kind === 'name' || token.kind === 'braced-name') {
      const name = this.#qualifiedName(FN_NAMESPACE);
      if (this.#takeSymbol('#')) {
        const arity = this.#peek();
        if (arity.kind !== 'integer') this.#fail('a number of arguments');
        this.#at++;
        return { type: 'function-reference', name, arity: Number(arity.text) };
      }
      return { type: 'call', name, arguments: this.#arguments() };
    }
    return this.#fail('an expression');
  }

  #arguments(): (Expression | null)[] {
    this.#expectSymbol('(');
    const values: (Expression | null)[] = [];
    if (this.#takeSymbol(')')) return values;
    do {
      if (this.#isSymbol('?') && (this.#isSymbol(',', 1) || this.#isSymbol(')', 1))) {
        this.#at++;
        values.push(null);
      } else values.push(this.#single());
    } while (this.#takeSymbol(','));
    this.#expectSymbol(')');
    return values;
  }

  #squareArray(): Expression {
    this.#expectSymbol('[');
    const members: Expression[] = [];
    if (!this.#isSymbol(']')) {
      do members.push(this.#single());
      while (this.#takeSymbol(','));
    }
    this.#expectSymbol(']');
    return { type: 'array-constructor', members, square: true };
  }

  #mapConstructor(): Expression {
    this.#at += 2;
    const entries: [Expression, Expression][] = [];
    if (!this.#isSymbol('}')) {
      do {
        const key = this.#single();
        this.#expectSymbol(':');
        entries.push([key, this.#single()]);
      } while (this.#takeSymbol(','));
    }
    this.#expectSymbol('}');
    return { type: 'map-constructor', entries };
  }

  #inlineFunction(): Expression {
    this.#at += 2;
    const parameters: QualifiedName[] = [];
    if (!this.#isSymbol(')')) {
      do {
        parameters.push(this.#variableName());
        if (this.#takeWord('as')) this.#sequenceType();
      } while (this.#takeSymbol(','));
    }
    this.#expectSymbol(')');
    if (this.#takeWord('as')) this.#sequenceType();
    this.#expectSymbol('{');
    const body: Expression = this.#isSymbol('}') ? { type: 'sequence', items: [] } : this.#expression();
    this.#expectSymbol('}');
    return { type: 'inline-function', parameters, body };
  }

  #sequenceType(): SequenceType {
    if (this.#isWord('empty-sequence') && this.#isSymbol('(', 1)) {
      this.#at += 2;
      this.#expectSymbol(')');
      return { item: null, occurrence: '' };
    }
    const item = this.#itemType();
    const token = this.#peek();
    if (token.kind === 'symbol' && (token.text === '?' || token.text === '*' || token.text === '+')) {
      this.#at++;
      return { item, occurrence: token.text };
    }
    return { item, occurrence: '' };
  }

  #itemType(): ItemType {
    const token = this.#peek();
    if (this.#isSymbol('(')) {
      this.#at++;
      const inner = this.#itemType();
      this.#expectSymbol(')');
      return inner;
    }
    if (token.kind !== 'name') this.#fail('a type');
    if (token.prefix === '' && this.#isSymbol('(', 1)) {
      if (KIND_TESTS.has(token.text)) return { type: 'node', test: this.#kindTest() };
      this.#at += 2;
      if (token.text === 'item') {
        this.#expectSymbol(')');
        return { type: 'item' };
      }
      if (token.text === 'map' || token.text === 'array' || token.text === 'function') {
        this.#skipTypeArguments();
        if (token.text === 'function' && this.#takeWord('as')) this.#sequenceType();
        return { type: token.text };
      }
      this.#fail('a type');
    }
    const { name } = this.#qualifiedName('');
    return { type: 'atomic', name };
  }

  #skipTypeArguments(): void {
    for (let depth = 1; depth > 0; this.#at++) {
      if (this.#peek().kind === 'end') this.#fail('")"');
      if (this.#isSymbol('(')) depth++;
      else if (this.#isSymbol(')')) depth--;
    }
  }
}

const ANY_NODE: NodeTest = { type: 'kind', kind: 'node', test: null };
const DESCENDANTS: Expression = { type: 'step', axis: 'descendant-or-self', test: ANY_NODE, predicates: [] };
