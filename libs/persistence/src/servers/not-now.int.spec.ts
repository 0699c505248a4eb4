import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { TestPostgres, until } from '@sluice/testing';
import { QueryFailedError, type DataSource } from 'typeorm';
import { createDataSource } from '../data-source.js';
import { notNow, PostgresUnreachable } from './not-now.js';

describe('what Postgres cannot do now', () => {
  let postgres: TestPostgres;
  let dataSource: DataSource;

  beforeAll(async () => {
    postgres = await TestPostgres.start();
    dataSource = createDataSource({
      databaseUrl: postgres.url,
      schema: 'public',
      entities: [],
      migrations: [],
      applicationName: 'test',
      poolSize: 1,
    });
    await dataSource.initialize();
  }, 60_000);
  afterAll(async () => {
    await dataSource?.destroy();
    await postgres?.stop();
  });

  const raised = (code: string) =>
    dataSource.query(`DO $$ BEGIN RAISE EXCEPTION 'as told' USING ERRCODE = '${code}'; END $$`).then(
      () => undefined,
      (error: unknown) => error,
    );

  it.each([
    '08006',
    '25006',
    '25P03',
    '25P04',
    '40001',
    '40P01',
    '53000',
    '53100',
    '53200',
    '53300',
    '53400',
    '55P03',
    '57014',
    '57P01',
    '57P02',
    '57P03',
    '57P05',
    '58000',
    '58030',
  ])('%s will pass, and nothing was done', async (code) => {
    expect(notNow(await raised(code))).toMatchObject({ outcome: 'not-done' });
  });

  it.each(['22P02', '23505', '23514', '28P01', '42501', '42P01', '57P04', 'XX000', 'XX001'])(
    '%s is a fault of ours or of the set-up',
    async (code) => {
      const error = await raised(code);
      expect(error).toBeInstanceOf(QueryFailedError);
      expect(notNow(error)).toBeUndefined();
    },
  );

  it('a pool that has no connection left will have one', async () => {
    const runner = dataSource.createQueryRunner();
    await runner.connect();
    try {
      const error = await dataSource.query('SELECT 1').catch((reason: unknown) => reason);
      expect(notNow(error)).toMatchObject({ outcome: 'not-done' });
    } finally {
      await runner.release();
    }
  }, 15_000);

  it('a transaction whose connection ends between two statements was not made', async () => {
    const failed = await dataSource
      .transaction(async (manager) => {
        const [own]: { pid: number }[] = await manager.query('SELECT pg_backend_pid() AS pid');
        await postgres.query('SELECT pg_terminate_backend($1, 5000)', [own?.pid]);
        const runner = manager.queryRunner;
        await until(() => runner?.isReleased, { what: 'the end of the connection' });
        expect(notNow(await runner?.query('SELECT 1').catch((error: unknown) => error))).toMatchObject({
          outcome: 'not-done',
        });
        await manager.query('SELECT 1');
      })
      .then(
        () => undefined,
        (error: unknown) => error,
      );
    expect(failed).not.toBeInstanceOf(QueryFailedError);
    expect(notNow(failed)).toMatchObject({ outcome: 'not-done' });
  });

  it('a commit that was answered with a refusal was not made; one whose session ended may have been', () => {
    const commit = (driverError: Error) => new QueryFailedError('COMMIT', [], driverError);
    const refused = Object.assign(new Error('could not serialize access'), { code: '40001', severity: 'ERROR' });
    const ended = Object.assign(new Error('terminating connection'), { code: '57P01', severity: 'FATAL' });
    expect(notNow(commit(refused))).toMatchObject({ outcome: 'not-done' });
    expect(notNow(commit(ended))).toMatchObject({ outcome: 'unknown' });
    expect(notNow(commit(new PostgresUnreachable('gone')))).toMatchObject({ outcome: 'unknown' });
    expect(notNow(commit(new Error('Connection terminated unexpectedly')))).toMatchObject({ outcome: 'unknown' });
  });

  it('an error of another socket is not Postgres’s', () => {
    expect(notNow(Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' }))).toBeUndefined();
  });
});
