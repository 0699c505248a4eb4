import { FlowProcessingError, ExpressionSyntaxError } from '@sluice/domain';
import type { CompiledExpression, SimpleContext, SimpleNames } from './simple-context.js';

import { compileDateFormat } from './format-date.js';
import { type OgnlCall, applyOgnl, parseOgnl } from './ognl-path.js';

const UNSUPPORTED: readonly [pattern: RegExp, reason: string, nearest: string][] = [
  [/^bean[:.]/, 'There are no Java beans here.', 'a script step'],
  [/^(sys|sysenv|env)[.:]/, 'Flows cannot read the environment.', 'a parameter of the artifact, or a constant'],
  [/^(ref|type|properties):/, 'There is no Java registry here.', 'a property or a constant'],
  [
    /^(file|out|threadName|hostname|messageHistory|jsonpath|xpath)\b/,
    'The function is not offered.',
    'a header, a property or a script step',
  ],
  [
    /^(in\.)?body\.(?!size|length|to|trim|sub|repl|contains|start|end|split|equals|isEmpty|is|index|char|concat|match|hash)/,
    'The body is text here, not a Java object.',
    'XPath for XML, a mapping or script step for JSON',
  ],
];

/**
 * Compiles what stands between `${` and `}`.
 * @throws ExpressionSyntaxError
 */
export function compileSimpleFunction(source: string): CompiledExpression {
  const text = source.trim();
  const body = /^(?:in\.)?body(?![A-Za-z])/.exec(text);
  if (body !== null) {
    for (const [pattern, reason, nearest] of UNSUPPORTED)
      if (pattern.test(text)) throw unsupported(text, reason, nearest);
    return withOgnl((context) => bodyValue(context), text.slice(body[0].length), text);
  }
  const bodyAs = /^(mandatoryBodyAs|bodyAs)\(\s*["']?([^)"']*)["']?\s*\)/.exec(text);
  if (bodyAs !== null) {
    const mandatory = bodyAs[1] === 'mandatoryBodyAs';
    return withOgnl(
      (context) => {
        if (mandatory && context.message.isEmpty)
          throw new FlowProcessingError('conversion-failed', 'The body is empty, but the expression demands one.');
        return context.message.text();
      },
      text.slice(bodyAs[0].length),
      text,
    );
  }
  const headerAs = /^(?:in\.)?headerAs\(\s*["']?([^,"')]+)["']?\s*,\s*["']?([^)"']*)["']?\s*\)/.exec(text);
  if (headerAs !== null) {
    const name = (headerAs[1] as string).trim();
    return withOgnl(
      (context) => {
        const value = context.message.headers.get(name);
        return value === undefined || value === null ? null : context.toText(value);
      },
      text.slice(headerAs[0].length),
      text,
    );
  }
  if (/^(?:in\.)?headers\.size(?:\(\))?$/.test(text)) return (context) => context.message.headers.size;
  const header = /^(?:in\.)?headers?(?=[.:[?])/.exec(text);
  if (header !== null) return compileLookup(text.slice(header[0].length), text, headersOf);
  const property = /^(?:exchangeProperty|property|exchange\.properties)(?=[.:[?])/.exec(text);
  if (property !== null)
    return compileLookup(text.slice(property[0].length), text, (context) => context.message.properties);
  if (/^date(-with-timezone)?:/.test(text)) return compileDate(text);
  const random = /^random\(\s*(-?\d{1,15})\s*(?:,\s*(-?\d{1,15})\s*)?\)$/.exec(text);
  if (random !== null)
    throw unsupported(text, 'A run must give the same result for the same input.', '${exchangeId} or a script step');
  return compileConstantName(text);
}

function compileConstantName(text: string): CompiledExpression {
  if (text === 'null') return () => null;
  if (text === 'true' || text === 'false') return () => text === 'true';
  if (text === 'exchangeId' || text === 'id' || text === 'exchange.exchangeId') return (context) => context.exchangeId;
  if (text === 'camelId' || text === 'camelContext.name' || text === 'routeId' || text === 'exchange.fromRouteId')
    return (context) => context.flowName;
  const exception = /^(?:in\.)?exception(?![A-Za-z])/.exec(text);
  if (exception !== null) return compileException(text.slice(exception[0].length), text);
  for (const [pattern, reason, nearest] of UNSUPPORTED)
    if (pattern.test(text)) throw unsupported(text, reason, nearest);
  throw new ExpressionSyntaxError(`"\${${text}}" is not a Simple function.`, {
    nearest: '${header.name}, ${property.name}, ${body}, ${date:now:pattern}, ${exception.message}',
  });
}

function unsupported(text: string, reason: string, nearest: string): ExpressionSyntaxError {
  return new ExpressionSyntaxError(`"\${${text}}" is not supported. ${reason}`, { nearest, unsupported: true });
}

function headersOf(context: SimpleContext): SimpleNames {
  return context.message.headers;
}

function bodyValue(context: SimpleContext): unknown {
  return context.message.body === null ? null : context.message.text();
}

/** `.name`, `[name]`, `.name.method()`: a name that holds dots is looked up whole before it is taken apart. */
function compileLookup(
  suffix: string,
  text: string,
  table: (context: SimpleContext) => SimpleNames,
): CompiledExpression {
  const bracket = /^\??\[\s*(?:'([^']*)'|"([^"]*)"|([^\]'"]+))\s*\]/.exec(suffix);
  if (bracket !== null) {
    const name = (bracket[1] ?? bracket[2] ?? bracket[3] ?? '').trim();
    return withOgnl((context) => table(context).get(name) ?? null, suffix.slice(bracket[0].length), text);
  }
  const whole = suffix.replace(/^(\?\.|[.:])/, '');
  if (whole === '') throw new ExpressionSyntaxError(`"\${${text}}" names no header or property.`);
  const plain = /^[^.[?(]+/.exec(whole);
  if (plain === null) throw new ExpressionSyntaxError(`"\${${text}}" names no header or property.`);
  if (plain[0].length === whole.length) return (context) => table(context).get(whole) ?? null;
  const first = plain[0];
  let calls: readonly OgnlCall[] | null = null;
  try {
    calls = parseOgnl(whole.slice(first.length), text);
  } catch (error) {
    // Not a known method: then the dots belong to the name.
    if (/[[(]/.test(whole)) throw error;
  }
  if (calls === null) return (context) => table(context).get(whole) ?? null;
  const path = calls;
  return (context) => {
    const names = table(context);
    return names.has(whole) ? (names.get(whole) ?? null) : applyOgnl(names.get(first) ?? null, path, text, context);
  };
}

function withOgnl(read: CompiledExpression, suffix: string, text: string): CompiledExpression {
  if (suffix === '') return read;
  const calls = parseOgnl(suffix, text);
  return (context) => applyOgnl(read(context), calls, text, context);
}

function compileException(suffix: string, text: string): CompiledExpression {
  switch (suffix) {
    case '':
    case '.toString()':
      return (context) =>
        context.exception === null ? null : `${context.exception.code}: ${context.exception.message}`;
    case '.message':
    case '.getMessage()':
    case '.localizedMessage':
    case '.cause.message':
      return (context) => context.exception?.message ?? null;
    case '.stacktrace':
      return (context) =>
        context.exception === null ? null : `${context.exception.code}: ${context.exception.message}`;
    case '.class':
    case '.class.name':
    case '.class.simpleName':
      return (context) => context.exception?.code ?? null;
    case '.statusCode':
    case '.httpStatusCode':
      return (context) => context.exception?.responseCode ?? null;
    case '.responseBody':
      return (context) => context.exception?.responseBody ?? null;
    case '.statusText':
      return (context) => context.exception?.message ?? null;
    default:
      throw unsupported(
        text,
        'The failure is no Java exception here.',
        '${exception.message} or ${exception.statusCode}',
      );
  }
}

/** `date:now:pattern`, `date:now-24h:pattern`, `date:header.x:pattern`, `date-with-timezone:now:zone:pattern`. */
function compileDate(text: string): CompiledExpression {
  const zoned = /^date-with-timezone:([^:]+):((?:GMT|UTC)[+-]\d{1,2}:\d{2}|[^:]+):(.+)$/s.exec(text);
  const plain = zoned === null ? /^date:([^:]+)(?::(.+))?$/s.exec(text) : null;
  const command = (zoned?.[1] ?? plain?.[1] ?? '').trim();
  const pattern = zoned?.[3] ?? plain?.[2] ?? 'EEE MMM dd HH:mm:ss zzz yyyy';
  const parsed =
    /^(now|exchangeCreated|(?:in\.)?header\.[^+\s]+?|(?:exchangeProperty|property)\.[^+\s]+?)((?:[+-]\d{1,9}(?:ms|[wdhms]))*)$/.exec(
      command,
    );
  if (parsed === null)
    throw new ExpressionSyntaxError(`"\${${text}}" has no known date command.`, { nearest: '${date:now:yyyy-MM-dd}' });
  const format = compileDateFormat(pattern, zoned?.[2] ?? 'UTC');
  const shift = offsetOf(parsed[2] ?? '');
  const source = parsed[1] as string;
  if (source === 'now' || source === 'exchangeCreated') return (context) => format(context.now() + shift);
  const read = compileSimpleFunction(source);
  return (context) => {
    const value = read(context);
    if (value === null || value === '') return null;
    const time = value instanceof Date ? value.getTime() : timeOf(context.toText(value));
    if (Number.isNaN(time))
      throw new FlowProcessingError('expression-failed', `The value of ${source} in "\${${text}}" is not a date.`);
    return format(time + shift);
  };
}

function timeOf(text: string): number {
  return /^-?\d{8,16}$/.test(text) ? Number(text) : Date.parse(text);
}

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1e3, m: 6e4, h: 36e5, d: 864e5, w: 6048e5 };

function offsetOf(text: string): number {
  let total = 0;
  for (const [, sign, amount, unit] of text.matchAll(/([+-])(\d+)(ms|[wdhms])/g))
    total += (sign === '-' ? -1 : 1) * Number(amount) * (UNIT_MS[unit as string] as number);
  return total;
}
