import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { signalFamily } from '@sluice/embedded-servers';
import { parseDatabaseUrl, postgresClient } from '@sluice/persistence';
import { TemporaryFolder, until } from '@sluice/testing';
import { chmodSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { ClusterState, type ClusterFacts } from './cluster-state.js';
import { PostgresCluster } from './postgres-cluster.js';

describe('a primary of Postgres and its standby in the local stack', () => {
  let folder: TemporaryFolder;
  let cluster: PostgresCluster;
  let said: string[];

  beforeEach(async () => {
    folder = new TemporaryFolder('cluster');
    // Postgres has a user of its own when this is root, and must come through.
    chmodSync(folder.path, 0o711);
    await start();
    await inStep();
    await write('CREATE TABLE kept (n integer)');
  }, 90_000);

  afterEach(async () => {
    await cluster?.stop();
    folder.remove();
  }, 60_000);

  async function start(standby = true): Promise<void> {
    said = [];
    cluster = await PostgresCluster.start({
      home: folder.path,
      password: 'secret',
      say: (message) => said.push(message),
      onChange: () => undefined,
      standby,
    });
  }

  const facts = () =>
    JSON.parse(readFileSync(join(folder.path, 'run', 'postgres-cluster.json'), 'utf8')) as ClusterFacts;
  const inStep = () => until(() => facts().inStep, { what: 'the standby in step', timeoutMs: 30_000 });
  const pidOf = (number: 1 | 2) => cluster.servers[number - 1]?.pid() ?? 0;

  /** Where it can be written on. */
  async function write(statement: string): Promise<void> {
    const client = postgresClient(cluster.url);
    client.on('error', () => undefined);
    try {
      await client.connect();
      await client.query(statement);
    } finally {
      await client.end();
    }
  }
  const writeAgain = (statement: string) =>
    until(() => write(statement).then(() => true), { what: `"${statement}"`, timeoutMs: 30_000 });

  /** On one server alone. */
  async function ask(number: 1 | 2, statement: string): Promise<unknown> {
    const { hosts, urlOf } = parseDatabaseUrl(cluster.url);
    const client = postgresClient(urlOf(hosts[number - 1] as (typeof hosts)[number]));
    client.on('error', () => undefined);
    try {
      await client.connect();
      return (await client.query<{ value: unknown }>(statement)).rows[0]?.value;
    } finally {
      await client.end();
    }
  }
  const kept = (number: 1 | 2) => ask(number, 'SELECT array_agg(n ORDER BY n) AS value FROM kept');

  it('promotes the standby when the primary is killed, and takes the old one back as a standby alone', async () => {
    await write('INSERT INTO kept VALUES (1)');
    process.kill(pidOf(1), 'SIGKILL');
    await writeAgain('INSERT INTO kept VALUES (2)');
    expect(await kept(2)).toEqual([1, 2]);
    expect(facts().primary).toBe(2);
    await inStep();
    expect(await ask(1, 'SELECT pg_is_in_recovery() AS value')).toBe(true);
    expect(await kept(1)).toEqual([1, 2]);
    // And back again.
    process.kill(pidOf(2), 'SIGKILL');
    await writeAgain('INSERT INTO kept VALUES (3)');
    expect(await kept(1)).toEqual([1, 2, 3]);
  }, 90_000);

  it('kills a primary that is frozen before the standby is promoted', async () => {
    await write('INSERT INTO kept VALUES (1)');
    const old = pidOf(1);
    signalFamily(old, 'SIGSTOP');
    await writeAgain('INSERT INTO kept VALUES (2)');
    expect(() => process.kill(old, 0)).toThrow('ESRCH');
    expect(await kept(2)).toEqual([1, 2]);
  }, 90_000);

  it('lets changes go on without a standby that is gone, and does not promote it before it has them', async () => {
    signalFamily(pidOf(2), 'SIGSTOP');
    try {
      await writeAgain('INSERT INTO kept VALUES (1)');
      expect(facts()).toMatchObject({ primary: 1, inStep: false });
      process.kill(pidOf(1), 'SIGKILL');
      await writeAgain('INSERT INTO kept VALUES (2)');
      expect(facts().primary).toBe(1);
    } finally {
      signalFamily(pidOf(2), 'SIGCONT');
    }
    await inStep();
    expect(await kept(2)).toEqual(await kept(1));
  }, 90_000);

  it('begins again with the primary it ended with, alone too', async () => {
    await write('INSERT INTO kept VALUES (1)');
    process.kill(pidOf(1), 'SIGKILL');
    await writeAgain('INSERT INTO kept VALUES (2)');
    await cluster.stop();
    await start();
    expect(facts().primary).toBe(2);
    await inStep();
    expect(await kept(2)).toEqual([1, 2]);
    expect(await ask(1, 'SELECT pg_is_in_recovery() AS value')).toBe(true);
    await cluster.stop();
    await start(false);
    await write('INSERT INTO kept VALUES (3)');
    expect(cluster.servers).toHaveLength(1);
    await cluster.stop();
    // The other one has not got the last change: it is made anew.
    await start();
    await inStep();
    expect(await kept(1)).toEqual([1, 2, 3]);
  }, 120_000);

  it('finishes a promotion that was begun when the stack was killed', async () => {
    await write('INSERT INTO kept VALUES (1)');
    await cluster.stop();
    // What is written before the promotion is all that was done.
    const file = join(folder.path, 'run', 'postgres-cluster.json');
    const begun: ClusterFacts = { primary: 2, inStep: false, standbyIsWhole: false };
    rmSync(file);
    new ClusterState(file).write(begun);
    await start();
    await writeAgain('INSERT INTO kept VALUES (2)');
    await inStep();
    expect([await kept(1), await kept(2)]).toEqual([
      [1, 2],
      [1, 2],
    ]);
  }, 90_000);
});
