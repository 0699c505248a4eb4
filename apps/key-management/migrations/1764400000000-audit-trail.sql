-- Every change of what administrators administer goes into the audit trail.
--
-- Where provisioning has made the tables, out of the service's reach (ADR 40), they are used.
DO $provisioned$ BEGIN
  IF to_regclass('audit_entry') IS NULL THEN
    CREATE TABLE audit_entry (
      sequence bigint PRIMARY KEY,
      previous_hash text NOT NULL,
      content text NOT NULL,
      hash text NOT NULL
    );
    CREATE TABLE audit_head (
      id boolean PRIMARY KEY DEFAULT true CHECK (id),
      sequence bigint NOT NULL,
      hash text NOT NULL,
      announced_at timestamptz
    );
    INSERT INTO audit_head (sequence, hash) VALUES (0, '0000000000000000000000000000000000000000000000000000000000000000');
    CREATE TABLE audit_note (
      transaction xid8 NOT NULL DEFAULT pg_current_xact_id(),
      id bigint GENERATED ALWAYS AS IDENTITY,
      change jsonb NOT NULL,
      PRIMARY KEY (transaction, id)
    );
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
      entry_hash := encode(sha256(convert_to(head.hash || E'\n' || entry, 'UTF8')), 'hex');
      INSERT INTO audit_entry VALUES (head.sequence + 1, head.hash, entry, entry_hash);
      UPDATE audit_head SET sequence = head.sequence + 1, hash = entry_hash;
      RETURN NULL;
    END $$;
    CREATE CONSTRAINT TRIGGER audit_close AFTER INSERT ON audit_note DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION audit_close();
  END IF;
END $provisioned$;

CREATE FUNCTION audit_view(changed jsonb, hidden text, digested text) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
  SELECT jsonb_object_agg(key, CASE
    WHEN key = ANY (string_to_array(digested, ',')) AND value <> 'null'
      THEN jsonb_build_object('sha256', encode(sha256(convert_to(value #>> '{}', 'UTF8')), 'hex'))
    ELSE value END)
  FROM jsonb_each(changed) WHERE key <> ALL (string_to_array(hidden, ','))
$$;

CREATE FUNCTION audit_row() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
  before jsonb := CASE WHEN TG_OP <> 'INSERT' THEN audit_view(to_jsonb(OLD), TG_ARGV[0], TG_ARGV[1]) END;
  after jsonb := CASE WHEN TG_OP <> 'DELETE' THEN audit_view(to_jsonb(NEW), TG_ARGV[0], TG_ARGV[1]) END;
BEGIN
  IF before IS DISTINCT FROM after THEN
    INSERT INTO audit_note (change) VALUES (jsonb_build_object('table', TG_TABLE_NAME, 'before', before, 'after', after));
  END IF;
  RETURN NULL;
END $$;

CREATE TRIGGER audit_row AFTER INSERT OR UPDATE OR DELETE ON service_instance
FOR EACH ROW EXECUTE FUNCTION audit_row('version', '');

CREATE TRIGGER audit_row AFTER INSERT OR UPDATE OR DELETE ON service_key
FOR EACH ROW EXECUTE FUNCTION audit_row('', 'secret_hash');

CREATE TRIGGER audit_row AFTER INSERT OR UPDATE OR DELETE ON credential
FOR EACH ROW EXECUTE FUNCTION audit_row('version,certificate,last_used_at,expiring_told,expired_told_at', '');

CREATE TRIGGER audit_row AFTER INSERT OR UPDATE OR DELETE ON unpinned_key
FOR EACH ROW EXECUTE FUNCTION audit_row('version,accepted_sha256,accepted_not_before,issuer_key_sha256', '');

CREATE TRIGGER audit_row AFTER INSERT OR UPDATE OR DELETE ON certificate_authority
FOR EACH ROW EXECUTE FUNCTION audit_row('version,certificate', 'sealed_key');

CREATE TRIGGER audit_row AFTER INSERT OR UPDATE OR DELETE ON root_certificate_list
FOR EACH ROW EXECUTE FUNCTION audit_row('der', '');

CREATE TRIGGER audit_row AFTER INSERT OR UPDATE OR DELETE ON trusted_root
FOR EACH ROW EXECUTE FUNCTION audit_row('version,certificate', '');
