import { clip, ExpressionSyntaxError } from '@sluice/domain';

export type TokenKind =
  | 'name'
  | 'wildcard-prefix'
  | 'wildcard-name'
  | 'braced-name'
  | 'integer'
  | 'decimal'
  | 'double'
  | 'string'
  | 'symbol'
  | 'end';

export interface Token {
  readonly kind: TokenKind;
  /** The symbol, the decoded string, the number, or the (local) name. */
  readonly text: string;
  /** Prefix of a qualified name, URI of a braced one. */
  readonly prefix: string;
  readonly position: number;
  /** Position behind the token. */
  readonly end: number;
}

const NAME_START =
  'A-Za-z_\\u00C0-\\u00D6\\u00D8-\\u00F6\\u00F8-\\u02FF\\u0370-\\u037D\\u037F-\\u1FFF\\u200C\\u200D\\u2070-\\u218F\\u2C00-\\u2FEF\\u3001-\\uD7FF\\uF900-\\uFDCF\\uFDF0-\\uFFFD';
const NC_NAME = `[${NAME_START}][${NAME_START}\\-.0-9\\u00B7\\u0300-\\u036F\\u203F\\u2040]*`;
const BRACED = new RegExp(`Q\\{([^{}]*)\\}(\\*|${NC_NAME})`, 'uy');
const WILDCARD_PREFIX = new RegExp(`\\*:(${NC_NAME})`, 'uy');
const QUALIFIED = new RegExp(`(${NC_NAME}):(?!:)(\\*|${NC_NAME})`, 'uy');
const UNPREFIXED = new RegExp(NC_NAME, 'uy');
const NUMBER = /(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?/y;
const SYMBOL = /::|\/\/|\.\.|!=|<=|>=|<<|>>|\|\||:=|=>|[()[\]{},./@|+\-=<>*$?!:#]/y;
const BLANK = /[ \t\r\n]+/y;

/** @throws ExpressionSyntaxError */
export function tokenizeXPath(source: string): readonly Token[] {
  const tokens: Token[] = [];
  let position = 0;
  const match = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = position;
    return pattern.exec(source);
  };
  const push = (kind: TokenKind, length: number, text: string, prefix = ''): void => {
    tokens.push({ kind, text, prefix, position, end: position + length });
    position += length;
  };
  while (position < source.length) {
    const blank = match(BLANK);
    if (blank !== null) {
      position += blank[0].length;
      continue;
    }
    if (source.startsWith('(:', position)) {
      position = commentEnd(source, position);
      continue;
    }
    const character = source[position] as string;
    if (character === '"' || character === "'") {
      const [text, length] = readString(source, position);
      push('string', length, text);
      continue;
    }
    const braced = match(BRACED);
    if (braced !== null) {
      push('braced-name', braced[0].length, braced[2] as string, (braced[1] as string).trim());
      continue;
    }
    const anyPrefix = match(WILDCARD_PREFIX);
    if (anyPrefix !== null) {
      push('wildcard-prefix', anyPrefix[0].length, anyPrefix[1] as string);
      continue;
    }
    const qualified = match(QUALIFIED);
    if (qualified !== null) {
      push(
        qualified[2] === '*' ? 'wildcard-name' : 'name',
        qualified[0].length,
        qualified[2] as string,
        qualified[1] as string,
      );
      continue;
    }
    const name = match(UNPREFIXED);
    if (name !== null) {
      push('name', name[0].length, name[0]);
      continue;
    }
    const number = match(NUMBER);
    if (number !== null && (character !== '.' || /\d/.test(source[position + 1] ?? ''))) {
      const kind = /[eE]/.test(number[0]) ? 'double' : number[0].includes('.') ? 'decimal' : 'integer';
      push(kind, number[0].length, number[0]);
      continue;
    }
    const symbol = match(SYMBOL);
    if (symbol === null)
      throw new ExpressionSyntaxError(
        `The XPath "${clip(source)}" has the unexpected character "${character}" at position ${position + 1}.`,
      );
    push('symbol', symbol[0].length, symbol[0]);
  }
  tokens.push({ kind: 'end', text: '', prefix: '', position, end: position });
  return tokens;
}

function readString(source: string, start: number): [text: string, length: number] {
  const quote = source[start] as string;
  let text = '';
  for (let position = start + 1; ;) {
    const end = source.indexOf(quote, position);
    if (end < 0) throw new ExpressionSyntaxError(`The XPath "${clip(source)}" has a text without an end.`);
    text += source.slice(position, end);
    if (source[end + 1] !== quote) return [text, end + 1 - start];
    text += quote;
    position = end + 2;
  }
}

function commentEnd(source: string, start: number): number {
  let depth = 1;
  let position = start + 2;
  while (depth > 0) {
    const open = source.indexOf('(:', position);
    const close = source.indexOf(':)', position);
    if (close < 0) throw new ExpressionSyntaxError(`The XPath "${clip(source)}" has a comment without an end.`);
    if (open >= 0 && open < close) {
      depth++;
      position = open + 2;
    } else {
      depth--;
      position = close + 2;
    }
  }
  return position;
}
