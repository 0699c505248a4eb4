import { XmlTreeBuilder } from '@sluice/xml';
import { RE2JS } from 're2js';
import { FN_NAMESPACE } from '../static-context.js';
import { compareText } from '../value/arithmetic.js';
import { EMPTY, type Item, type Sequence, atomize, oneAtomic, textOf, xpathError } from '../value/xpath-value.js';
import {
  type FunctionEntry,
  boundedText,
  define,
  integerArgument,
  numberArgument,
  orContext,
  textArgument,
} from './define-function.js';
import { xpathRegex, xpathReplacement } from './regular-expression.js';

function contextText(dynamic: Parameters<typeof orContext>[0], values: readonly Sequence[], index: number): string {
  const given = values[index];
  if (given !== undefined) return textArgument(given);
  const [item] = orContext(dynamic, values, index);
  return item === undefined ? '' : textOf(item);
}

const BLANKS = /[ \t\r\n]+/g;

export const TEXT_FUNCTIONS: readonly FunctionEntry[] = [
  define('concat', [2, 1000], (_, values) => [boundedText(values.map((value) => textArgument(value)).join(''))]),
  define('string-join', [1, 2], (_, [items = EMPTY, separator]) => [
    boundedText(
      atomize(items)
        .map(textOf)
        .join(separator === undefined ? '' : textArgument(separator)),
    ),
  ]),
  define('substring', [2, 3], (_, values) => {
    const text = textArgument(values[0]);
    const start = roundHalfUp(numberArgument(values[1]));
    const end = values[2] === undefined ? Infinity : start + roundHalfUp(numberArgument(values[2]));
    if (Number.isNaN(start) || Number.isNaN(end)) return [''];
    const hasSurrogates = /[\ud800-\udfff]/.test(text);
    const units = hasSurrogates ? [...text] : text;
    const slice = units.slice(Math.max(0, start - 1), end === Infinity ? undefined : Math.max(0, end - 1));
    return [typeof slice === 'string' ? slice : slice.join('')];
  }),
  define('string-length', [0, 1], (dynamic, values) => [BigInt([...contextText(dynamic, values, 0)].length)]),
  define('normalize-space', [0, 1], (dynamic, values) => [
    contextText(dynamic, values, 0).replace(BLANKS, ' ').replace(/^ | $/g, ''),
  ]),
  define('normalize-unicode', [1, 2], (_, values) => {
    const form = values[1] === undefined ? 'NFC' : textArgument(values[1]).trim().toUpperCase();
    if (form === '') return [textArgument(values[0])];
    if (!['NFC', 'NFD', 'NFKC', 'NFKD'].includes(form))
      throw xpathError('FOCH0003', `"${form}" is not a normalization form.`);
    return [textArgument(values[0]).normalize(form)];
  }),
  define('upper-case', 1, (_, values) => [textArgument(values[0]).toUpperCase()]),
  define('lower-case', 1, (_, values) => [textArgument(values[0]).toLowerCase()]),
  define('translate', 3, (_, values) => {
    const [from, to] = [[...textArgument(values[1])], [...textArgument(values[2])]];
    const table = new Map<string, string>();
    from.forEach((character, index) => {
      if (!table.has(character)) table.set(character, to[index] ?? '');
    });
    return [[...textArgument(values[0])].map((character) => table.get(character) ?? character).join('')];
  }),
  define('contains', [2, 3], (_, values) => [textArgument(values[0]).includes(textArgument(values[1]))]),
  define('starts-with', [2, 3], (_, values) => [textArgument(values[0]).startsWith(textArgument(values[1]))]),
  define('ends-with', [2, 3], (_, values) => [textArgument(values[0]).endsWith(textArgument(values[1]))]),
  define('substring-before', [2, 3], (_, values) => {
    const [text, part] = [textArgument(values[0]), textArgument(values[1])];
    const at = text.indexOf(part);
    return [at < 0 ? '' : text.slice(0, at)];
  }),
  define('substring-after', [2, 3], (_, values) => {
    const [text, part] = [textArgument(values[0]), textArgument(values[1])];
    const at = text.indexOf(part);
    return [at < 0 ? '' : text.slice(at + part.length)];
  }),
  define('contains-token', [2, 3], (_, [items = EMPTY, token]) => {
    const wanted = textArgument(token).trim();
    return [wanted !== '' && atomize(items).some((item) => textOf(item).split(/\s+/).includes(wanted))];
  }),
  define('compare', [2, 3], (_, values) => {
    const [first, second] = [
      oneAtomic(values[0] ?? EMPTY, 'An argument'),
      oneAtomic(values[1] ?? EMPTY, 'An argument'),
    ];
    return first === null || second === null ? EMPTY : [BigInt(Math.sign(compareText(textOf(first), textOf(second))))];
  }),
  define('codepoint-equal', 2, (_, [first = EMPTY, second = EMPTY]) =>
    first.length === 0 || second.length === 0 ? EMPTY : [textArgument(first) === textArgument(second)],
  ),
  define('codepoints-to-string', 1, (_, [items = EMPTY]) => {
    const codes = atomize(items).map((item) => integerArgument([item]));
    if (codes.some((code) => code < 1 || code > 0x10ffff))
      throw xpathError('FOCH0001', 'A code point is out of range.');
    return [codes.map((code) => String.fromCodePoint(code)).join('')];
  }),
  define('string-to-codepoints', 1, (_, values) =>
    [...textArgument(values[0])].map((character) => BigInt(character.codePointAt(0) ?? 0)),
  ),
  define('encode-for-uri', 1, (_, values) => [
    encodeURIComponent(wellFormed(textArgument(values[0]))).replace(/[!'()*]/g, percent),
  ]),
  define('iri-to-uri', 1, (_, values) => [
    encodeURI(wellFormed(textArgument(values[0]))).replace(/%25([0-9A-F]{2})/gi, '%$1'),
  ]),
  define('escape-html-uri', 1, (_, values) => [
    textArgument(values[0]).replace(/[^ -~]+/g, (part) => encodeURI(wellFormed(part))),
  ]),
  define('matches', [2, 3], (_, values) => [
    xpathRegex(textArgument(values[1]), textArgument(values[2])).matcher(textArgument(values[0])).find(),
  ]),
  define('replace', [3, 4], (_, values) => {
    const flags = textArgument(values[3]);
    const regex = xpathRegex(textArgument(values[1]), flags);
    if (regex.matches('')) throw xpathError('FORX0003', 'The pattern of replace() matches the empty text.');
    return [
      boundedText(
        regex
          .matcher(textArgument(values[0]))
          .replaceAll(
            flags.includes('q')
              ? RE2JS.quoteReplacement(textArgument(values[2]))
              : xpathReplacement(textArgument(values[2]), regex.groupCount()),
          ),
      ),
    ];
  }),
  define('tokenize', [1, 3], (_, values) => {
    const text = textArgument(values[0]);
    if (values[1] === undefined) return text.split(BLANKS).filter((part) => part !== '');
    if (text === '') return EMPTY;
    const regex = xpathRegex(textArgument(values[1]), textArgument(values[2]));
    if (regex.matches('')) throw xpathError('FORX0003', 'The pattern of tokenize() matches the empty text.');
    const parts: Item[] = [];
    let at = 0;
    const matcher = regex.matcher(text);
    while (matcher.find()) {
      parts.push(text.slice(at, matcher.start()));
      at = matcher.end();
    }
    parts.push(text.slice(at));
    return parts;
  }),
  define('analyze-string', [2, 3], (_, values) => [
    analyzeString(textArgument(values[0]), textArgument(values[1]), textArgument(values[2])),
  ]),
  define('resolve-uri', [1, 2], (_, values) => {
    const [relative, base] = [textArgument(values[0]), values[1] === undefined ? undefined : textArgument(values[1])];
    if (/^[a-z][a-z0-9+.-]*:/i.test(relative) || base === undefined) return [relative];
    try {
      return [new URL(relative, base).href];
    } catch {
      throw xpathError('FORG0002', `"${relative}" cannot be resolved against "${base}".`);
    }
  }),
  define('default-collation', 0, () => ['http://www.w3.org/2005/xpath-functions/collation/codepoint']),
];

function roundHalfUp(value: number): number {
  return Math.floor(value + 0.5);
}

function wellFormed(text: string): string {
  return text.toWellFormed();
}

function percent(character: string): string {
  return `%${character.charCodeAt(0).toString(16).toUpperCase()}`;
}

function analyzeString(text: string, pattern: string, flags: string): Item {
  const builder = new XmlTreeBuilder();
  builder.startElement('analyze-string-result', '', FN_NAMESPACE, { '': FN_NAMESPACE });
  const matcher = xpathRegex(pattern, flags).matcher(text);
  let at = 0;
  const leaf = (name: string, content: string): void => {
    if (content === '' && name === 'non-match') return;
    builder.startElement(name, '', FN_NAMESPACE);
    builder.text(content);
    builder.endElement();
  };
  while (matcher.find()) {
    leaf('non-match', text.slice(at, matcher.start()));
    builder.startElement('match', '', FN_NAMESPACE);
    let inner = matcher.start();
    for (let group = 1; group <= matcher.groupCount(); group++) {
      const [start, end] = [matcher.start(group), matcher.end(group)];
      if (start < inner || start < 0) continue;
      builder.text(text.slice(inner, start));
      builder.startElement('group', '', FN_NAMESPACE);
      builder.attribute('nr', '', '', String(group));
      builder.text(text.slice(start, end));
      builder.endElement();
      inner = end;
    }
    builder.text(text.slice(inner, matcher.end()));
    builder.endElement();
    at = matcher.end();
  }
  leaf('non-match', text.slice(at));
  return builder.end().children[0] as Item;
}
