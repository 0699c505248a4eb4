import { describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..', '..', '..');
const numbers = [...Array.from({ length: 35 }, (_, index) => index + 1), 39, 40, 43];
/** Rows that may be without a test, because there is nothing of the kind that could be attacked. */
const notApplicable: ReadonlySet<number> = new Set([29]);

interface Row {
  readonly number: number;
  readonly tests: readonly { readonly file: string; readonly title: string }[];
}

function readTable(): Row[] {
  return readFileSync(join(root, 'docs', 'attacks.md'), 'utf8')
    .split('\n')
    .filter((line) => /^\| +\d+ +\|/.test(line))
    .map((line) => ({
      number: Number(/\d+/.exec(line)?.[0]),
      tests: [...line.matchAll(/`([^`]+\.spec\.ts)`: `([^`]+)`/g)].map(([, file = '', title = '']) => ({
        file,
        title,
      })),
    }));
}

describe('docs/attacks.md', () => {
  const rows = readTable();

  it('has every attack once', () => expect(rows.map(({ number }) => number)).toEqual(numbers));

  it.each(rows.filter(({ number }) => !notApplicable.has(number)))(
    'names tests of attack $number that are there',
    ({ tests }) => {
      expect(tests.length).toBeGreaterThan(0);
      for (const { file, title } of tests) expect(readFileSync(join(root, file), 'utf8')).toContain(title);
    },
  );

  it('names no test that says another number than its row', () => {
    for (const { number, tests } of rows) {
      for (const { title } of tests) {
        const said = [...title.matchAll(/\d+/g)].map(([digits]) => Number(digits));
        const stated = /attacks? \d/.test(title) ? said : [number];
        expect([title, stated.includes(number)]).toEqual([title, true]);
      }
    }
  });
});
