import { describe, expect, it } from '@jest/globals';
import { TemporaryFolder } from '@sluice/testing';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { QueryRunner } from 'typeorm';
import { sqlMigrations } from './sql-migrations.js';

describe('migrations in SQL', () => {
  function migrationsOf(files: Readonly<Record<string, string>>) {
    using folder = new TemporaryFolder('migrations');
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder.path, name), text);
    return sqlMigrations(pathToFileURL(`${folder.path}/`));
  }

  it('are named by their files, in the order of these', () => {
    const migrations = migrationsOf({
      '1764000000001-add-a-colour.sql': 'SELECT 2;\n',
      '1764000000000-create-things.sql': 'SELECT 1;\n',
    });
    expect(migrations.map((Migration) => new Migration().name)).toEqual([
      'CreateThings1764000000000',
      'AddAColour1764000000001',
    ]);
  });

  it('run one statement after another; a body of a function is part of its statement', async () => {
    const [Migration] = migrationsOf({
      '1764000000000-two.sql': 'CREATE TABLE a ();\n\n-- Why.\nDO $$ BEGIN\n  PERFORM 1;\n  PERFORM 2;\nEND $$;\n',
    });
    const queries: string[] = [];
    const runner = { query: (sql: string) => Promise.resolve(queries.push(sql)) } as unknown as QueryRunner;
    await new (Migration as NonNullable<typeof Migration>)().up(runner);
    expect(queries).toEqual(['CREATE TABLE a ();', '-- Why.\nDO $$ BEGIN\n  PERFORM 1;\n  PERFORM 2;\nEND $$;']);
  });

  it('are not undone', async () => {
    const [Migration] = migrationsOf({ '1764000000000-one.sql': 'SELECT 1;\n' });
    await expect(new (Migration as NonNullable<typeof Migration>)().down({} as QueryRunner)).rejects.toThrow('backup');
  });

  it.each(['1764-short.sql', '1764000000000-Upper.sql', '1764000000000_x.sql', 'notes.txt'])(
    'may not be named %s',
    (name) => {
      expect(() => migrationsOf({ [name]: '' })).toThrow(`${name} is no name of a migration`);
    },
  );
});
