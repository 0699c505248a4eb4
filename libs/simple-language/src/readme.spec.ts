import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { ExpressionSyntaxError } from '@sluice/domain';
import { OPERATORS } from './compare-values.js';
import { compileSimplePredicate, compileSimpleTemplate, type SimpleContext } from './index.js';
import { TEXT_METHODS } from './ognl-path.js';

const readme = readFileSync(join(import.meta.dirname, '..', 'README.md'), 'utf8');

/** The text below a heading, up to the next one. */
function section(heading: string): string {
  const [, text] = readme.split(new RegExp(`^#+ ${heading}$`, 'm'));
  if (text === undefined) throw new Error(`There is no heading "${heading}".`);
  return text.split(/^#+ /m)[0] as string;
}

const codeIn = (text: string): string[] => [...text.matchAll(/`([^`]+)`/g)].map(([, code]) => code as string);
/** The list of a section: its paragraph that is code alone. */
const listIn = (heading: string): string[] =>
  codeIn(
    section(heading)
      .split('\n')
      .find((line) => /^(`[^`]+` ?)+$/.test(line)) ?? '',
  );
const rows = section('Known differences')
  .split('\n')
  .filter((line) => line.startsWith('| `'))
  .map((line) => line.split('|').map((cell) => cell.trim()))
  .map(([, expression = '', here = '']) => [codeIn(expression)[0] as string, codeIn(here)[0] ?? ''] as const);

const context: SimpleContext = {
  message: {
    headers: new Map<string, unknown>([
      ['list', ['a', 'b', 'c']],
      ['amount', '12'],
      ['when', '2026-01-31T23:30:00Z'],
    ]),
    properties: new Map(),
    body: null,
    isEmpty: true,
    text: () => '',
  },
  exception: { code: 'receiver-failed', message: 'no answer' },
  exchangeId: 'exchange-1',
  flowName: 'orders',
  // 2026-03-05T06:07:08.009Z
  now: () => Date.UTC(2026, 2, 5, 6, 7, 8, 9),
  toText: (value) => (Array.isArray(value) ? value.join('') : String(value as string)),
};

describe('the README of Simple', () => {
  it.each(listIn('Functions'))('lists ${%s}, which compiles', (name) => {
    expect(() => compileSimpleTemplate(`\${${name}}`)).not.toThrow();
  });

  it.each(codeIn(section('Refused')).filter((code) => !/^Expression|^limit-/.test(code)))(
    'lists ${%s}, which is refused with what to write instead',
    (name) => {
      expect.assertions(2);
      try {
        compileSimpleTemplate(`\${${name}}`);
      } catch (error) {
        expect(error).toBeInstanceOf(ExpressionSyntaxError);
        expect((error as ExpressionSyntaxError).nearest).toBeTruthy();
      }
    },
  );

  it('lists every method of values, and no other', () => {
    expect(listIn('Methods of values').sort()).toEqual([...TEXT_METHODS.keys()].sort());
  });

  it('lists every operator, and no other', () => {
    const names = listIn('Operators').map((operator) => operator.replace(/^!(?=[a-z])/, 'not '));
    expect(names.sort()).toEqual([...OPERATORS].sort());
  });

  it.each(listIn('Operators'))('%s compiles in a condition', (operator) => {
    expect(() => compileSimplePredicate(`\${header.amount} ${operator} '1..20'`)).not.toThrow();
  });

  it('lists every letter of a date pattern, and no other', () => {
    const letters = [...'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ'].filter((letter) => {
      try {
        compileSimpleTemplate(`\${date:now:${letter}}`);
        return true;
      } catch (error) {
        if (error instanceof ExpressionSyntaxError) return false;
        throw error;
      }
    });
    expect(codeIn(section('Letters of date patterns').replace('`SimpleDateFormat`', '')).sort()).toEqual(
      letters.sort(),
    );
  });

  it('has differences to tell', () => expect(rows.length).toBeGreaterThan(4));

  it.each(rows)('tells what %s gives: %s', (expression, here) => {
    expect(context.toText(compileSimpleTemplate(expression)(context))).toBe(here);
  });
});
