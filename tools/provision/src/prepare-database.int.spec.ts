import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { TestPostgres } from '@sluice/testing';
import pg from 'pg';
import { databaseRoles, databaseUrlFor, prepareDatabase } from './prepare-database.js';

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

  it.each(databaseRoles)('attack 40: %s can hold no advisory lock', async (role) => {
    const client = await as(role);
    try {
      for (const call of ['pg_advisory_lock(1)', 'pg_try_advisory_lock(1, 2)', 'pg_advisory_xact_lock_shared(1)'])
        await expect(client.query(`SELECT ${call}`)).rejects.toThrow('permission denied for function');
    } finally {
      await client.end();
    }
  });

  it('lets the role in by which a former primary of a cluster is rewound, when there is one', async () => {
    const own = await postgres.createDatabase();
    const rewind = async () => {
      const [row] = await postgres.query<{ may: boolean }>(
        "SELECT has_database_privilege('rewinder', $1, 'CONNECT') AS may",
        [new URL(own).pathname.slice(1)],
      );
      return row?.may;
    };
    await postgres.query("CREATE ROLE rewinder LOGIN PASSWORD 'x'");
    await prepareDatabase(own, (role) => `password of ${role}`);
    expect(await rewind()).toBe(true);
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
