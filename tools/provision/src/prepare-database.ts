import { postgresClient, withCredentials, type PostgresClient } from '@sluice/persistence';
import { protectAuditTrail } from './protect-audit-trail.js';

/** The schemas, each with a role of the same name that owns it and sees no other. */
export const databaseRoles = ['key_management', 'authorization', 'flow_runtime'] as const;
export type DatabaseRole = (typeof databaseRoles)[number];

/** A cluster that takes connections, and whose roles Patroni has not made yet. */
export class ClusterStillBegins extends Error {
  override readonly name = 'ClusterStillBegins';
}

/**
 * Makes the database roles and schemas, or sets the passwords of those that are there.
 * @param adminUrl of a user who may create roles and schemas in the database that is named
 * @param cluster whether Patroni keeps the server
 * @returns the other databases of the server that the roles may still connect to, because everybody may
 * @throws ClusterStillBegins before anything is changed
 */
export async function prepareDatabase(
  adminUrl: string,
  passwordOf: (role: DatabaseRole) => string,
  cluster = false,
): Promise<string[]> {
  const client = postgresClient(adminUrl);
  await client.connect();
  try {
    const { rows } = await client.query<{ database: string }>('SELECT current_database() AS database');
    const database = client.escapeIdentifier(rows[0]?.database ?? '');
    await admitRewinder(client, database, cluster);
    await client.query('REVOKE CREATE ON SCHEMA public FROM PUBLIC');
    await client.query(`REVOKE ALL ON DATABASE ${database} FROM PUBLIC`);
    await withdrawSharedFunctions(client);
    await closeMaintenanceDatabases(client);
    const connections = await connectionLimit(client);
    for (const role of databaseRoles) {
      const name = client.escapeIdentifier(role);
      const password = client.escapeLiteral(passwordOf(role));
      const { rowCount } = await client.query('SELECT 1 FROM pg_roles WHERE rolname = $1', [role]);
      await client.query(
        `${rowCount ? 'ALTER' : 'CREATE'} ROLE ${name} LOGIN NOINHERIT CONNECTION LIMIT ${connections} PASSWORD ${password}`,
      );
      await client.query(`GRANT CONNECT ON DATABASE ${database} TO ${name}`);
      await client.query(`GRANT ${name} TO CURRENT_USER`);
      await client.query(`CREATE SCHEMA IF NOT EXISTS ${name} AUTHORIZATION ${name}`);
      await protectAuditTrail(client, role);
    }
    return await databasesOpenToAll(client);
  } finally {
    await client.end();
  }
}

/** By which a former primary in a cluster reads what it has to undo; its rights are those that Patroni gave it. */
const rewinder = 'rewinder';

/**
 * Patroni makes the role after Postgres took its first connections. Without a grant to it a former primary would never come back
 * as a standby, and that shows only at a failover: so nothing is withdrawn before the role is there.
 */
async function admitRewinder(client: PostgresClient, database: string, cluster: boolean): Promise<void> {
  const { rowCount } = await client.query('SELECT 1 FROM pg_roles WHERE rolname = $1', [rewinder]);
  if (rowCount) await client.query(`GRANT CONNECT ON DATABASE ${database} TO ${rewinder}`);
  else if (cluster)
    throw new ClusterStillBegins(
      `the role ${rewinder} is not there, which Patroni makes when a cluster begins. See what Patroni logs; with servers that it does not keep, create the role`,
    );
}

/**
 * Functions of what all databases of the server share, and no service needs. Advisory locks: the table of all locks has so many
 * places. Large objects: who may make none has none to lock or to fill the disk with outside its schema. Only a superuser may
 * withdraw them: elsewhere they stay (ADR 43).
 */
async function withdrawSharedFunctions(client: PostgresClient): Promise<void> {
  const { rows } = await client.query<{ name: string }>(
    `SELECT oid::regprocedure::text AS name FROM pg_proc
     WHERE pronamespace = 'pg_catalog'::regnamespace
       AND (proname LIKE 'pg\\_%advisory%' OR proname IN ('lo_creat', 'lo_create', 'lo_from_bytea', 'lo_import'))
       AND (SELECT rolsuper FROM pg_roles WHERE rolname = current_user)`,
  );
  if (rows.length > 0)
    await client.query(`REVOKE EXECUTE ON FUNCTION ${rows.map(({ name }) => name).join(', ')} FROM PUBLIC`);
}

/** Of every server; what is withdrawn in one database is still there in another, and its locks are in the same table. */
const maintenanceDatabases = ['postgres', 'template1'];

/** Whoever else could log in there before goes on: they get by name what everybody had. */
async function closeMaintenanceDatabases(client: PostgresClient): Promise<void> {
  const { rows } = await client.query<{ database: string }>(
    `SELECT datname AS database FROM pg_database
     WHERE datname = ANY($1) AND datname <> current_database() AND ${openToAll} AND pg_has_role(datdba, 'USAGE')`,
    [maintenanceDatabases],
  );
  for (const { database } of rows) {
    const name = client.escapeIdentifier(database);
    const others = await client.query<{ role: string }>(
      `SELECT rolname AS role FROM pg_roles WHERE rolcanlogin AND NOT rolsuper AND rolname <> ALL($1)`,
      [databaseRoles],
    );
    for (const { role } of others.rows)
      await client.query(`GRANT CONNECT ON DATABASE ${name} TO ${client.escapeIdentifier(role)}`);
    await client.query(`REVOKE ALL ON DATABASE ${name} FROM PUBLIC`);
  }
}

/** Of a row of `pg_database`: no list of rights is the default one, by which everybody may connect. */
const openToAll = `(datacl IS NULL OR EXISTS (SELECT FROM aclexplode(datacl) WHERE grantee = 0 AND privilege_type = 'CONNECT'))`;

async function databasesOpenToAll(client: PostgresClient): Promise<string[]> {
  const { rows } = await client.query<{ database: string }>(
    `SELECT datname AS database FROM pg_database WHERE datallowconn AND ${openToAll} ORDER BY datname`,
  );
  return rows.map(({ database }) => database);
}

/** No role may have more than half of the connections, so whatever one does the others get theirs. */
async function connectionLimit(client: PostgresClient): Promise<number> {
  const { rows } = await client.query<{ most: number }>(
    `SELECT current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int AS most`,
  );
  return Math.floor((rows[0]?.most ?? 0) / 2);
}

/** The same servers and database as another user. */
export function databaseUrlFor(adminUrl: string, role: DatabaseRole, password: string): string {
  return withCredentials(adminUrl, { user: role, password });
}
