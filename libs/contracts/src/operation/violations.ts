import type { FieldViolation } from '@sluice/domain';
import { z } from 'zod';

/**
 * An object that refuses members it does not know, which are most often misspelt ones, and names the known.
 * @param what it is of, where that helps: `a parameter of key type certificate`
 * @param whenNone said where none is known
 */
export function members<Shape extends z.ZodRawShape>(shape: Shape, what?: string, whenNone = 'there are none') {
  const known = Object.keys(shape);
  const said = what === undefined ? 'is not known here' : `is not ${what}`;
  return z.strictObject(shape, {
    error: (issue) => {
      if (issue.code === 'unrecognized_keys')
        return `${said}; ${known.length > 0 ? `known are ${known.join(', ')}` : whenNone}`;
      return issue.code === 'invalid_type' ? 'must be an object' : undefined;
    },
  });
}

/** A text that a pattern holds for; one message for everything that is wrong with it. */
export function textOf(pattern: RegExp, message: string) {
  return z.string({ error: message }).regex(pattern, { error: message });
}

/** A text of a number of characters. */
export function textUpTo(longest: number, shortest = 0) {
  const message =
    shortest === 0
      ? `must be a text of at most ${longest} characters`
      : `must be a text of ${shortest} to ${longest} characters`;
  return z.string({ error: message }).min(shortest, { error: message }).max(longest, { error: message });
}

/** A whole number between two, both included. @param unit `of days`, where there is one */
export function wholeNumber(smallest: number, largest: number, unit?: string) {
  const message = `must be a whole number ${unit === undefined ? '' : `${unit} `}from ${smallest} to ${largest}`;
  return z.int({ error: message }).min(smallest, { error: message }).max(largest, { error: message });
}

/** One of a closed set. */
export function oneOf<const Values extends readonly [string, ...string[]]>(values: Values) {
  return z.enum(values as unknown as [...Values], { error: `must be one of ${values.join(', ')}` });
}

export const yesOrNo = z.boolean({ error: 'must be true or false' });

/** An answer names no more, so that it is not larger than the body it answers. */
export const maxViolations = 50;

/** Every rule that was broken, up to {@link maxViolations}, with the path as the caller wrote it: `parameters.roles[0]`. */
export function violationsOf(error: z.ZodError, whole = 'body'): FieldViolation[] {
  return error.issues
    .slice(0, maxViolations)
    .flatMap((issue) => {
      const at = (path: readonly PropertyKey[]) => pathOf(path) || whole;
      if (issue.code === 'unrecognized_keys')
        return issue.keys
          .slice(0, maxViolations)
          .map((key) => ({ field: at([...issue.path, key]), message: issue.message }));
      return [{ field: at(issue.path), message: messageOf(issue) }];
    })
    .slice(0, maxViolations);
}

function messageOf(issue: z.core.$ZodIssue): string {
  if (issue.code === 'invalid_type' && issue.message.startsWith('Invalid input'))
    return `must be ${named[issue.expected] ?? `a ${issue.expected}`}`;
  return issue.message;
}

const named: Readonly<Record<string, string>> = {
  string: 'a text',
  object: 'an object',
  array: 'a list',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
};

function pathOf(path: readonly PropertyKey[]): string {
  return path.reduce<string>((text, part) => {
    if (typeof part === 'number') return `${text}[${part}]`;
    return text === '' ? String(part) : `${text}.${String(part)}`;
  }, '');
}
