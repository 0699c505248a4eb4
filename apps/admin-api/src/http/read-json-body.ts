import { clip, invalidArgument } from '@sluice/domain';
import { isUtf8 } from 'node:buffer';
import { repeatedMember } from './repeated-member.js';

/** Fastify's own parser: it refuses members named `__proto__`. */
export type ParseJson = (request: unknown, text: string, done: (error: Error | null, body?: unknown) => void) => void;

/** Deeper than anything that is sent in earnest; much deeper, and writing it again would overflow the stack. */
export const deepestNesting = 200;

/** As much of a member's path as an answer repeats, in characters. */
const maxFieldLength = 200;

/**
 * Reads a JSON body. None is none, whatever the content type says: many clients name JSON on every request. What is not
 * UTF-8 is refused (RFC 8259 §8.1), for it would be stored with U+FFFD in the place of what was meant, and so is an object
 * with two members of one name.
 */
export function jsonBodyReader(parse: ParseJson) {
  return (request: unknown, body: Buffer, done: (error: Error | null, body?: unknown) => void): void => {
    if (body.length === 0) return done(null, undefined);
    if (!isUtf8(body))
      return done(invalidArgument([{ field: 'body', message: 'must be JSON in UTF-8 (RFC 8259), and is not UTF-8' }]));
    if (isNestedBeyond(body, deepestNesting))
      return done(
        invalidArgument([{ field: 'body', message: `is nested too deeply: ${deepestNesting} levels are the most` }]),
      );
    const text = body.toString('utf8');
    parse(request, text, (error, value) => {
      const fault = error ? (jsonFault(text) ?? forbiddenMember) : repetition(text);
      return fault ? done(fault) : done(null, value);
    });
  };
}

function repetition(text: string): Error | undefined {
  const field = repeatedMember(text);
  if (field === undefined) return undefined;
  return invalidArgument([
    {
      field: clip(field, maxFieldLength),
      message: 'is there twice: which of them counts is for every program to choose (RFC 8259 §4); send it once',
    },
  ]);
}

/** It is JSON, and the parser refused it: for a name that would change what all objects are. */
const forbiddenMember = invalidArgument([
  { field: 'body', message: 'must have no member named __proto__ or constructor.prototype' },
]);

/** Where a text stops being JSON, by line and column. */
function jsonFault(text: string): Error | undefined {
  try {
    JSON.parse(text);
    return undefined;
  } catch (error) {
    const { message } = error as SyntaxError;
    const position = Number(/at position (\d+)/.exec(message)?.[1] ?? positionOf(text));
    const before = text.slice(0, position).split('\n');
    const what = position >= text.length ? 'ends before it is whole' : `is not JSON`;
    return invalidArgument([
      { field: 'body', message: `${what} at line ${before.length}, column ${(before.at(-1)?.length ?? 0) + 1}` },
    ]);
  }
}

/** Of a short text the engine names no position: it is the length of the longest beginning that could still become JSON. */
function positionOf(text: string): number {
  for (let length = 1; length <= Math.min(text.length, 10_000); length++) {
    try {
      JSON.parse(text.slice(0, length));
    } catch (error) {
      if (!/end of JSON input|Unterminated/.test((error as SyntaxError).message)) return length - 1;
    }
  }
  return text.length;
}

const [quote, backslash, openBracket, closeBracket, openBrace, closeBrace] = Buffer.from('"\\[]{}') as unknown as [
  number,
  number,
  number,
  number,
  number,
  number,
];

/** Counts brackets outside of strings; whether it is JSON is for the parser to say. */
function isNestedBeyond(body: Buffer, levels: number): boolean {
  let depth = 0;
  let inString = false;
  for (let at = 0; at < body.length; at++) {
    const octet = body[at];
    if (octet === quote) inString = !inString;
    else if (octet === backslash) at += inString ? 1 : 0;
    else if (inString) continue;
    else if (octet === openBracket || octet === openBrace) {
      if (++depth > levels) return true;
    } else if (octet === closeBracket || octet === closeBrace) depth--;
  }
  return false;
}
