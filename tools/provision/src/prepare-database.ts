import { postgresClient, withCredentials, type PostgresClient } from '@sluice/persistence';
import { protectAuditTrail } from './protect-audit-trail.js';

/** The schemas, each with a role of the same name that owns it and sees no other. */
export const databaseRoles = ['key_management', 'authorization', 'flow_runtime'] as const;
export type DatabaseRole = (typeof databaseRoles)[number];

/**
 * Makes the database roles and schemas, or sets the passwords of those that are there.
 * @param adminUrl of a user who may create roles and schemas in the database that is named
 */
export async function prepareDatabase(adminUrl: string, passwordOf: (role: DatabaseRole) => string): Promise<void> {
  const client = postgresClient(adminUrl);
  await client.connect();
  try {
    const { rows } = await client.query<{ database: string }>('SELECT current_database() AS database');
    const database = client.escapeIdentifier(rows[0]?.database ?? '');
    await client.query('REVOKE CREATE ON SCHEMA public FROM PUBLIC');
    await client.query(`REVOKE ALL ON DATABASE ${database} FROM PUBLIC`);
    await admitRewinder(client, database);
    await withdrawAdvisoryLocks(client);
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
  } finally {
    await client.end();
  }
}

/** By which a former primary in a cluster reads what it has to undo; its rights are those that Patroni gave it. */
const rewinder = 'rewinder';

async function admitRewinder(client: PostgresClient, database: string): Promise<void> {
  const { rowCount } = await client.query('SELECT 1 FROM pg_roles WHERE rolname = $1', [rewinder]);
  if (rowCount) await client.query(`GRANT CONNECT ON DATABASE ${database} TO ${rewinder}`);
}

/**
 * Advisory locks are the whole database's and there is room for so many locks in the server; no service needs any. Only a
 * superuser may withdraw the functions: elsewhere they stay, and nothing of a service's waits for one (ADR 31).
 */
async function withdrawAdvisoryLocks(client: PostgresClient): Promise<void> {
  const { rows } = await client.query<{ name: string }>(
    `SELECT oid::regprocedure::text AS name FROM pg_proc
     WHERE pronamespace = 'pg_catalog'::regnamespace AND proname LIKE 'pg\\_%advisory%'
       AND (SELECT rolsuper FROM pg_roles WHERE rolname = current_user)`,
  );
  if (rows.length > 0)
    await client.query(`REVOKE EXECUTE ON FUNCTION ${rows.map(({ name }) => name).join(', ')} FROM PUBLIC`);
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
