import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { ExpressionSyntaxError, FlowProcessingError } from '@sluice/domain';
import { parseXml } from '@sluice/xml';
import { FUNCTION_LIBRARY, REFUSED_FUNCTIONS } from './function/function-library.js';
import { compileXPath, textOf } from './index.js';
import { KNOWN_TYPES } from './value/cast-value.js';

const readme = readFileSync(join(import.meta.dirname, '..', 'README.md'), 'utf8');

/** The text below a heading, up to the next one. */
function section(heading: string): string {
  const [, text] = readme.split(new RegExp(`^#+ ${heading}$`, 'm'));
  if (text === undefined) throw new Error(`There is no heading "${heading}".`);
  return text.split(/^#+ /m)[0] as string;
}

const codeIn = (text: string): string[] => [...text.matchAll(/`([^`]+)`/g)].map(([, code]) => code as string);
const rows = section('Known differences')
  .split('\n')
  .filter((line) => line.startsWith('| `'))
  .map((line) => line.split('|').map((cell) => cell.trim()))
  .map(([, expression = '', here = '']) => [codeIn(expression)[0] as string, codeIn(here)[0] ?? here] as const);

const document = parseXml('<a xmlns:p="urn:p" xml:base="http://b/"><b>1</b></a>');
const options = { namespace: (): null => null };
const evaluate = (source: string): string =>
  compileXPath(source, options)
    .evaluate(document, { now: () => 0, variable: () => undefined })
    .map(textOf)
    .join('|');

describe('the README of XPath', () => {
  it('lists every function there is with its numbers of arguments, and no other', () => {
    const functions = [...FUNCTION_LIBRARY].map(([name, { minimum, maximum }]) =>
      minimum === maximum ? `${name}#${minimum}` : `${name}#${minimum}-${maximum}`,
    );
    expect(codeIn(section('Functions')).sort()).toEqual(functions.sort());
  });

  it('lists every function that is refused for what it would do, and no other', () => {
    expect(codeIn(section('Refused for what they would do')).sort()).toEqual([...REFUSED_FUNCTIONS].sort());
  });

  it.each([...REFUSED_FUNCTIONS])('%s is refused when it is compiled, and said to be unsupported', (name) => {
    expect.assertions(2);
    try {
      compileXPath(`${name}('x')`, options);
    } catch (error) {
      expect(error).toBeInstanceOf(ExpressionSyntaxError);
      expect((error as ExpressionSyntaxError).unsupported).toBe(true);
    }
  });

  it('lists every type that is known, and no other', () => {
    expect(codeIn(section('Types')).sort()).toEqual([...KNOWN_TYPES].sort());
  });

  it('has differences to tell', () => expect(rows.length).toBeGreaterThan(10));

  it.each(rows)('tells what %s gives: %s', (expression, here) => {
    if (here === 'refused') expect(() => evaluate(expression)).toThrow(ExpressionSyntaxError);
    else if (here === 'fails') expect(() => evaluate(expression)).toThrow(FlowProcessingError);
    else expect(evaluate(expression)).toBe(here === '(empty)' ? '' : here);
  });
});
