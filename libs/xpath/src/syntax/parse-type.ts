import { TokenCursor } from './token-cursor.js';
import {
  type Axis,
  type ItemType,
  type KindTest,
  type NameTest,
  type NodeTest,
  type SequenceType,
} from './xpath-ast.js';

export const KIND_TESTS = new Set([
  'node',
  'text',
  'comment',
  'processing-instruction',
  'element',
  'attribute',
  'document-node',
]);

/** Parses what a node or value is tested for: node tests and sequence types. */
export abstract class TypeParser extends TokenCursor {
  protected nodeTest(axis: Axis): NodeTest {
    const token = this.peek();
    if (token.kind === 'name' && token.prefix === '' && KIND_TESTS.has(token.text) && this.isSymbol('(', 1))
      return this.#kindTest();
    return { type: 'name', test: this.#nameTest(axis) };
  }

  #nameTest(axis: Axis): NameTest {
    const token = this.peek();
    if (this.takeSymbol('*')) return { namespace: null, name: null };
    this.at++;
    switch (token.kind) {
      case 'wildcard-prefix':
        return { namespace: null, name: token.text };
      case 'wildcard-name':
        return { namespace: this.namespace(token.prefix), name: null };
      case 'braced-name':
        return { namespace: token.prefix, name: token.text === '*' ? null : token.text };
      case 'name': {
        const none = axis === 'attribute' || axis === 'namespace' ? '' : this.context.elementNamespace;
        return { namespace: token.prefix === '' ? none : this.namespace(token.prefix), name: token.text };
      }
      default:
        this.at--;
        return this.fail('a name test');
    }
  }

  #kindTest(): NodeTest {
    const kind = this.peek().text as KindTest;
    this.at += 2;
    let test: NameTest | null = null;
    if (!this.isSymbol(')')) {
      if (kind === 'element' || kind === 'attribute') {
        test = this.#nameTest(kind === 'attribute' ? 'attribute' : 'child');
        if (this.takeSymbol(',')) {
          this.qualifiedName('');
          this.takeSymbol('?');
        }
      } else if (kind === 'processing-instruction') {
        const token = this.peek();
        if (token.kind !== 'name' && token.kind !== 'string') this.fail('a target');
        this.at++;
        test = { namespace: null, name: token.text };
      } else if (kind === 'document-node') {
        this.#kindTest();
      } else this.fail('")"');
    }
    this.expectSymbol(')');
    return { type: 'kind', kind, test };
  }

  protected singleType(): { name: string; optional: boolean } {
    const { name } = this.qualifiedName('');
    return { name, optional: this.takeSymbol('?') };
  }

  protected sequenceType(): SequenceType {
    if (this.isWord('empty-sequence') && this.isSymbol('(', 1)) {
      this.at += 2;
      this.expectSymbol(')');
      return { item: null, occurrence: '' };
    }
    const item = this.#itemType();
    const token = this.peek();
    if (token.kind === 'symbol' && (token.text === '?' || token.text === '*' || token.text === '+')) {
      this.at++;
      return { item, occurrence: token.text };
    }
    return { item, occurrence: '' };
  }

  #itemType(): ItemType {
    const token = this.peek();
    if (this.isSymbol('(')) {
      this.at++;
      const inner = this.#itemType();
      this.expectSymbol(')');
      return inner;
    }
    if (token.kind !== 'name') this.fail('a type');
    if (token.prefix === '' && this.isSymbol('(', 1)) {
      if (KIND_TESTS.has(token.text)) return { type: 'node', test: this.#kindTest() };
      this.at += 2;
      if (token.text === 'item') {
        this.expectSymbol(')');
        return { type: 'item' };
      }
      if (token.text === 'map' || token.text === 'array' || token.text === 'function') {
        this.#skipTypeArguments();
        if (token.text === 'function' && this.takeWord('as')) this.sequenceType();
        return { type: token.text };
      }
      this.fail('a type');
    }
    const { name } = this.qualifiedName('');
    return { type: 'atomic', name };
  }

  #skipTypeArguments(): void {
    for (let depth = 1; depth > 0; this.at++) {
      if (this.peek().kind === 'end') this.fail('")"');
      if (this.isSymbol('(')) depth++;
      else if (this.isSymbol(')')) depth--;
    }
  }
}
