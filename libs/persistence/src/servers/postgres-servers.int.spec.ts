import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { TestPostgres, until } from '@sluice/testing';
import type { DataSource } from 'typeorm';
import { createDataSource } from '../data-source.js';
import { notNow } from './not-now.js';
import { postgresClient } from './postgres-client.js';

const settings = { synchronous_commit: 'on' };

/** Which server answers. */
const whoAnswers = "SELECT current_setting('port')::int AS port";

describe('several servers of Postgres', () => {
  let primary: TestPostgres;
  let standby: TestPostgres;
  let dataSource: DataSource;

  beforeEach(async () => {
    primary = await TestPostgres.start({ settings });
    standby = await primary.startStandby('standby_1');
    // The standby is named first: the place in the list does not decide.
    dataSource = open(urlOf(standby, primary));
    await dataSource.initialize();
  }, 60_000);

  afterEach(async () => {
    if (dataSource.isInitialized) await dataSource.destroy();
    await standby.stop();
    await primary.stop();
  });

  function urlOf(...servers: TestPostgres[]): string {
    const [first] = servers.map(({ url }) => new URL(url));
    return `postgres://${first?.username}:${first?.password}@${servers.map(({ port }) => `127.0.0.1:${port}`).join(',')}/postgres`;
  }

  function open(databaseUrl: string): DataSource {
    return createDataSource({ databaseUrl, schema: 'public', entities: [], migrations: [], applicationName: 'test' });
  }

  const ask = async (source = dataSource) => {
    const [row]: { port: number }[] = await source.query(whoAnswers);
    return row?.port;
  };
  const write = () => dataSource.query('CREATE TABLE IF NOT EXISTS written (at timestamptz DEFAULT now())');

  /** The standby has all of it, and becomes the primary. */
  async function promote(): Promise<void> {
    await standby.query('SELECT pg_promote(true, 30)');
  }

  it('uses the one that can be written on, wherever it is named', async () => {
    expect(await ask()).toBe(primary.port);
    await write();
  });

  it('goes over to the standby that was promoted when the primary is killed', async () => {
    await write();
    await primary.halt('SIGKILL');
    await promote();
    expect(await until(() => ask(), { what: 'the new primary', timeoutMs: 5_000 })).toBe(standby.port);
    await write();
  }, 30_000);

  it('drops the connections of a primary that is frozen, before the time of the statement is over', async () => {
    await write();
    primary.signal('SIGSTOP');
    try {
      const failed = await Promise.all(
        [1, 2, 3].map(() => dataSource.query('SELECT 1').catch((error: unknown) => error)),
      );
      expect(failed.map(notNow)).toMatchObject(Array(3).fill({ outcome: 'not-done' }));
      for (const error of failed) expect((error as Error).message).not.toMatch(/read timeout|a statement/);
      await promote();
      expect(await until(() => ask(), { what: 'the new primary', timeoutMs: 5_000 })).toBe(standby.port);
    } finally {
      primary.signal('SIGCONT');
    }
  }, 30_000);

  it('never goes back to a primary that was left behind, though it can be written on and the other is gone', async () => {
    await primary.halt('SIGQUIT');
    await promote();
    await until(async () => (await ask()) === standby.port, { what: 'the new primary' });
    await primary.start();
    await standby.halt('SIGQUIT');
    const refused: unknown = await until(
      () =>
        ask().then(
          () => undefined,
          (error: Error) => /left behind/.test(error.message) && error,
        ),
      { what: 'the refusal' },
    );
    expect(notNow(refused)).toMatchObject({ outcome: 'not-done' });
    await standby.start();
    expect(await until(() => ask(), { what: 'the new primary' })).toBe(standby.port);
  }, 60_000);

  it('of two that can be written on takes the one that was promoted last', async () => {
    await promote();
    const other = open(urlOf(primary, standby));
    await other.initialize();
    expect(await ask(other)).toBe(standby.port);
    await other.destroy();
  }, 30_000);

  it('ends a connection whose server has become read-only', async () => {
    await write();
    await primary.query('ALTER SYSTEM SET default_transaction_read_only = on');
    await primary.query('SELECT pg_reload_conf()');
    // It reads only: the server tells what has changed by itself.
    const refused: unknown = await until(
      () =>
        ask().then(
          () => undefined,
          (error: Error) => error,
        ),
      { what: 'the refusal' },
    );
    expect(notNow(refused)).toMatchObject({ outcome: 'not-done' });
    await promote();
    expect(await until(() => ask(), { what: 'the new primary' })).toBe(standby.port);
  }, 30_000);

  it('ends a connection that was refused a write because its transaction is read-only', async () => {
    const client = postgresClient(urlOf(standby, primary));
    const ended = new Promise((resolve) => client.once('end', resolve));
    await client.connect();
    await client.query('BEGIN READ ONLY');
    await expect(client.query('CREATE TABLE refused ()')).rejects.toMatchObject({ code: '25006' });
    await ended;
  });

  it('takes no COMMIT for made that the standby has not got', async () => {
    await write();
    await primary.query("ALTER SYSTEM SET synchronous_standby_names = 'standby_1'");
    await standby.halt('SIGQUIT');
    await primary.query('SELECT pg_reload_conf()');
    await until(
      async () => {
        const [row] = await primary.query<{ synchronous_standby_names: string }>('SHOW synchronous_standby_names');
        return row?.synchronous_standby_names === 'standby_1';
      },
      { what: 'the setting' },
    );
    const committing = async () => {
      try {
        await dataSource.transaction((manager) => manager.query('INSERT INTO written DEFAULT VALUES'));
      } catch (error) {
        return error;
      }
    };
    const first = await committing();
    expect(notNow(first)).toMatchObject({ outcome: 'unknown' });
    expect(first).toHaveProperty('driverError.message', expect.stringContaining('did not answer a statement'));
    // A server whose wait is cancelled says so with a warning, and calls the transaction committed.
    let second: unknown;
    const trying = committing().then((error) => (second = error));
    await until(
      async () => {
        await primary.query("SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'");
        return second;
      },
      { what: 'the end of the wait' },
    );
    await trying;
    expect(notNow(second)).toMatchObject({ outcome: 'unknown' });
    expect(second).toHaveProperty('driverError.message', 'the standby did not take the change');
    await standby.start();
  }, 30_000);

  it('lets a statement of a server that lives take its time', async () => {
    const [row]: { answer: number }[] = await dataSource.query('SELECT 42 AS answer, pg_sleep(5)');
    expect(row?.answer).toBe(42);
  }, 30_000);

  it('listens on the new primary after a failover', async () => {
    const client = postgresClient(urlOf(standby, primary));
    const ended = new Promise((resolve) => client.once('end', resolve));
    await client.connect();
    await client.query('LISTEN something');
    await primary.halt('SIGKILL');
    await ended;
    await promote();
    const next = postgresClient(urlOf(standby, primary));
    await next.connect();
    expect((await next.query<{ port: number }>(whoAnswers)).rows[0]?.port).toBe(standby.port);
    await next.end();
  }, 30_000);

  it('says of each server why it cannot be used', async () => {
    await primary.halt('SIGKILL');
    const error = await until(
      () =>
        ask().then(
          () => undefined,
          (reason: Error) => /No server/.test(reason.message) && reason,
        ),
      { what: 'the refusal' },
    );
    expect((error as Error).message).toContain(`127.0.0.1:${standby.port} is read-only`);
    expect((error as Error).message).toMatch(new RegExp(`127.0.0.1:${primary.port}: .*ECONNREFUSED`));
    await primary.start();
  }, 30_000);
});
