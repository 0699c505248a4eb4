/** Hash before the first entry. */
export const auditOrigin = '0'.repeat(64);

/** What runs SQL: a migration's QueryRunner, or a client of Postgres. */
export interface SqlRunner {
  query(sql: string): Promise<unknown>;
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
