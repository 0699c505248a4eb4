import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DataSource } from 'typeorm';

/** The version of Sluice that this process is, `major.minor.patch`. */
export const sluiceVersion = (
  JSON.parse(readFileSync(join(import.meta.dirname, '..', 'package.json'), 'utf8')) as { version: string }
).version;

/** A later version has changed the schema in a way that this one may not live with; the message says what to do. */
export class NewerSchema extends Error {
  override readonly name = 'NewerSchema';

  constructor(schema: string, migration: string, by: string | null, version: string) {
    super(
      `The schema ${schema} has the migration ${migration}, which version ${version} of Sluice does not know: ` +
        `${by === null ? 'a later version' : `version ${by}`} wrote it, and an older version supports only migrations of its own minor ` +
        `version. Start ${by ?? 'the later version'} again, or restore the backup that was made before the upgrade.`,
    );
  }
}

interface MigrationRow {
  readonly name: string;
  readonly sluice_version: string | null;
}

/**
 * Migrations within one minor version only add, so an older version of the same minor one goes on with them (ADR 39).
 * @throws NewerSchema when there is a migration that this version does not know, of another minor version
 */
export async function refuseNewerSchema(
  dataSource: DataSource,
  schema: string,
  version = sluiceVersion,
): Promise<void> {
  const [table] = await dataSource.query<{ present: boolean }[]>(`SELECT to_regclass($1) IS NOT NULL AS present`, [
    `"${schema}".migration`,
  ]);
  if (!table?.present) return;
  await dataSource.query('ALTER TABLE migration ADD COLUMN IF NOT EXISTS sluice_version text');
  const known = new Set(dataSource.migrations.map(({ name, constructor }) => name ?? constructor.name));
  const rows = await dataSource.query<MigrationRow[]>('SELECT name, sluice_version FROM migration ORDER BY id');
  for (const { name, sluice_version: by } of rows)
    if (!known.has(name) && (by === null || minorOf(by) !== minorOf(version)))
      throw new NewerSchema(schema, name, by, version);
}

/** To be called when the migrations were run: those that are new are of this version. */
export async function nameMigrations(dataSource: DataSource, version = sluiceVersion): Promise<void> {
  if (dataSource.migrations.length === 0) return;
  await dataSource.query('ALTER TABLE migration ADD COLUMN IF NOT EXISTS sluice_version text');
  await dataSource.query('UPDATE migration SET sluice_version = $1 WHERE sluice_version IS NULL', [version]);
}

function minorOf(version: string): string {
  return version.split('.').slice(0, 2).join('.');
}
