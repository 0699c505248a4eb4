import { ExpressionSyntaxError } from '@sluice/domain';
import { RE2JS } from 're2js';

/** Patterns come from definitions, not from messages, so this stays as small as the definitions are. */
const regexes = new Map<string, RE2JS>();

/**
 * Regular expressions run on RE2: their time is linear in the text, whatever the pattern.
 * @throws ExpressionSyntaxError
 */
export function regexOf(pattern: string): RE2JS {
  let regex = regexes.get(pattern);
  if (regex === undefined) {
    try {
      regex = RE2JS.compile(pattern);
    } catch (error) {
      throw new ExpressionSyntaxError(
        `"${pattern}" is not a regular expression that can be matched in linear time: ${(error as Error).message}`,
        {
          nearest: 'a pattern without look-around and back references',
        },
      );
    }
    if (regexes.size > 1000) regexes.clear();
    regexes.set(pattern, regex);
  }
  return regex;
}
