-- The audit trail is searched by time, actor, action and what was changed. Its entries are texts, because their hash is of the text.
--
-- Where provisioning has made the view, with the tables out of the service's reach (ADR 40), it is used.
DO $provisioned$ BEGIN
  IF to_regclass('audit_search') IS NULL THEN
    CREATE OR REPLACE FUNCTION audit_part(content text, part text) RETURNS text
    LANGUAGE plpgsql IMMUTABLE STRICT COST 1000 SET search_path = pg_catalog, pg_temp AS $$
    BEGIN
      RETURN left(content::jsonb ->> part, 256);
    EXCEPTION WHEN others THEN RETURN NULL;
    END $$;
    CREATE OR REPLACE FUNCTION audit_things(content text) RETURNS text[]
    LANGUAGE plpgsql IMMUTABLE STRICT COST 1000 SET search_path = pg_catalog, pg_temp AS $$
    BEGIN
      RETURN (
        SELECT array_agg(DISTINCT left(thing, 256))
        FROM jsonb_array_elements(content::jsonb -> 'changes') AS change,
          LATERAL (
            SELECT 'table ' || (change ->> 'table') AS thing
            UNION ALL
            SELECT member.value FROM unnest(ARRAY[change -> 'before', change -> 'after']) AS side,
              LATERAL jsonb_each_text(CASE jsonb_typeof(side) WHEN 'object' THEN side END) AS member
            WHERE member.key = ANY (ARRAY['id', 'name', 'alias', 'sha256', 'public_key', 'flow_id', 'service_key_id', 'service_instance_id', 'root_sha256'])
          ) AS found
        WHERE thing IS NOT NULL);
    EXCEPTION WHEN others THEN RETURN NULL;
    END $$;
    -- Of a view that an older provisioning made: it is read as it is, until provisioning has run.
    IF (SELECT relkind FROM pg_class WHERE oid = 'audit_entry'::regclass) = 'r' THEN
      CREATE INDEX IF NOT EXISTS audit_entry_at ON audit_entry ((coalesce(audit_part(content, 'at'), '') COLLATE "C"), sequence);
      CREATE INDEX IF NOT EXISTS audit_entry_actor ON audit_entry ((audit_part(content, 'actor') COLLATE "C"), (coalesce(audit_part(content, 'at'), '') COLLATE "C"), sequence);
      CREATE INDEX IF NOT EXISTS audit_entry_action ON audit_entry ((audit_part(content, 'action') COLLATE "C"), (coalesce(audit_part(content, 'at'), '') COLLATE "C"), sequence);
      CREATE INDEX IF NOT EXISTS audit_entry_things ON audit_entry USING gin (audit_things(content));
    END IF;
    CREATE VIEW audit_search WITH (security_invoker = true) AS
      SELECT sequence, previous_hash, content, hash, coalesce(audit_part(content, 'at'), '') COLLATE "C" AS at,
        audit_part(content, 'actor') COLLATE "C" AS actor, audit_part(content, 'action') COLLATE "C" AS action, audit_things(content) AS things
      FROM audit_entry;
  END IF;
END $provisioned$;
