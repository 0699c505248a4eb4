import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { TestPostgres } from './test-postgres.js';

describe('a Postgres for a test file', () => {
  let postgres: TestPostgres;

  beforeAll(async () => {
    postgres = await TestPostgres.start();
  }, 60_000);

  afterAll(() => postgres.stop());

  async function query(url: string, sql: string): Promise<unknown[]> {
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    try {
      return (await client.query(sql)).rows as unknown[];
    } finally {
      await client.end();
    }
  }

  it('gives each test a database in which nothing of another is', async () => {
    const [a, b] = [await postgres.createDatabase(), await postgres.createDatabase()];
    await query(a, 'CREATE TABLE only_here (id int)');
    expect(await query(a, `SELECT count(*)::int AS n FROM pg_tables WHERE tablename = 'only_here'`)).toEqual([
      { n: 1 },
    ]);
    expect(await query(b, `SELECT count(*)::int AS n FROM pg_tables WHERE tablename = 'only_here'`)).toEqual([
      { n: 0 },
    ]);
  });

  it('comes back with its data on its port after it was halted', async () => {
    const url = await postgres.createDatabase();
    await query(url, 'CREATE TABLE kept AS SELECT 7 AS value');
    await postgres.halt();
    await expect(query(url, 'SELECT 1')).rejects.toThrow();
    await postgres.start();
    expect(await query(url, 'SELECT value FROM kept')).toEqual([{ value: 7 }]);
  });
});
