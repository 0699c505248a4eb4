-- Of each key with certificates: until when one of them lets a sender in, and since when none was used, so that lists are read in that order.
CREATE TABLE service_key_summary (
  service_key_id uuid PRIMARY KEY REFERENCES service_key (id) ON DELETE CASCADE,
  active boolean NOT NULL,
  ends_at timestamptz NOT NULL,
  idle_since timestamptz NOT NULL
);

CREATE INDEX service_key_summary_by_end ON service_key_summary (ends_at, service_key_id) WHERE active;

CREATE INDEX service_key_summary_by_use ON service_key_summary (idle_since, service_key_id) WHERE active;

-- The end of the last certificate that is not ended, -infinity without one; the beginning of the hour of the last use, when the key was made without one.
CREATE FUNCTION summarize_service_keys(keys uuid[]) RETURNS void LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
  -- What another transaction has changed of the same key is seen once its row is locked.
  PERFORM FROM service_key_summary WHERE service_key_id = ANY (keys) ORDER BY service_key_id FOR UPDATE;
  INSERT INTO service_key_summary (service_key_id, active, ends_at, idle_since)
  SELECT service_key.id, service_key.status = 'active',
    coalesce(max(CASE WHEN held.retire_after_unused_days IS NULL AND held.postponed_at IS NULL
      THEN LEAST(held.not_after, held.retires_at) ELSE held.not_after END) FILTER (WHERE held.status IN ('active', 'retiring')), '-infinity'),
    GREATEST(service_key.created_at, date_trunc('hour', max(held.last_used_at), 'UTC'))
  FROM service_key JOIN credential AS held ON held.service_key_id = service_key.id
  WHERE service_key.id = ANY (keys) GROUP BY service_key.id ORDER BY service_key.id
  ON CONFLICT (service_key_id) DO UPDATE SET ends_at = excluded.ends_at, idle_since = excluded.idle_since;
END $$;

CREATE FUNCTION credential_changed() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
  keys uuid[];
BEGIN
  IF TG_OP = 'INSERT' THEN
    SELECT array_agg(DISTINCT service_key_id) INTO keys FROM added;
  ELSIF TG_OP = 'DELETE' THEN
    SELECT array_agg(DISTINCT service_key_id) INTO keys FROM removed;
    DELETE FROM service_key_summary AS summary WHERE service_key_id = ANY (keys)
      AND NOT EXISTS (SELECT FROM credential WHERE credential.service_key_id = summary.service_key_id);
  ELSE
    SELECT array_agg(DISTINCT added.service_key_id) INTO keys FROM added JOIN removed USING (sha256)
    WHERE (added.status, added.not_after, added.retires_at, added.retire_after_unused_days, added.postponed_at)
      IS DISTINCT FROM (removed.status, removed.not_after, removed.retires_at, removed.retire_after_unused_days, removed.postponed_at);
    -- Once an hour for a key in use. A report of use waits for nobody: what it leaves out the next one enters.
    WITH used AS (
      SELECT service_key_id, date_trunc('hour', max(last_used_at), 'UTC') AS at FROM added WHERE last_used_at IS NOT NULL GROUP BY service_key_id
    ), stale AS (
      SELECT summary.service_key_id, used.at FROM service_key_summary AS summary JOIN used USING (service_key_id)
      WHERE summary.idle_since < used.at ORDER BY service_key_id FOR UPDATE OF summary SKIP LOCKED
    )
    UPDATE service_key_summary AS summary SET idle_since = stale.at FROM stale WHERE summary.service_key_id = stale.service_key_id;
  END IF;
  IF keys IS NOT NULL THEN PERFORM summarize_service_keys(keys); END IF;
  RETURN NULL;
END $$;

CREATE TRIGGER summarize_added AFTER INSERT ON credential
REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION credential_changed();

CREATE TRIGGER summarize_changed AFTER UPDATE ON credential
REFERENCING OLD TABLE AS removed NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION credential_changed();

CREATE TRIGGER summarize_removed AFTER DELETE ON credential
REFERENCING OLD TABLE AS removed FOR EACH STATEMENT EXECUTE FUNCTION credential_changed();

CREATE FUNCTION service_key_status_changed() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
  UPDATE service_key_summary SET active = NEW.status = 'active' WHERE service_key_id = NEW.id;
  RETURN NULL;
END $$;

CREATE TRIGGER summarize_status AFTER UPDATE ON service_key
FOR EACH ROW WHEN (OLD.status IS DISTINCT FROM NEW.status) EXECUTE FUNCTION service_key_status_changed();

SELECT summarize_service_keys(array_agg(id)) FROM service_key;
