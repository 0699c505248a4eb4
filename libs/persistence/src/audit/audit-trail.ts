import type { QueryRunner } from 'typeorm';

/** Hash before the first entry. */
export const auditOrigin = '0'.repeat(64);

/** What of a table's rows the trail shows. */
export interface AuditedColumns {
  /** Left out: what tells an administrator nothing, such as a record's version or when a key was last used. */
  readonly hidden?: readonly string[];
  /** Shown by their SHA-256 alone: secrets, and what is long. */
  readonly digested?: readonly string[];
}

/** What runs SQL: a migration's QueryRunner, or a client of Postgres. */
export interface SqlRunner {
  query(sql: string): Promise<unknown>;
}

/**
 * Makes the audit trail of a schema, in a migration. Triggers note each row that a transaction changes in an audited table
 * (`auditTable`), so that no use case can forget it and a change by hand is in it too. When the transaction commits, a
 * deferred trigger makes one entry of its notes: `hash` is the SHA-256 of the hash before, a line feed and `content`. The
 * row of `audit_head` is locked from there to the end of the commit; so entries are in one order, and a transaction
 * that is still working holds up nobody (ADR 14). Where provisioning has made the tables, out of the service's reach (ADR 40),
 * they are used; elsewhere they are made in the service's own schema.
 */
export async function createAuditTrail(runner: QueryRunner): Promise<void> {
  const rows = (await runner.query(`SELECT to_regclass('audit_entry') IS NOT NULL AS "provisioned"`)) as {
    provisioned: boolean;
  }[];
  if (!rows[0]?.provisioned) await createAuditTables(runner);
  await runner.query(`
    CREATE FUNCTION audit_view(changed jsonb, hidden text, digested text) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
      SELECT jsonb_object_agg(key, CASE
        WHEN key = ANY (string_to_array(digested, ',')) AND value <> 'null'
          THEN jsonb_build_object('sha256', encode(sha256(convert_to(value #>> '{}', 'UTF8')), 'hex'))
        ELSE value END)
      FROM jsonb_each(changed) WHERE key <> ALL (string_to_array(hidden, ','))
    $$`);
  await runner.query(`
    CREATE FUNCTION audit_row() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
    DECLARE
      before jsonb := CASE WHEN TG_OP <> 'INSERT' THEN audit_view(to_jsonb(OLD), TG_ARGV[0], TG_ARGV[1]) END;
      after jsonb := CASE WHEN TG_OP <> 'DELETE' THEN audit_view(to_jsonb(NEW), TG_ARGV[0], TG_ARGV[1]) END;
    BEGIN
      IF before IS DISTINCT FROM after THEN
        INSERT INTO audit_note (change) VALUES (jsonb_build_object('table', TG_TABLE_NAME, 'before', before, 'after', after));
      END IF;
      RETURN NULL;
    END $$`);
}

/** The tables of a trail, and the trigger that makes entries of notes, in the first schema of the search path. */
export async function createAuditTables(runner: SqlRunner): Promise<void> {
  await runner.query(`
    CREATE TABLE audit_entry (
      sequence bigint PRIMARY KEY,
      previous_hash text NOT NULL,
      content text NOT NULL,
      hash text NOT NULL
    )`);
  await runner.query(`
    CREATE TABLE audit_head (
      id boolean PRIMARY KEY DEFAULT true CHECK (id),
      sequence bigint NOT NULL,
      hash text NOT NULL,
      announced_at timestamptz
    )`);
  await runner.query(`INSERT INTO audit_head (sequence, hash) VALUES (0, '${auditOrigin}')`);
  await runner.query(`
    CREATE TABLE audit_note (
      transaction xid8 NOT NULL DEFAULT pg_current_xact_id(),
      id bigint GENERATED ALWAYS AS IDENTITY,
      change jsonb NOT NULL,
      PRIMARY KEY (transaction, id)
    )`);
  await createAuditClose(runner);
  await runner.query(`
    CREATE CONSTRAINT TRIGGER audit_close AFTER INSERT ON audit_note DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION audit_close()`);
}

/** What makes one entry of a transaction's notes, in the first schema of the search path. */
export async function createAuditClose(runner: SqlRunner): Promise<void> {
  await runner.query(`
    CREATE OR REPLACE FUNCTION audit_close() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
    DECLARE
      noted jsonb;
      head audit_head;
      entry text;
      entry_hash text;
    BEGIN
      WITH taken AS (DELETE FROM audit_note WHERE transaction = pg_current_xact_id() RETURNING id, change)
        SELECT jsonb_agg(change ORDER BY id) INTO noted FROM taken;
      IF noted IS NULL THEN RETURN NULL; END IF;
      SELECT * INTO head FROM audit_head FOR UPDATE;
      entry := json_build_object(
        'sequence', head.sequence + 1,
        'at', to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
        'actor', coalesce(nullif(current_setting('sluice.actor', true), ''), session_user),
        'action', nullif(current_setting('sluice.action', true), ''),
        'requestId', nullif(current_setting('sluice.request_id', true), ''),
        'changes', noted)::text;
      entry_hash := encode(sha256(convert_to(head.hash || E'\\n' || entry, 'UTF8')), 'hex');
      INSERT INTO audit_entry VALUES (head.sequence + 1, head.hash, entry, entry_hash);
      UPDATE audit_head SET sequence = head.sequence + 1, hash = entry_hash;
      RETURN NULL;
    END $$`);
}

/** Has every change of the table's rows noted from now on. Columns that are added later are shown: name those that may not be. */
export async function auditTable(runner: QueryRunner, table: string, columns: AuditedColumns = {}): Promise<void> {
  const { hidden = [], digested = [] } = columns;
  await runner.query(`
    CREATE TRIGGER audit_row AFTER INSERT OR UPDATE OR DELETE ON ${table}
    FOR EACH ROW EXECUTE FUNCTION audit_row('${hidden.join(',')}', '${digested.join(',')}')`);
}

export async function dropAuditTrail(runner: QueryRunner, tables: readonly string[]): Promise<void> {
  for (const table of tables) await runner.query(`DROP TRIGGER audit_row ON ${table}`);
  for (const table of ['audit_note', 'audit_head', 'audit_entry']) await runner.query(`DROP TABLE ${table}`);
  await runner.query('DROP FUNCTION audit_close(), audit_row(), audit_view(jsonb, text, text)');
}
