/** One page of rows in the order of a column that is unique, and the value to go on after. */
export async function pageOf<Row>(
  limit: number,
  load: (take: number) => Promise<Row[]>,
  cursor: (row: Row) => string,
): Promise<{ rows: Row[]; next?: string }> {
  const rows = await load(limit + 1);
  if (rows.length <= limit) return { rows };
  const kept = rows.slice(0, limit);
  return { rows: kept, next: cursor(kept.at(-1) as Row) };
}
