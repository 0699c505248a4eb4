import {
  auditSearchColumns,
  createAuditClose,
  createAuditFunctions,
  createAuditIndexes,
  createAuditTables,
  type PostgresClient,
} from '@sluice/persistence';

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
 * through views of the same names in its own schema, with its own rights. Of tables that a version before made in the service's
 * schema the rows are taken. Does nothing where it is done already. In one transaction.
 */
export async function protectAuditTrail(client: PostgresClient, role: string): Promise<void> {
  const own = client.escapeIdentifier(role);
  const apart = client.escapeIdentifier(auditSchemaOf(role));
  await client.query('BEGIN');
  try {
    await createAuditOwner(client);
    await client.query(`CREATE SCHEMA IF NOT EXISTS ${apart}`);
    await client.query(`REVOKE ALL ON SCHEMA ${apart} FROM PUBLIC`);
    await client.query(`SET LOCAL lock_timeout = '30s'`);
    const isNew = !(await isThere(client, `${apart}.audit_entry`));
    if (isNew) {
      await createTables(client, apart);
      if (await isThere(client, `${own}.audit_entry`)) await takeOver(client, own, apart);
      await client.query(`ALTER SCHEMA ${apart} OWNER TO ${auditOwner}`);
      for (const table of tables) await client.query(`ALTER TABLE ${apart}.${table} OWNER TO ${auditOwner}`);
    }
    // Always ours: it runs with the owner's rights.
    await client.query(`SET LOCAL search_path = ${apart}`);
    await createAuditClose(client);
    // Of pg_temp last: a temporary table must not pass for the head (CVE-2007-2138).
    await client.query(`ALTER FUNCTION ${apart}.audit_close() SET search_path = ${apart}, pg_temp`);
    await client.query(`ALTER FUNCTION ${apart}.audit_close() SECURITY DEFINER`);
    await client.query(`ALTER FUNCTION ${apart}.audit_close() OWNER TO ${auditOwner}`);
    await createAuditFunctions(client);
    for (const name of ['audit_part(text, text)', 'audit_things(text)'])
      await client.query(`ALTER FUNCTION ${apart}.${name} OWNER TO ${auditOwner}`);
    await createAuditIndexes(client);
    await client.query(`GRANT USAGE ON SCHEMA ${apart} TO ${own}`);
    for (const table of tables) {
      if (isNew) {
        await client.query(`REVOKE ALL ON ${apart}.${table} FROM PUBLIC, ${own}`);
        await client.query(`GRANT ${granted[table]} ON ${apart}.${table} TO ${own}`);
      }
      if (await isThere(client, `${own}.${table}`)) continue;
      await client.query(
        `CREATE VIEW ${own}.${table} WITH (security_invoker = true) AS SELECT * FROM ${apart}.${table}`,
      );
      await client.query(`ALTER VIEW ${own}.${table} OWNER TO ${own}`);
    }
    await createSearch(client, own, apart);
    await client.query('COMMIT');
  } catch (error) {
    await client.query('ROLLBACK');
    throw error;
  }
}

/** In the place of a view that the service made for itself before there were indexes: its columns are the same. */
async function createSearch(client: PostgresClient, own: string, apart: string): Promise<void> {
  const view = `${own}.audit_search`;
  const { rows } = await client.query<{ kind: string }>(
    'SELECT relkind AS kind FROM pg_class WHERE oid = to_regclass($1)',
    [view],
  );
  if (rows[0] !== undefined && rows[0].kind !== 'v') return;
  await client.query(
    `CREATE OR REPLACE VIEW ${view} WITH (security_invoker = true) AS SELECT ${auditSearchColumns(apart)} FROM ${apart}.audit_entry`,
  );
  await client.query(`ALTER VIEW ${view} OWNER TO ${own}`);
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

/**
 * Copies the rows that a version before kept in the service's own schema, and removes its tables. Rows alone are taken: the service owned what
 * else belongs to them, and a function, rule or trigger of its making would run with our rights.
 */
async function takeOver(client: PostgresClient, own: string, apart: string): Promise<void> {
  await client.query(`LOCK TABLE ONLY ${own}.audit_entry, ONLY ${own}.audit_head IN ACCESS EXCLUSIVE MODE`);
  const { rows } = await client.query<{ plain: boolean }>(
    `SELECT bool_and(c.relkind = 'r' AND NOT c.relhasrules AND NOT c.relrowsecurity AND NOT EXISTS (
       SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attgenerated <> '')) AS plain
     FROM pg_class c WHERE c.oid IN (to_regclass($1), to_regclass($2))`,
    [`${own}.audit_entry`, `${own}.audit_head`],
  );
  if (rows[0]?.plain !== true)
    throw new Error(`The audit trail in ${own} is not as a version of Sluice made it: look at it before provisioning.`);
  await client.query(
    `INSERT INTO ${apart}.audit_entry (sequence, previous_hash, content, hash)
     SELECT sequence, previous_hash, content, hash FROM ONLY ${own}.audit_entry`,
  );
  await client.query(
    `UPDATE ${apart}.audit_head SET (sequence, hash, announced_at) = (SELECT sequence, hash, announced_at FROM ONLY ${own}.audit_head)`,
  );
  // Its functions and triggers go with them.
  await client.query(`DROP TABLE ${own}.audit_note, ${own}.audit_head, ${own}.audit_entry CASCADE`);
  for (const name of ['audit_close()', 'audit_part(text, text)', 'audit_things(text)'])
    await client.query(`DROP FUNCTION IF EXISTS ${own}.${name} CASCADE`);
}
