const day = 86_400_000;
const tables = ['message_processing_log', 'message_attachment'] as const;

/** Days ahead for which there are partitions: so long may the runtimes be away without an entry in the partition for all others. */
const daysAhead = 3;

type Query = (sql: string) => Promise<unknown>;

/** Makes the partitions of today and the days ahead, where they are missing. */
export async function createPartitions(query: Query, now: number): Promise<void> {
  for (let ahead = 0; ahead <= daysAhead; ahead++) {
    const from = startOfDay(now) + ahead * day;
    for (const table of tables) {
      await query(
        `CREATE TABLE IF NOT EXISTS ${table}_${compact(from)} PARTITION OF ${table}
         FOR VALUES FROM ('${iso(from)}') TO ('${iso(from + day)}')`,
      );
    }
  }
}

/**
 * Drops the partitions of whole days that ended before a time, and deletes what is as old in the partitions for all others.
 * @param partitions the names there are
 */
export async function dropPartitions(query: Query, partitions: readonly string[], before: number): Promise<void> {
  for (const partition of partitions) {
    const [, date] = /_(\d{8})$/.exec(partition) ?? [];
    if (date !== undefined && date < compact(startOfDay(before))) await query(`DROP TABLE IF EXISTS ${partition}`);
  }
  for (const table of tables)
    await query(`DELETE FROM ${table}_other WHERE start_at < '${new Date(before).toISOString()}'`);
}

function startOfDay(time: number): number {
  return Math.floor(time / day) * day;
}

function iso(time: number): string {
  return new Date(time).toISOString();
}

function compact(time: number): string {
  return iso(time).slice(0, 10).replaceAll('-', '');
}
