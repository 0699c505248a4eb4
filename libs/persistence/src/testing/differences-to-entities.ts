import type { DataSource } from 'typeorm';

interface Column {
  readonly name: string;
  readonly type: string;
  readonly nullable: boolean;
  readonly primary: boolean;
}

/**
 * What of a migrated schema is not as its entities say, one sentence each: a table or column that only one of both has, a type, whether a
 * column may be null, the primary key. A column with a default may be missing in the entity: nobody has to know of it.
 */
export async function differencesToEntities(dataSource: DataSource): Promise<string[]> {
  const differences: string[] = [];
  for (const entity of dataSource.entityMetadatas) {
    const table = entity.tableName;
    const rows = await dataSource.query<(Column & { hasDefault: boolean })[]>(
      `SELECT attname AS name, format_type(atttypid, NULL) AS type, NOT attnotnull AS nullable, atthasdef OR attidentity <> '' AS "hasDefault",
              coalesce(attnum = ANY (conkey), false) AS "primary"
       FROM pg_attribute LEFT JOIN pg_constraint ON conrelid = attrelid AND contype = 'p'
       WHERE attrelid = to_regclass($1) AND attnum > 0 AND NOT attisdropped`,
      [`"${table}"`],
    );
    if (rows.length === 0) differences.push(`there is no table ${table}`);
    const known = new Map<string, Column>(
      entity.columns.map((column) => [
        column.databaseName,
        {
          name: column.databaseName,
          type: `${dataSource.driver.normalizeType(column).replace('timestamptz', 'timestamp with time zone')}${column.isArray ? '[]' : ''}`,
          nullable: column.isNullable,
          primary: column.isPrimary,
        },
      ]),
    );
    for (const { hasDefault, ...row } of rows) {
      const column = known.get(row.name);
      known.delete(row.name);
      const where = `${table}.${row.name}`;
      if (!column) {
        if (!hasDefault && !row.nullable) differences.push(`${where} is in no entity`);
        continue;
      }
      for (const what of ['type', 'nullable', 'primary'] as const)
        if (column[what] !== row[what])
          differences.push(`${where}: ${what} is ${row[what]} in the database, and ${column[what]} in the entity`);
    }
    for (const name of known.keys()) differences.push(`${table}.${name} is in no table`);
  }
  return differences;
}
