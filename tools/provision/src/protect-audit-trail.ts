import { createAuditTables, type PostgresClient } from '@sluice/persistence';

/** Owns every audit trail. Nobody can log in as it. */
const auditOwner = 'sluice_audit';
const tables = ['audit_entry', 'audit_head', 'audit_note'] as const;

/** What the service itself does with its trail: it reads, notes what changes no row, and says when the head was announced. */
const granted = {
  audit_entry: 'SELECT',
  audit_head: 'SELECT, UPDATE (announced_at)',
  audit_note: 'INSERT (change)',
} as const;

/** The schema in which a service's audit trail is, beside the service's own. */
export function auditSchemaOf(role: string): string {
  return `${role}_audit`;
}

/**
 * Puts a service's audit trail out of its reach: into a schema of another owner, where the service's role can add notes about
 * its own transaction and nothing else; the trigger that makes entries of them runs as the owner. The service finds the tables
 * through views of the same names in its own schema, with its own rights. Tables that a version before made in the service's
 * schema are moved with what is in them. Does nothing where it is done already. In one transaction.
 */
export async function protectAuditTrail(client: PostgresClient, role: string): Promise<void> {
  const own = client.escapeIdentifier(role);
  const apart = client.escapeIdentifier(auditSchemaOf(role));
  await client.query('BEGIN');
  try {
    await createAuditOwner(client);
    await client.query(`CREATE SCHEMA IF NOT EXISTS ${apart}`);
    await client.query(`REVOKE ALL ON SCHEMA ${apart} FROM PUBLIC`);
    if (!(await isThere(client, `${apart}.audit_entry`))) {
      if (await isThere(client, `${own}.audit_entry`)) await moveTables(client, own, apart);
      else await createTables(client, apart);
    }
    await client.query(`ALTER SCHEMA ${apart} OWNER TO ${auditOwner}`);
    for (const table of tables) await client.query(`ALTER TABLE ${apart}.${table} OWNER TO ${auditOwner}`);
    // Of pg_temp last: a temporary table must not pass for the head (CVE-2007-2138).
    await client.query(`ALTER FUNCTION ${apart}.audit_close() SET search_path = ${apart}, pg_temp`);
    await client.query(`ALTER FUNCTION ${apart}.audit_close() SECURITY DEFINER`);
    await client.query(`ALTER FUNCTION ${apart}.audit_close() OWNER TO ${auditOwner}`);
    await client.query(`GRANT USAGE ON SCHEMA ${apart} TO ${own}`);
    for (const table of tables) {
      await client.query(`REVOKE ALL ON ${apart}.${table} FROM PUBLIC, ${own}`);
      await client.query(`GRANT ${granted[table]} ON ${apart}.${table} TO ${own}`);
      if (await isThere(client, `${own}.${table}`)) continue;
      await client.query(
        `CREATE VIEW ${own}.${table} WITH (security_invoker = true) AS SELECT * FROM ${apart}.${table}`,
      );
      await client.query(`ALTER VIEW ${own}.${table} OWNER TO ${own}`);
    }
    await client.query('COMMIT');
  } catch (error) {
    await client.query('ROLLBACK');
    throw error;
  }
}

async function createAuditOwner(client: PostgresClient): Promise<void> {
  const { rowCount } = await client.query('SELECT 1 FROM pg_roles WHERE rolname = $1', [auditOwner]);
  if (!rowCount) await client.query(`CREATE ROLE ${auditOwner} NOLOGIN NOINHERIT`);
  // Who gives a table to another role must be a member of it.
  await client.query(`GRANT ${auditOwner} TO CURRENT_USER`);
}

async function isThere(client: PostgresClient, relation: string): Promise<boolean> {
  const { rows } = await client.query<{ there: boolean }>('SELECT to_regclass($1) IS NOT NULL AS there', [relation]);
  return rows[0]?.there === true;
}

async function createTables(client: PostgresClient, apart: string): Promise<void> {
  await client.query(`SET LOCAL search_path = ${apart}`);
  await createAuditTables(client);
}

/** Waits for changes that are being made, and for no longer than the services themselves would. */
async function moveTables(client: PostgresClient, own: string, apart: string): Promise<void> {
  await client.query(`SET LOCAL lock_timeout = '30s'`);
  for (const table of tables) await client.query(`ALTER TABLE ${own}.${table} SET SCHEMA ${apart}`);
  await client.query(`ALTER FUNCTION ${own}.audit_close() SET SCHEMA ${apart}`);
}
