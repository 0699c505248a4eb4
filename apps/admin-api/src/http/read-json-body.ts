import { invalidArgument } from '@sluice/domain';
import { isUtf8 } from 'node:buffer';

/** Fastify's own parser: it refuses members named `__proto__`. */
export type ParseJson = (request: unknown, text: string, done: (error: Error | null, body?: unknown) => void) => void;

/** Deeper than anything that is sent in earnest; much deeper, and writing it again would overflow the stack. */
export const deepestNesting = 200;

/**
 * Reads a JSON body. None is none, whatever the content type says: many clients name JSON on every request. What is not
 * UTF-8 is refused (RFC 8259 §8.1), for it would be stored with U+FFFD in the place of what was meant.
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
    parse(request, body.toString('utf8'), done);
  };
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
