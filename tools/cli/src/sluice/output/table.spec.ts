import { describe, expect, it } from '@jest/globals';
import { table } from './table.js';
import { timeForPeople } from './time.js';

interface Item {
  readonly name: string;
  readonly note?: string;
}
const columns = [
  { title: 'NAME', of: ({ name }: Item) => name, style: () => 'bold' as const },
  { title: 'NOTE', of: ({ note }: Item) => note },
];

describe('a table', () => {
  it('lines up, without blanks at the ends of lines', () => {
    const lines = table<Item>([{ name: 'a', note: 'first' }, { name: 'longer' }], columns, {
      width: undefined,
      coloured: false,
    });
    expect(lines).toEqual(['NAME    NOTE', 'a       first', 'longer  -']);
  });

  it('is no wider than the screen, also with colours', () => {
    const items = [{ name: 'name', note: 'a long note that does not fit' }];
    const lines = table<Item>(items, columns, { width: 16, coloured: false });
    expect(lines[1]).toBe('name  a long no…');
    const coloured = table<Item>(items, columns, { width: 16, coloured: true });

    expect(coloured.map((line) => line.replace(/\u001b\[\d+m/g, ''))).toEqual(lines);
  });

  it('lets nobody command the terminal: what senders chose is shown, not obeyed', () => {
    const lines = table<Item>([{ name: '\u001b[2Jgone\u0007\nsecond', note: '\u202eleft' }], columns, {
      width: undefined,
      coloured: false,
    });
    expect(lines).toHaveLength(2);

    expect(lines.join('')).not.toMatch(/[\u0000-\u001f\u202e]/);
  });
});

describe('a time for people', () => {
  const now = Date.parse('2026-12-01T00:00:00Z');
  it.each([
    ['2026-12-03T00:00:00Z', '2026-12-03 00:00:00Z (in 2 d)'],
    ['2026-11-30T23:59:00Z', '2026-11-30 23:59:00Z (1 min ago)'],
    ['2026-12-01T00:00:00Z', '2026-12-01 00:00:00Z (in 0 s)'],
  ])('says %s and how far off it is', (time, text) => expect(timeForPeople(time, now)).toBe(text));
});
