import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { TestPostgres } from '@sluice/testing';
import { setImmediate } from 'node:timers/promises';
import pg from 'pg';
import { ClusterStillBegins, databaseRoles, databaseUrlFor, prepareDatabase } from './prepare-database.js';
import { prepareWhenUp } from './prepare-when-up.js';

describe('the roles of the services in the database', () => {
  let postgres: TestPostgres;
  let url: string;

  beforeAll(async () => {
    postgres = await TestPostgres.start();
    url = await postgres.createDatabase();
    // Twice, as at every start.
    for (let time = 0; time < 2; time++) await prepareDatabase(url, (role) => `password of ${role}`);
  }, 60_000);
  afterAll(() => postgres?.stop());

  const as = async (role: (typeof databaseRoles)[number]) => {
    const client = new pg.Client({ connectionString: databaseUrlFor(url, role, `password of ${role}`) });
    await client.connect();
    return client;
  };

  /** Each in its own connection of the role. @returns what each was answered */
  async function attempt(role: (typeof databaseRoles)[number], statements: readonly string[]): Promise<string[]> {
    const client = await as(role);
    const answers: string[] = [];
    try {
      for (const statement of statements)
        answers.push(
          await client.query(statement).then(
            () => `${statement} was done`,
            (error: Error) => error.message.replace(/ (function|database) .*/, ''),
          ),
        );
      return answers;
    } finally {
      await client.end();
    }
  }
  const takes = [
    'SELECT pg_advisory_lock(1)',
    'SELECT pg_try_advisory_lock(1, 2)',
    'SELECT pg_advisory_xact_lock_shared(1)',
    'SELECT lo_create(0)',
    'SELECT lo_creat(-1)',
    "SELECT lo_from_bytea(0, 'x')",
    'CREATE TEMP TABLE mine ()',
  ];
  const refused = [
    ...takes.slice(0, -1).map(() => 'permission denied for'),
    'permission denied to create temporary tables in',
  ];

  it.each(databaseRoles)('attack 40: %s can hold no advisory lock, large object or temporary table', async (role) => {
    expect(await attempt(role, takes)).toEqual(refused);
  });

  it.each(databaseRoles)(
    'attack 40: %s cannot do so in another database, whose locks are in the same table',
    async (role) => {
      for (const database of ['postgres', 'template1', 'template0']) {
        const elsewhere = new URL(databaseUrlFor(url, role, `password of ${role}`));
        elsewhere.pathname = `/${database}`;
        const client = new pg.Client({ connectionString: elsewhere.href });
        await expect(client.connect()).rejects.toThrow(
          /permission denied for database|not currently accepting connections/,
        );
      }
    },
  );

  it('attack 40: takes it from the roles of a database that a version before prepared, and tells what stays open', async () => {
    const own = await postgres.createDatabase();
    await prepareDatabase(own, (role) => `password of ${role}`);
    const admin = new pg.Client({ connectionString: own });
    await admin.connect();
    try {
      const functions = await admin.query<{ name: string }>(
        `SELECT oid::regprocedure::text AS name FROM pg_proc
         WHERE pronamespace = 'pg_catalog'::regnamespace AND (proname LIKE 'pg\\_%advisory%' OR proname LIKE 'lo\\_%')`,
      );
      await admin.query(`GRANT EXECUTE ON FUNCTION ${functions.rows.map(({ name }) => name).join(', ')} TO PUBLIC`);
      const database = new URL(own).pathname.slice(1);
      await admin.query(`GRANT CONNECT, TEMP ON DATABASE ${database} TO PUBLIC`);
      await admin.query('GRANT CONNECT ON DATABASE template1 TO PUBLIC');
      await admin.query('CREATE ROLE watcher LOGIN');

      const open = await prepareDatabase(own, (role) => `password of ${role}`);

      const client = new pg.Client({
        connectionString: databaseUrlFor(own, 'authorization', 'password of authorization'),
      });
      await client.connect();
      for (const take of takes) await expect(client.query(take)).rejects.toThrow('permission denied');
      await client.end();
      const may = await admin.query(
        `SELECT has_database_privilege('authorization', 'template1', 'CONNECT') AS service,
                has_database_privilege('watcher', 'template1', 'CONNECT') AS other`,
      );
      expect(may.rows).toEqual([{ service: false, other: true }]);
      expect(open).not.toContain('template1');
      expect(open).not.toContain(database);

      await admin.query('CREATE DATABASE of_somebody_else');
      expect(await prepareDatabase(own, (role) => `password of ${role}`)).toContain('of_somebody_else');
    } finally {
      await admin.end();
    }
  });

  it('lets the role in by which a former primary of a cluster is rewound, also when Patroni makes it after the first connections', async () => {
    const own = await postgres.createDatabase();
    const database = new URL(own).pathname.slice(1);
    const password = (role: string) => `password of ${role}`;
    const is = async (condition: string) =>
      (await postgres.query<{ is: boolean }>(`SELECT ${condition} AS is`, [database]))[0]?.is;

    await expect(prepareDatabase(own, password, true)).rejects.toThrow(ClusterStillBegins);
    expect(await is("has_database_privilege('authorization', $1, 'TEMP')")).toBe(true);

    const attempts = async () =>
      Number(
        (
          await postgres.query<{ sessions: string }>('SELECT sessions FROM pg_stat_database WHERE datname = $1', [
            database,
          ])
        )[0]?.sessions,
      );
    const before = await attempts();
    const prepared = prepareWhenUp(own, password, true, 60_000);
    while ((await attempts()) <= before) await setImmediate();
    await postgres.query("CREATE ROLE rewinder LOGIN PASSWORD 'x'");
    await prepared;

    expect(await is("has_database_privilege('rewinder', $1, 'CONNECT')")).toBe(true);
    expect(await is("has_database_privilege('authorization', $1, 'TEMP')")).toBe(false);
  });

  it('attack 40: whatever connections one takes, the others get theirs', async () => {
    const taken: pg.Client[] = [];
    try {
      const refused = await (async () => {
        for (;;) taken.push(await as('authorization'));
      })().catch((error: unknown) => error);
      expect(refused).toMatchObject({ message: 'too many connections for role "authorization"' });
      await (await as('key_management')).end();
    } finally {
      await Promise.all(taken.map((client) => client.end()));
    }
  });
});
