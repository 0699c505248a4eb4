import { ExpressionSyntaxError } from '@sluice/domain';
import { FN_NAMESPACE, type StaticContext } from '../static-context.js';
import { PathParser } from './parse-path.js';
import { type Expression } from './xpath-ast.js';

const MAXIMUM_NESTING = 200;
const VALUE_OPERATORS = new Set(['eq', 'ne', 'lt', 'le', 'gt', 'ge']);
const GENERAL_OPERATORS = new Set(['=', '!=', '<', '<=', '>', '>=']);

/**
 * Parses an XPath 3.1 expression.
 * @throws ExpressionSyntaxError
 */
export function parseXPath(source: string, context: StaticContext): Expression {
  return new XPathParser(source, context).parse();
}

/** Parses what stands between expressions: operators by their precedence, and the expressions with keywords. */
class XPathParser extends PathParser {
  #depth = 0;

  parse(): Expression {
    if (this.peek().kind === 'end') throw new ExpressionSyntaxError('The XPath is empty.');
    const expression = this.expression();
    if (this.peek().kind !== 'end') this.fail();
    return expression;
  }

  protected override expression(): Expression {
    const first = this.single();
    if (!this.isSymbol(',')) return first;
    const items = [first];
    while (this.takeSymbol(',')) items.push(this.single());
    return { type: 'sequence', items };
  }

  protected override single(): Expression {
    if (++this.#depth > MAXIMUM_NESTING) throw new ExpressionSyntaxError('The XPath is nested too deeply.');
    const expression = this.#singleInner();
    this.#depth--;
    return expression;
  }

  #singleInner(): Expression {
    if (this.isSymbol('$', 1)) {
      if (this.takeWord('for')) return this.#for();
      if (this.takeWord('let')) return this.#let();
      if (this.takeWord('some')) return this.#quantified('some');
      if (this.takeWord('every')) return this.#quantified('every');
    }
    if (this.isWord('if') && this.isSymbol('(', 1)) {
      this.at += 2;
      const test = this.expression();
      this.expectSymbol(')');
      this.expectWord('then');
      const then = this.single();
      this.expectWord('else');
      return { type: 'if', test, then, else: this.single() };
    }
    return this.#or();
  }

  #for(): Expression {
    const variable = this.variableName();
    this.expectWord('in');
    const source = this.single();
    if (this.takeSymbol(',')) return { type: 'for', variable, in: source, return: this.#for() };
    this.expectWord('return');
    return { type: 'for', variable, in: source, return: this.single() };
  }

  #let(): Expression {
    const variable = this.variableName();
    this.expectSymbol(':=');
    const value = this.single();
    if (this.takeSymbol(',')) return { type: 'let', variable, value, return: this.#let() };
    this.expectWord('return');
    return { type: 'let', variable, value, return: this.single() };
  }

  #quantified(quantifier: 'some' | 'every'): Expression {
    const variable = this.variableName();
    this.expectWord('in');
    const source = this.single();
    if (this.takeSymbol(','))
      return { type: 'quantified', quantifier, variable, in: source, satisfies: this.#quantified(quantifier) };
    this.expectWord('satisfies');
    return { type: 'quantified', quantifier, variable, in: source, satisfies: this.single() };
  }

  #or(): Expression {
    let left = this.#and();
    while (this.takeWord('or')) left = { type: 'or', left, right: this.#and() };
    return left;
  }

  #and(): Expression {
    let left = this.#comparison();
    while (this.takeWord('and')) left = { type: 'and', left, right: this.#comparison() };
    return left;
  }

  #comparison(): Expression {
    const left = this.#stringConcat();
    const token = this.peek();
    if (token.kind === 'symbol' && GENERAL_OPERATORS.has(token.text)) {
      this.at++;
      return { type: 'comparison', kind: 'general', operator: token.text, left, right: this.#stringConcat() };
    }
    if (token.kind === 'name' && token.prefix === '' && VALUE_OPERATORS.has(token.text)) {
      this.at++;
      return { type: 'comparison', kind: 'value', operator: token.text, left, right: this.#stringConcat() };
    }
    if (this.isSymbol('<<') || this.isSymbol('>>') || this.isWord('is')) {
      this.at++;
      return { type: 'comparison', kind: 'node', operator: token.text, left, right: this.#stringConcat() };
    }
    return left;
  }

  #stringConcat(): Expression {
    let left = this.#range();
    while (this.takeSymbol('||')) left = { type: 'concat', left, right: this.#range() };
    return left;
  }

  #range(): Expression {
    const left = this.#additive();
    return this.takeWord('to') ? { type: 'range', left, right: this.#additive() } : left;
  }

  #additive(): Expression {
    let left = this.#multiplicative();
    for (;;) {
      if (this.takeSymbol('+')) left = { type: 'arithmetic', operator: '+', left, right: this.#multiplicative() };
      else if (this.takeSymbol('-')) left = { type: 'arithmetic', operator: '-', left, right: this.#multiplicative() };
      else return left;
    }
  }

  #multiplicative(): Expression {
    let left = this.#union();
    for (;;) {
      if (this.takeSymbol('*')) left = { type: 'arithmetic', operator: '*', left, right: this.#union() };
      else if (this.takeWord('div')) left = { type: 'arithmetic', operator: 'div', left, right: this.#union() };
      else if (this.takeWord('idiv')) left = { type: 'arithmetic', operator: 'idiv', left, right: this.#union() };
      else if (this.takeWord('mod')) left = { type: 'arithmetic', operator: 'mod', left, right: this.#union() };
      else return left;
    }
  }

  #union(): Expression {
    let left = this.#intersect();
    while (this.takeSymbol('|') || this.takeWord('union')) left = { type: 'union', left, right: this.#intersect() };
    return left;
  }

  #intersect(): Expression {
    let left = this.#instanceOf();
    for (;;) {
      if (this.takeWord('intersect')) left = { type: 'intersect', left, right: this.#instanceOf() };
      else if (this.takeWord('except')) left = { type: 'except', left, right: this.#instanceOf() };
      else return left;
    }
  }

  #instanceOf(): Expression {
    const operand = this.#treat();
    if (!(this.isWord('instance') && this.isWord('of', 1))) return operand;
    this.at += 2;
    return { type: 'instance', operand, as: this.sequenceType() };
  }

  #treat(): Expression {
    const operand = this.#castable();
    if (!(this.isWord('treat') && this.isWord('as', 1))) return operand;
    this.at += 2;
    return { type: 'treat', operand, as: this.sequenceType() };
  }

  #castable(): Expression {
    const operand = this.#cast();
    if (!(this.isWord('castable') && this.isWord('as', 1))) return operand;
    this.at += 2;
    return { type: 'castable', operand, ...this.singleType() };
  }

  #cast(): Expression {
    const operand = this.#arrow();
    if (!(this.isWord('cast') && this.isWord('as', 1))) return operand;
    this.at += 2;
    return { type: 'cast', operand, ...this.singleType() };
  }

  #arrow(): Expression {
    let left = this.#unary();
    while (this.takeSymbol('=>')) {
      if (this.isSymbol('$')) {
        const name = this.variableName();
        left = { type: 'dynamic-call', target: { type: 'variable', name }, arguments: [left, ...this.arguments()] };
      } else if (this.isSymbol('(')) {
        const target = this.parenthesized();
        left = { type: 'dynamic-call', target, arguments: [left, ...this.arguments()] };
      } else {
        const name = this.qualifiedName(FN_NAMESPACE);
        left = { type: 'call', name, arguments: [left, ...this.arguments()] };
      }
    }
    return left;
  }

  #unary(): Expression {
    let negative = false;
    let signs = 0;
    for (;;) {
      if (this.takeSymbol('-')) negative = !negative;
      else if (!this.takeSymbol('+')) break;
      signs++;
    }
    const operand = this.#simpleMap();
    if (signs === 0) return operand;
    return negative ? { type: 'negate', operand } : { type: 'negate', operand: { type: 'negate', operand } };
  }

  #simpleMap(): Expression {
    let left = this.path();
    while (this.takeSymbol('!')) left = { type: 'map', left, right: this.path() };
    return left;
  }
}
