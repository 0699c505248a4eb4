import { PrimaryParser } from './parse-primary.js';
import { KIND_TESTS } from './parse-type.js';
import { type Axis, type Expression, type NodeTest } from './xpath-ast.js';

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
const ANY_NODE: NodeTest = { type: 'kind', kind: 'node', test: null };
const DESCENDANTS: Expression = { type: 'step', axis: 'descendant-or-self', test: ANY_NODE, predicates: [] };

/** Parses paths and their steps. */
export abstract class PathParser extends PrimaryParser {
  protected path(): Expression {
    if (this.takeSymbol('/')) {
      const root: Expression = { type: 'root' };
      return this.#startsStep() ? this.#relative(root) : root;
    }
    if (this.takeSymbol('//')) return this.#relative({ type: 'path', left: { type: 'root' }, right: DESCENDANTS });
    return this.#relative(null);
  }

  #startsStep(): boolean {
    const token = this.peek();
    if (token.kind === 'end') return false;
    if (token.kind !== 'symbol') return true;
    return ['*', '@', '.', '..', '(', '$', '[', '?'].includes(token.text);
  }

  #relative(start: Expression | null): Expression {
    const first = this.#step();
    let left: Expression = start === null ? first : { type: 'path', left: start, right: first };
    for (;;) {
      if (this.takeSymbol('/')) left = { type: 'path', left, right: this.#step() };
      else if (this.takeSymbol('//'))
        left = { type: 'path', left: { type: 'path', left, right: DESCENDANTS }, right: this.#step() };
      else return left;
    }
  }

  #step(): Expression {
    const token = this.peek();
    if (this.takeSymbol('..')) return this.#withPredicates('parent', ANY_NODE);
    if (this.takeSymbol('@')) return this.#withPredicates('attribute', this.nodeTest('attribute'));
    if (token.kind === 'name' && token.prefix === '' && this.isSymbol('::', 1)) {
      if (!AXES.has(token.text)) this.fail('an axis');
      this.at += 2;
      const axis = token.text as Axis;
      return this.#withPredicates(axis, this.nodeTest(axis));
    }
    if (this.isSymbol('*') || token.kind === 'wildcard-prefix' || token.kind === 'wildcard-name')
      return this.#withPredicates('child', this.nodeTest('child'));
    if (token.kind === 'name' || token.kind === 'braced-name') {
      if (this.isSymbol('(', 1) && token.prefix === '' && KIND_TESTS.has(token.text)) {
        const axis = token.text === 'attribute' ? 'attribute' : 'child';
        return this.#withPredicates(axis, this.nodeTest(axis));
      }
      const constructor =
        token.prefix === '' && this.isSymbol('{', 1) && (token.text === 'map' || token.text === 'array');
      const inline = token.prefix === '' && token.text === 'function' && this.isSymbol('(', 1);
      const call = this.isSymbol('(', 1) && !(token.prefix === '' && RESERVED_CALLS.has(token.text));
      const reference = this.isSymbol('#', 1);
      if (!constructor && !inline && !call && !reference) return this.#withPredicates('child', this.nodeTest('child'));
    }
    return this.postfix();
  }

  #withPredicates(axis: Axis, test: NodeTest): Expression {
    const predicates: Expression[] = [];
    while (this.takeSymbol('[')) {
      predicates.push(this.expression());
      this.expectSymbol(']');
    }
    return { type: 'step', axis, test, predicates };
  }
}
