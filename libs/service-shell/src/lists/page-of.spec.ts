import { describe, expect, it } from '@jest/globals';
import { listServiceKeys, listUserRoles } from '@sluice/contracts';
import type { SluiceError } from '@sluice/domain';
import { cursorOf, positionOf } from './cursor.js';
import { pageOf, type PagedRows } from './page-of.js';

const names = ['a', 'b', 'ä/ö', 'ж|:\u{1f600}', '~'];
const rows: PagedRows<string> = {
  load: (after, take) => {
    const from = after === undefined ? 0 : names.indexOf(after) + 1;
    return Promise.resolve(names.slice(from, from + take));
  },
  position: (name) => name,
};
const refused = async (read: () => unknown): Promise<unknown> => {
  try {
    return await read();
  } catch (error) {
    const { code, details } = error as SluiceError;
    return [code, (details?.['violations'] as { field: string }[])[0]?.field];
  }
};
const asBadCursor = ['invalid-argument', 'after'];

describe('a list', () => {
  it.each([1, 2, 3, 4, 5, 6])('is whole when it is read %p a page, and its last page names no next', async (limit) => {
    const read: string[] = [];
    for (let after: string | undefined; ;) {
      const page = await pageOf(listUserRoles, { limit, after }, rows);
      read.push(...page.rows);
      if (page.next === undefined) break;
      expect(page.next).toMatch(/^[A-Za-z0-9_-]+$/);
      after = page.next;
    }
    expect(read).toEqual(names);
  });

  it('goes on after a cursor that it gave, and refuses every other', async () => {
    const { next = '' } = await pageOf(listUserRoles, { limit: 2 }, rows);
    const page = (after: string) => refused(() => pageOf(listUserRoles, { limit: 1, after }, rows));
    expect(await page(next)).toMatchObject({ rows: ['ä/ö'] });
    const changed = Array.from(
      next,
      (was, at) => `${next.slice(0, at)}${was === 'A' ? 'B' : 'A'}${next.slice(at + 1)}`,
    );
    const others = ['', 'b', 'x'.repeat(5_000), `${next}=`, ` ${next}`, `${next}A`, next.slice(0, -1), '%00', 'ä'];
    for (const cursor of [...changed, ...others]) expect([cursor, await page(cursor)]).toEqual([cursor, asBadCursor]);
  });

  it('refuses a cursor of another list, of a list of something else, and of another version', async () => {
    const of = (scope: string) => ({ ...rows, scope });
    const { next: after } = await pageOf(listServiceKeys, { limit: 2 }, of('one'));
    expect(await refused(() => pageOf(listServiceKeys, { limit: 1, after }, of('one')))).toHaveProperty('rows');
    expect(await refused(() => pageOf(listServiceKeys, { limit: 1, after }, of('two')))).toEqual(asBadCursor);
    expect(await refused(() => pageOf(listUserRoles, { limit: 1, after }, of('one')))).toEqual(asBadCursor);
    const cursor = cursorOf({ name: 'list-things.v1' }, 'b');
    expect(await refused(() => positionOf({ name: 'list-things.v1' }, cursor))).toBe('b');
    expect(await refused(() => positionOf({ name: 'list-things.v2' }, cursor))).toEqual(asBadCursor);
  });

  it('refuses what somebody made who knows how, when no row can be there', async () => {
    const list = { name: 'list-numbers.v1', isPosition: (text: string) => /^\d+$/.test(text) };
    expect(await refused(() => positionOf(list, cursorOf(list, '12')))).toBe('12');
    expect(await refused(() => positionOf(list, cursorOf(list, '1; DROP')))).toEqual(asBadCursor);
    const texts = { name: 'list-texts.v1' };
    expect(await refused(() => positionOf(texts, cursorOf(texts, 'a\0')))).toEqual(asBadCursor);
  });
});
