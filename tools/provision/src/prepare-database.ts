import pg from 'pg';

/** The schemas, each with a role of the same name that owns it and sees no other. */
export const databaseRoles = ['key_management', 'authorization', 'flow_runtime'] as const;
export type DatabaseRole = (typeof databaseRoles)[number];

/**
 * Makes the database roles and schemas, or sets the passwords of those that are there.
 * @param adminUrl of a user who may create roles and schemas in the database that is named
 */
export async function prepareDatabase(adminUrl: string, passwordOf: (role: DatabaseRole) => string): Promise<void> {
  const client = new pg.Client({ connectionString: adminUrl, connectionTimeoutMillis: 10_000 });
  await client.connect();
  try {
    const { rows } = await client.query<{ database: string }>('SELECT current_database() AS database');
    const database = client.escapeIdentifier(rows[0]?.database ?? '');
    await client.query('REVOKE CREATE ON SCHEMA public FROM PUBLIC');
    await client.query(`REVOKE ALL ON DATABASE ${database} FROM PUBLIC`);
    for (const role of databaseRoles) {
      const name = client.escapeIdentifier(role);
      const password = client.escapeLiteral(passwordOf(role));
      const { rowCount } = await client.query('SELECT 1 FROM pg_roles WHERE rolname = $1', [role]);
      await client.query(`${rowCount ? 'ALTER' : 'CREATE'} ROLE ${name} LOGIN NOINHERIT PASSWORD ${password}`);
      await client.query(`GRANT CONNECT ON DATABASE ${database} TO ${name}`);
      await client.query(`GRANT ${name} TO CURRENT_USER`);
      await client.query(`CREATE SCHEMA IF NOT EXISTS ${name} AUTHORIZATION ${name}`);
    }
  } finally {
    await client.end();
  }
}

/** The same server and database as another user. */
export function databaseUrlFor(adminUrl: string, role: DatabaseRole, password: string): string {
  const url = new URL(adminUrl);
  url.username = role;
  url.password = password;
  return url.href;
}
