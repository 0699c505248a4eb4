import { readdirSync, readFileSync } from 'node:fs';
import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * The migrations of a folder, in the order of their names: `<13 digits>-<name>.sql`, statements separated by empty lines. They import
 * nothing, so what they do never changes; each statement is a request of its own and has the time of one.
 *
 * @param folder URL with a slash at its end
 * @throws Error when a file is named otherwise
 */
export function sqlMigrations(folder: URL): readonly (new () => MigrationInterface)[] {
  return readdirSync(folder)
    .sort()
    .map((file) => {
      const [, timestamp, words] = /^(\d{13})-([a-z0-9-]+)\.sql$/.exec(file) ?? [];
      if (timestamp === undefined || words === undefined)
        throw new Error(`${file} is no name of a migration: it must be 13 digits, a hyphen, small letters, ".sql".`);
      const name = `${toPascalCase(words)}${timestamp}`;
      const statements = statementsOf(readFileSync(new URL(file, folder), 'utf8'));
      return class implements MigrationInterface {
        readonly name = name;

        async up(runner: QueryRunner): Promise<void> {
          for (const statement of statements) await runner.query(statement);
        }

        async down(): Promise<void> {
          throw new Error(
            'Migrations are not undone: what a version before needs is in the backup made before the upgrade.',
          );
        }
      };
    });
}

/** @param sql with an empty line between two statements, and none in one */
export function statementsOf(sql: string): string[] {
  return sql
    .split(/\n\s*\n/)
    .map((statement) => statement.trim())
    .filter((statement) => statement !== '');
}

function toPascalCase(words: string): string {
  return words.replace(/(^|-)[a-z0-9]/g, (start) => start.slice(-1).toUpperCase());
}
