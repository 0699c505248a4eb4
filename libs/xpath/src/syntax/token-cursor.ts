import { ExpressionSyntaxError, clip } from '@sluice/domain';
import { type StaticContext, WELL_KNOWN_PREFIXES } from '../static-context.js';
import { type Token, tokenizeXPath } from './tokenize-xpath.js';
import { type QualifiedName } from './xpath-ast.js';

/** The tokens of an expression, and where a parser stands in them. */
export abstract class TokenCursor {
  readonly #source: string;
  readonly #tokens: readonly Token[];
  protected readonly context: StaticContext;
  protected at = 0;

  constructor(source: string, context: StaticContext) {
    this.#source = source;
    this.#tokens = tokenizeXPath(source);
    this.context = context;
  }

  protected peek(ahead = 0): Token {
    return this.#tokens[Math.min(this.at + ahead, this.#tokens.length - 1)] as Token;
  }

  protected fail(expected?: string): never {
    const token = this.peek();
    const found = token.kind === 'end' ? 'its end' : `"${clip(this.#source.slice(token.position, token.end), 30)}"`;
    throw new ExpressionSyntaxError(
      `The XPath "${clip(this.#source)}" cannot be read at ${found} (position ${token.position + 1})${expected === undefined ? '' : `; ${expected} is expected`}.`,
    );
  }

  protected isSymbol(text: string, ahead = 0): boolean {
    const token = this.peek(ahead);
    return token.kind === 'symbol' && token.text === text;
  }

  protected isWord(text: string, ahead = 0): boolean {
    const token = this.peek(ahead);
    return token.kind === 'name' && token.prefix === '' && token.text === text;
  }

  protected takeSymbol(text: string): boolean {
    if (!this.isSymbol(text)) return false;
    this.at++;
    return true;
  }

  protected takeWord(text: string): boolean {
    if (!this.isWord(text)) return false;
    this.at++;
    return true;
  }

  protected expectSymbol(text: string): void {
    if (!this.takeSymbol(text)) this.fail(`"${text}"`);
  }

  protected expectWord(text: string): void {
    if (!this.takeWord(text)) this.fail(`"${text}"`);
  }

  protected variableName(): QualifiedName {
    this.expectSymbol('$');
    return this.qualifiedName('');
  }

  protected qualifiedName(defaultNamespace: string): QualifiedName {
    const token = this.peek();
    if (token.kind === 'braced-name' && token.text !== '*') {
      this.at++;
      return { namespace: token.prefix, name: token.text };
    }
    if (token.kind !== 'name') this.fail('a name');
    this.at++;
    return { namespace: token.prefix === '' ? defaultNamespace : this.namespace(token.prefix), name: token.text };
  }

  protected namespace(prefix: string): string {
    const uri = this.context.namespace(prefix) ?? WELL_KNOWN_PREFIXES[prefix];
    if (uri === undefined)
      throw new ExpressionSyntaxError(
        `The XPath "${clip(this.#source)}" uses the prefix "${prefix}", which is not declared.`,
        {
          nearest: 'declare it in the namespace mapping of the flow, or write *:name',
        },
      );
    return uri;
  }
}
