import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { TestPostgres } from '@sluice/testing';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import type { DataSource } from 'typeorm';
import { createDataSource, initializeDataSource, type PersistenceOptions } from '../data-source.js';
import { differencesToEntities } from './differences-to-entities.js';

/**
 * What holds for the migrations of every service.
 * @param folder of the service, with `migrations/` and `migrations.sha256`; URL with a slash at its end
 */
export function describeMigrations(
  folder: URL,
  { schema, entities, migrations }: Pick<PersistenceOptions, 'schema' | 'entities' | 'migrations'>,
): void {
  describe('the migrations', () => {
    let postgres: TestPostgres;
    let dataSource: DataSource;

    beforeAll(async () => {
      postgres = await TestPostgres.start();
      const databaseUrl = await postgres.createDatabase();
      const shared = { databaseUrl, applicationName: 'test' };
      const setUp = createDataSource({ ...shared, schema: 'public', entities: [], migrations: [] });
      await setUp.initialize();
      await setUp.query(`CREATE SCHEMA "${schema}"`);
      await setUp.destroy();
      dataSource = createDataSource({ ...shared, schema, entities, migrations });
      await initializeDataSource(dataSource, () => undefined);
    }, 60_000);
    afterAll(async () => {
      await dataSource?.destroy();
      await postgres?.stop();
    });

    it('stay as they were committed: what has run somewhere is changed by another one (sha256sum migrations/*.sql > migrations.sha256)', () => {
      const sums = readdirSync(new URL('migrations/', folder))
        .sort()
        .map((file) => {
          const digest = createHash('sha256').update(readFileSync(new URL(`migrations/${file}`, folder)));
          return `${digest.digest('hex')}  migrations/${file}\n`;
        });
      expect(sums.join('')).toBe(readFileSync(new URL('migrations.sha256', folder), 'utf8'));
    });

    it('make of an empty schema, one after another, what the entities say', async () => {
      expect(await differencesToEntities(dataSource)).toEqual([]);
    });
  });
}
