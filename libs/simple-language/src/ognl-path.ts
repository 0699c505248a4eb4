import { FlowProcessingError, ExpressionSyntaxError } from '@sluice/domain';
import { regexOf } from './regular-expression.js';
import type { SimpleContext } from './simple-context.js';

/** One link of an OGNL suffix: a method, a property read as its getter, or an index. */
export type OgnlCall =
  | {
      readonly kind: 'method';
      readonly name: string;
      readonly arguments: readonly (string | number)[];
      readonly nullSafe: boolean;
    }
  | { readonly kind: 'index'; readonly key: string };

type TextMethod = (text: string, values: readonly (string | number)[]) => unknown;

const MAXIMUM_RESULT = 16 * 1024 * 1024;

/** What may be called on a value, which is taken as a text. */
export const TEXT_METHODS: ReadonlyMap<string, readonly [arity: readonly number[], method: TextMethod]> = new Map<
  string,
  readonly [arity: readonly number[], method: TextMethod]
>([
  ['length', [[0], (text) => text.length]],
  ['size', [[0], (text) => text.length]],
  ['trim', [[0], (text) => text.trim()]],
  ['toString', [[0], (text) => text]],
  ['toUpperCase', [[0], (text) => text.toUpperCase()]],
  ['toLowerCase', [[0], (text) => text.toLowerCase()]],
  ['isEmpty', [[0], (text) => text.length === 0]],
  ['isBlank', [[0], (text) => text.trim() === '']],
  [
    'substring',
    [[1, 2], (text, [start, end]) => javaSubstring(text, Number(start), end === undefined ? text.length : Number(end))],
  ],
  ['contains', [[1], (text, [part]) => text.includes(String(part))]],
  ['startsWith', [[1], (text, [part]) => text.startsWith(String(part))]],
  ['endsWith', [[1], (text, [part]) => text.endsWith(String(part))]],
  ['equals', [[1], (text, [other]) => text === String(other)]],
  ['equalsIgnoreCase', [[1], (text, [other]) => text.toLowerCase() === String(other).toLowerCase()]],
  ['compareTo', [[1], (text, [other]) => (text < String(other) ? -1 : text > String(other) ? 1 : 0)]],
  ['indexOf', [[1], (text, [part]) => text.indexOf(String(part))]],
  ['lastIndexOf', [[1], (text, [part]) => text.lastIndexOf(String(part))]],
  ['charAt', [[1], (text, [index]) => text.charAt(Number(index))]],
  ['concat', [[1], (text, [other]) => text + String(other)]],
  ['replace', [[2], (text, [from, to]) => bounded(text, String(from), String(to))]],
  ['replaceAll', [[2], (text, [pattern, to]) => regexOf(String(pattern)).matcher(text).replaceAll(String(to))]],
  ['replaceFirst', [[2], (text, [pattern, to]) => regexOf(String(pattern)).matcher(text).replaceFirst(String(to))]],
  ['matches', [[1], (text, [pattern]) => regexOf(String(pattern)).matches(text)]],
  ['split', [[1], (text, [pattern]) => regexOf(String(pattern)).split(text)]],
]);

/**
 * @param suffix what follows a function: `.substring(0,3)`, `[0]`, `?.trim`
 * @throws ExpressionSyntaxError
 */
export function parseOgnl(suffix: string, whole: string): readonly OgnlCall[] {
  const calls: OgnlCall[] = [];
  let rest = suffix;
  while (rest !== '') {
    const index = /^\??\[\s*(?:'([^']*)'|"([^"]*)"|([^\]]*))\s*\]/.exec(rest);
    if (index !== null) {
      calls.push({ kind: 'index', key: (index[1] ?? index[2] ?? index[3] ?? '').trim() });
      rest = rest.slice(index[0].length);
      continue;
    }
    const method = /^(\?)?\.([A-Za-z_]\w*)/.exec(rest);
    if (method === null) throw new ExpressionSyntaxError(`"\${${whole}}" cannot be read at "${rest}".`);
    rest = rest.slice(method[0].length);
    let values: (string | number)[] = [];
    if (rest.startsWith('(')) {
      const [parsed, length] = parseArguments(rest, whole);
      values = parsed;
      rest = rest.slice(length);
    }
    const name = methodName(method[2] as string);
    const known = TEXT_METHODS.get(name);
    if (known === undefined || !known[0].includes(values.length))
      throw new ExpressionSyntaxError(`"\${${whole}}" calls ${method[2]}, which texts do not have.`, {
        nearest: [...TEXT_METHODS.keys()].join(', '),
        unsupported: true,
      });
    if (name === 'replaceAll' || name === 'replaceFirst' || name === 'matches' || name === 'split')
      regexOf(String(values[0]));
    calls.push({ kind: 'method', name, arguments: values, nullSafe: method[1] === '?' });
  }
  return calls;
}

function methodName(name: string): string {
  if (TEXT_METHODS.has(name)) return name;
  const getter = /^get([A-Z])(\w*)$/.exec(name);
  return getter === null ? name : `${(getter[1] as string).toLowerCase()}${getter[2]}`;
}

function parseArguments(rest: string, whole: string): [values: (string | number)[], length: number] {
  const values: (string | number)[] = [];
  let position = 1;
  const skipBlanks = (): void => {
    while (rest[position] === ' ') position++;
  };
  skipBlanks();
  if (rest[position] === ')') return [values, position + 1];
  for (;;) {
    skipBlanks();
    const literal = /^(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)"|(-?\d+(?:\.\d+)?)|([^,)'"]+))/.exec(
      rest.slice(position),
    );
    if (literal === null) throw new ExpressionSyntaxError(`"\${${whole}}" has arguments that cannot be read.`);
    if (literal[3] !== undefined) values.push(Number(literal[3]));
    else values.push((literal[1] ?? literal[2] ?? (literal[4] as string).trim()).replace(/\\(['"\\])/g, '$1'));
    position += literal[0].length;
    skipBlanks();
    if (rest[position] === ')') return [values, position + 1];
    if (rest[position] !== ',')
      throw new ExpressionSyntaxError(`"\${${whole}}" has arguments that are not separated by commas.`);
    position++;
  }
}

/** @throws FlowProcessingError `expression-failed` */
export function applyOgnl(start: unknown, calls: readonly OgnlCall[], whole: string, context: SimpleContext): unknown {
  let value = start;
  for (const call of calls) {
    if (value === null || value === undefined) return null;
    if (call.kind === 'index') value = indexed(value, call.key);
    else if (Array.isArray(value) && (call.name === 'size' || call.name === 'length')) value = value.length;
    else if (Array.isArray(value) && call.name === 'isEmpty') value = value.length === 0;
    else {
      const method = (TEXT_METHODS.get(call.name) as readonly [readonly number[], TextMethod])[1];
      try {
        value = method(context.toText(value), call.arguments);
      } catch (error) {
        if (error instanceof FlowProcessingError) throw error;
        throw new FlowProcessingError(
          'expression-failed',
          `"\${${whole}}" failed in ${call.name}: ${(error as Error).message}`,
          { cause: error },
        );
      }
    }
  }
  return value;
}

function indexed(value: unknown, key: string): unknown {
  if (Array.isArray(value)) {
    const last = /^last(?:\s*-\s*(\d{1,9}))?$/.exec(key);
    const index = last === null ? Number(key) : value.length - 1 - Number(last[1] ?? 0);
    return (value as unknown[])[index] ?? null;
  }
  if (value instanceof Map) return (value as Map<string, unknown>).get(key) ?? null;
  if (typeof value === 'object' && value !== null && Object.hasOwn(value, key))
    return (value as Record<string, unknown>)[key];
  return null;
}

function javaSubstring(text: string, start: number, end: number): string {
  if (!(start >= 0 && start <= end && end <= text.length))
    throw new FlowProcessingError(
      'expression-failed',
      `substring(${start}, ${end}) is outside a text of ${text.length} characters.`,
    );
  return text.slice(start, end);
}

function bounded(text: string, from: string, to: string): string {
  const occurrences = from === '' ? text.length + 1 : text.split(from).length - 1;
  if (text.length + occurrences * to.length > MAXIMUM_RESULT)
    throw new FlowProcessingError('limit-exceeded', `A text of more than ${MAXIMUM_RESULT} characters would result.`);
  return text.replaceAll(from, () => to);
}
