import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { TestPostgres } from '@sluice/testing';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DataSource, MigrationInterface, QueryRunner } from 'typeorm';
import { createDataSource, initializeDataSource } from './data-source.js';
import { NewerSchema, sluiceVersion } from './known-migrations.js';

class CreateThing1764000000000 implements MigrationInterface {
  readonly name = 'CreateThing1764000000000';
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('CREATE TABLE thing (name text)');
  }
  async down(): Promise<void> {}
}
class AddColour1764000000001 implements MigrationInterface {
  readonly name = 'AddColour1764000000001';
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE thing ADD COLUMN colour text');
  }
  async down(): Promise<void> {}
}
const before = [CreateThing1764000000000];
const after = [...before, AddColour1764000000001];

describe('a service that finds its schema changed', () => {
  let postgres: TestPostgres;
  let databaseUrl: string;

  beforeAll(async () => {
    postgres = await TestPostgres.start();
  }, 60_000);
  afterAll(() => postgres?.stop());
  beforeEach(async () => {
    databaseUrl = await postgres.createDatabase();
  });

  async function start(
    migrations: readonly (new () => MigrationInterface)[],
    version: string,
    work: (dataSource: DataSource) => Promise<unknown> = () => Promise.resolve(),
  ): Promise<unknown> {
    const dataSource = createDataSource({
      databaseUrl,
      schema: 'public',
      entities: [],
      migrations,
      applicationName: 'test',
    });
    try {
      await initializeDataSource(dataSource, () => undefined, version);
      return await work(dataSource);
    } finally {
      await dataSource.destroy();
    }
  }

  const written = (dataSource: DataSource) =>
    dataSource.query('SELECT name, sluice_version AS by FROM migration ORDER BY id');

  it('keeps which version ran which migration', async () => {
    await start(before, '1.4.0');
    expect(await start(after, '1.4.2', written)).toEqual([
      { name: 'CreateThing1764000000000', by: '1.4.0' },
      { name: 'AddColour1764000000001', by: '1.4.2' },
    ]);
  });

  it('goes on with it when a later version of the same minor one did it', async () => {
    await start(after, '1.4.2');
    await start(before, '1.4.0', (dataSource) => dataSource.query('INSERT INTO thing (name) VALUES (1)'));
  });

  it('refuses it in one sentence when another minor version did it, and changes nothing', async () => {
    await start(before, '1.4.2');
    await start(after, '1.5.0');
    const refusal = await start(
      [...before, class AddOther1764000000009 extends CreateThing1764000000000 {}],
      '1.4.3',
    ).catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(NewerSchema);
    expect(String(refusal)).toBe(
      'NewerSchema: The schema public has the migration AddColour1764000000001, which version 1.4.3 of Sluice does not know: version 1.5.0 wrote it, and an older version supports only migrations of its own minor version. Start 1.5.0 again, or restore the backup that was made before the upgrade.',
    );
    expect(await start(after, '1.5.0', written)).toHaveLength(2);
  });

  it('refuses one that nobody put a version to', async () => {
    await start(after, '1.5.0', (dataSource) => dataSource.query('ALTER TABLE migration DROP COLUMN sluice_version'));
    await expect(start(before, '1.5.0')).rejects.toThrow('a later version wrote it');
  });

  it('takes a schema of a version that put none, and names what is there', async () => {
    await start(before, '1.4.0', (dataSource) => dataSource.query('ALTER TABLE migration DROP COLUMN sluice_version'));
    expect(await start(before, '1.4.0', written)).toEqual([{ name: 'CreateThing1764000000000', by: '1.4.0' }]);
  });
});

it('the version is that of the whole', () => {
  const root = join(import.meta.dirname, '..', '..', '..');
  const versionOf = (...path: string[]) =>
    (JSON.parse(readFileSync(join(root, ...path, 'package.json'), 'utf8')) as { version: string }).version;
  expect(sluiceVersion).toBe(versionOf());
  for (const part of ['libs', 'apps', 'tools'])
    for (const entry of readdirSync(join(root, part), { withFileTypes: true }))
      if (entry.isDirectory() && readdirSync(join(root, part, entry.name)).includes('package.json'))
        expect([entry.name, versionOf(part, entry.name)]).toEqual([entry.name, sluiceVersion]);
});
