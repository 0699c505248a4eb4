import { FN_NAMESPACE } from '../static-context.js';
import { TypeParser } from './parse-type.js';
import { type Expression, type QualifiedName } from './xpath-ast.js';

/** Parses primary expressions, with the predicates, calls and look-ups behind them. */
export abstract class PrimaryParser extends TypeParser {
  /** Several expressions with commas between them. */
  protected abstract expression(): Expression;
  /** One expression. */
  protected abstract single(): Expression;

  protected postfix(): Expression {
    let expression = this.#primary();
    for (;;) {
      if (this.isSymbol('[')) {
        const predicates: Expression[] = [];
        while (this.takeSymbol('[')) {
          predicates.push(this.expression());
          this.expectSymbol(']');
        }
        expression = { type: 'filter', operand: expression, predicates };
      } else if (this.isSymbol('('))
        expression = { type: 'dynamic-call', target: expression, arguments: this.arguments() };
      else if (this.takeSymbol('?')) expression = { type: 'lookup', target: expression, key: this.#lookupKey() };
      else return expression;
    }
  }

  #lookupKey(): Expression | '*' {
    if (this.takeSymbol('*')) return '*';
    if (this.isSymbol('(')) return this.parenthesized();
    const token = this.peek();
    this.at++;
    if (token.kind === 'integer') return { type: 'literal', value: BigInt(token.text) };
    if (token.kind === 'name' && token.prefix === '') return { type: 'literal', value: token.text };
    this.at--;
    return this.fail('a key');
  }

  protected parenthesized(): Expression {
    this.expectSymbol('(');
    if (this.takeSymbol(')')) return { type: 'sequence', items: [] };
    const expression = this.expression();
    this.expectSymbol(')');
    return expression.type === 'sequence' ? expression : { type: 'sequence', items: [expression] };
  }

  #primary(): Expression {
    const token = this.peek();
    switch (token.kind) {
      case 'string':
        this.at++;
        return { type: 'literal', value: token.text };
      case 'integer':
        this.at++;
        return { type: 'literal', value: BigInt(token.text) };
      case 'decimal':
        this.at++;
        return { type: 'literal', value: { decimal: token.text } };
      case 'double':
        this.at++;
        return { type: 'literal', value: Number(token.text) };
      default:
    }
    if (this.isSymbol('$')) return { type: 'variable', name: this.variableName() };
    if (this.isSymbol('(')) return this.parenthesized();
    if (this.takeSymbol('.')) return { type: 'context' };
    if (this.takeSymbol('?')) return { type: 'lookup', target: null, key: this.#lookupKey() };
    if (this.isSymbol('[')) return this.#squareArray();
    if (this.isWord('map') && this.isSymbol('{', 1)) return this.#mapConstructor();
    if (this.isWord('array') && this.isSymbol('{', 1)) {
      this.at += 2;
      const members = this.isSymbol('}') ? [] : [this.expression()];
      this.expectSymbol('}');
      return { type: 'array-constructor', members, square: false };
    }
    if (this.isWord('function') && this.isSymbol('(', 1)) return this.#inlineFunction();
    if (token.kind === 'name' || token.kind === 'braced-name') {
      const name = this.qualifiedName(FN_NAMESPACE);
      if (this.takeSymbol('#')) {
        const arity = this.peek();
        if (arity.kind !== 'integer') this.fail('a number of arguments');
        this.at++;
        return { type: 'function-reference', name, arity: Number(arity.text) };
      }
      return { type: 'call', name, arguments: this.arguments() };
    }
    return this.fail('an expression');
  }

  protected arguments(): (Expression | null)[] {
    this.expectSymbol('(');
    const values: (Expression | null)[] = [];
    if (this.takeSymbol(')')) return values;
    do {
      if (this.isSymbol('?') && (this.isSymbol(',', 1) || this.isSymbol(')', 1))) {
        this.at++;
        values.push(null);
      } else values.push(this.single());
    } while (this.takeSymbol(','));
    this.expectSymbol(')');
    return values;
  }

  #squareArray(): Expression {
    this.expectSymbol('[');
    const members: Expression[] = [];
    if (!this.isSymbol(']')) {
      do members.push(this.single());
      while (this.takeSymbol(','));
    }
    this.expectSymbol(']');
    return { type: 'array-constructor', members, square: true };
  }

  #mapConstructor(): Expression {
    this.at += 2;
    const entries: [Expression, Expression][] = [];
    if (!this.isSymbol('}')) {
      do {
        const key = this.single();
        this.expectSymbol(':');
        entries.push([key, this.single()]);
      } while (this.takeSymbol(','));
    }
    this.expectSymbol('}');
    return { type: 'map-constructor', entries };
  }

  #inlineFunction(): Expression {
    this.at += 2;
    const parameters: QualifiedName[] = [];
    if (!this.isSymbol(')')) {
      do {
        parameters.push(this.variableName());
        if (this.takeWord('as')) this.sequenceType();
      } while (this.takeSymbol(','));
    }
    this.expectSymbol(')');
    if (this.takeWord('as')) this.sequenceType();
    this.expectSymbol('{');
    const body: Expression = this.isSymbol('}') ? { type: 'sequence', items: [] } : this.expression();
    this.expectSymbol('}');
    return { type: 'inline-function', parameters, body };
  }
}
