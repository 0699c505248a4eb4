import { styled, visible, type Style } from './terminal.js';

export interface Column<Item> {
  readonly title: string;
  /** Undefined is shown as `-`. */
  readonly of: (item: Item) => string | number | undefined;
  readonly style?: (item: Item) => Style | undefined;
}

const between = '  ';

/**
 * Lines that line up, a heading first. Where the screen is narrower, the last columns are cut with `…`: ids stand first, and whoever
 * wants the whole takes `-o json`.
 * @param width of the screen; undefined when nobody looks, and then nothing is cut
 */
export function table<Item>(
  items: readonly Item[],
  columns: readonly Column<Item>[],
  { width, coloured }: { width: number | undefined; coloured: boolean },
): string[] {
  const cells = items.map((item) => columns.map(({ of }) => visible(String(of(item) ?? '-'))));
  const widths = columns.map(({ title }, index) =>
    Math.max(title.length, ...cells.map((row) => (row[index] as string).length)),
  );
  const line = (row: readonly string[], style: (index: number) => Style | undefined) => {
    let left = width ?? Number.POSITIVE_INFINITY;
    const parts: string[] = [];
    for (const [index, text] of row.entries()) {
      if (left <= 0) break;
      const cut = text.length > left ? `${text.slice(0, Math.max(0, left - 1))}…` : text;
      const room = index === row.length - 1 ? cut.length : Math.min(widths[index] as number, left);
      const chosen = style(index);
      parts.push((chosen ? styled(coloured, chosen, cut) : cut) + ' '.repeat(Math.max(0, room - cut.length)));
      left -= room + between.length;
    }
    return parts.join(between).trimEnd();
  };
  return [
    line(
      columns.map(({ title }) => title),
      () => 'dim',
    ),
    ...cells.map((row, index) => line(row, (column) => columns[column]?.style?.(items[index] as Item))),
  ];
}
