import pg from 'pg';

/**
 * Everything in the database that could hold text or bytes: each row of each table of each schema, bytes as hexadecimal,
 * as base64 and one character a byte.
 */
export async function dumpDatabase(url: string): Promise<ReadonlyMap<string, string>> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const { rows: tables } = await client.query<{ schema: string; name: string }>(
      `SELECT n.nspname AS schema, c.relname AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
       WHERE c.relkind IN ('r', 'p', 'm') AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast') ORDER BY 1, 2`,
    );
    const dump = new Map<string, string>();
    for (const { schema, name } of tables) {
      const table = `${client.escapeIdentifier(schema)}.${client.escapeIdentifier(name)}`;
      const { rows } = await client.query<Record<string, unknown>>(`SELECT * FROM ${table}`);
      dump.set(`${schema}.${name}`, rows.map((row) => Object.values(row).map(asText).join('\n')).join('\n'));
    }
    return dump;
  } finally {
    await client.end();
  }
}

function asText(value: unknown): string {
  if (Buffer.isBuffer(value))
    return [value.toString('hex'), value.toString('base64'), value.toString('latin1')].join('\n');
  return typeof value === 'object' && value !== null ? JSON.stringify(value) : String(value);
}
