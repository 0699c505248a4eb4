import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createDataSource, initializeDataSource } from '@sluice/persistence';
import { differencesToEntities } from '@sluice/persistence/testing';
import { TestPostgres } from '@sluice/testing';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import type { DataSource } from 'typeorm';
import { entities, schema } from './entities.js';
import { migrations } from './migrations.js';

describe('the migrations', () => {
  let postgres: TestPostgres;
  let dataSource: DataSource;

  beforeAll(async () => {
    postgres = await TestPostgres.start();
    const databaseUrl = await postgres.createDatabase();
    const setUp = createDataSource({
      databaseUrl,
      schema: 'public',
      entities: [],
      migrations: [],
      applicationName: 'x',
    });
    await setUp.initialize();
    await setUp.query(`CREATE SCHEMA "${schema}"`);
    await setUp.destroy();
    dataSource = createDataSource({ databaseUrl, schema, entities, migrations, applicationName: 'test' });
    await initializeDataSource(dataSource, () => undefined);
  }, 60_000);
  afterAll(async () => {
    await dataSource?.destroy();
    await postgres?.stop();
  });

  it('stay as they were committed: what has run somewhere is changed by another one (sha256sum migrations/*.sql > migrations.sha256)', () => {
    const folder = new URL('../../', import.meta.url);
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
