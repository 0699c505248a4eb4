-- Secrets of keys live like their certificates: a row each, with a life of its own.
CREATE TABLE client_secret (
  id uuid PRIMARY KEY,
  service_key_id uuid NOT NULL REFERENCES service_key (id) ON DELETE CASCADE,
  hash text NOT NULL,
  status text NOT NULL,
  retires_at timestamptz,
  retire_after_unused_days integer,
  postponed_at timestamptz,
  not_after timestamptz,
  last_used_at timestamptz,
  expiring_told integer,
  expired_told_at timestamptz,
  revoked_at timestamptz,
  revocation_reason text,
  version bigint NOT NULL,
  created_at timestamptz NOT NULL
);

CREATE INDEX client_secret_service_key ON client_secret (service_key_id);

CREATE INDEX client_secret_living ON client_secret (not_after)
WHERE expired_told_at IS NULL AND status IN ('active', 'retiring');

CREATE INDEX client_secret_retiring ON client_secret (retires_at) WHERE status = 'retiring';

INSERT INTO client_secret (id, service_key_id, hash, status, revoked_at, revocation_reason, version, created_at)
SELECT gen_random_uuid(), id, secret_hash, CASE status WHEN 'revoked' THEN 'revoked' ELSE 'active' END,
  CASE status WHEN 'revoked' THEN updated_at END, CASE status WHEN 'revoked' THEN 'unspecified' END, nextval('record_version'), created_at
FROM service_key WHERE secret_hash IS NOT NULL;

CREATE TRIGGER audit_row AFTER INSERT OR UPDATE OR DELETE ON client_secret
FOR EACH ROW EXECUTE FUNCTION audit_row('version,hash,last_used_at,expiring_told,expired_told_at', '');

-- Until the next minor version a process of the version before may still write keys beside this one, and knows their column alone.
CREATE FUNCTION client_secret_of_older_version() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    INSERT INTO client_secret (id, service_key_id, hash, status, version, created_at)
    VALUES (gen_random_uuid(), NEW.id, NEW.secret_hash, 'active', nextval('record_version'), NEW.created_at);
  ELSE
    UPDATE client_secret SET status = 'revoked', revoked_at = NEW.updated_at, revocation_reason = 'unspecified', version = nextval('record_version')
    WHERE service_key_id = NEW.id AND status <> 'revoked';
  END IF;
  RETURN NULL;
END $$;

CREATE TRIGGER older_version_adds AFTER INSERT ON service_key
FOR EACH ROW WHEN (NEW.secret_hash IS NOT NULL) EXECUTE FUNCTION client_secret_of_older_version();

CREATE TRIGGER older_version_revokes AFTER UPDATE ON service_key
FOR EACH ROW WHEN (NEW.status = 'revoked' AND OLD.status <> 'revoked') EXECUTE FUNCTION client_secret_of_older_version();

-- As it was for certificates; a secret that does not expire ends at infinity.
CREATE OR REPLACE FUNCTION summarize_service_keys(keys uuid[]) RETURNS void LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
  -- What another transaction has changed of the same key is seen once its row is locked.
  PERFORM FROM service_key_summary WHERE service_key_id = ANY (keys) ORDER BY service_key_id FOR UPDATE;
  INSERT INTO service_key_summary (service_key_id, active, ends_at, idle_since)
  SELECT service_key.id, service_key.status = 'active',
    coalesce(max(coalesce(CASE WHEN held.retire_after_unused_days IS NULL AND held.postponed_at IS NULL
      THEN LEAST(held.not_after, held.retires_at) ELSE held.not_after END, 'infinity')) FILTER (WHERE held.status IN ('active', 'retiring')), '-infinity'),
    GREATEST(service_key.created_at, date_trunc('hour', max(held.last_used_at), 'UTC'))
  FROM service_key JOIN (
    SELECT service_key_id, status, not_after, retires_at, retire_after_unused_days, postponed_at, last_used_at FROM credential WHERE service_key_id = ANY (keys)
    UNION ALL
    SELECT service_key_id, status, not_after, retires_at, retire_after_unused_days, postponed_at, last_used_at FROM client_secret WHERE service_key_id = ANY (keys)
  ) AS held ON held.service_key_id = service_key.id
  WHERE service_key.id = ANY (keys) GROUP BY service_key.id ORDER BY service_key.id
  ON CONFLICT (service_key_id) DO UPDATE SET ends_at = excluded.ends_at, idle_since = excluded.idle_since;
END $$;

CREATE FUNCTION client_secret_changed() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
  keys uuid[];
BEGIN
  IF TG_OP = 'INSERT' THEN
    SELECT array_agg(DISTINCT service_key_id) INTO keys FROM added;
  ELSIF TG_OP = 'DELETE' THEN
    SELECT array_agg(DISTINCT service_key_id) INTO keys FROM removed;
    DELETE FROM service_key_summary AS summary WHERE service_key_id = ANY (keys)
      AND NOT EXISTS (SELECT FROM client_secret WHERE client_secret.service_key_id = summary.service_key_id);
  ELSE
    SELECT array_agg(DISTINCT added.service_key_id) INTO keys FROM added JOIN removed USING (id)
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

CREATE TRIGGER summarize_added AFTER INSERT ON client_secret
REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION client_secret_changed();

CREATE TRIGGER summarize_changed AFTER UPDATE ON client_secret
REFERENCING OLD TABLE AS removed NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION client_secret_changed();

CREATE TRIGGER summarize_removed AFTER DELETE ON client_secret
REFERENCING OLD TABLE AS removed FOR EACH STATEMENT EXECUTE FUNCTION client_secret_changed();

SELECT summarize_service_keys(array_agg(service_key_id)) FROM client_secret;
