import { describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..', '..', '..');
/** The first ones are all there; of those added later, those that are tested. */
const first = Array.from({ length: 35 }, (_, index) => index + 1);
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

  it('has every attack once', () => {
    const numbers = rows.map(({ number }) => number);
    expect(numbers.slice(0, first.length)).toEqual(first);
    expect(numbers).toEqual([...new Set(numbers)].sort((one, other) => one - other));
  });

  it.each(rows)('names tests of attack $number that are there', ({ tests }) => {
    expect(tests.length).toBeGreaterThan(0);
    for (const { file, title } of tests) expect(readFileSync(join(root, file), 'utf8')).toContain(title);
  });

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
