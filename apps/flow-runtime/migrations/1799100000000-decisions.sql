-- What the list of decisions shows: calls of a minute that were decided alike are one row.
CREATE TABLE decision (
  id text COLLATE "C" PRIMARY KEY,
  at timestamptz NOT NULL,
  last_at timestamptz NOT NULL,
  count bigint NOT NULL,
  outcome text NOT NULL,
  status integer NOT NULL,
  reason text NOT NULL,
  others boolean NOT NULL,
  path text,
  flow text COLLATE "C",
  sender text COLLATE "C",
  certificate_sha256 text COLLATE "C",
  subject_dn text,
  service_key_id uuid,
  service_key_name text,
  service_instance_id uuid
);

CREATE INDEX decision_by_time ON decision (at, id);

CREATE INDEX decision_by_flow ON decision (flow, at, id) WHERE flow IS NOT NULL;

CREATE INDEX decision_by_sender ON decision (sender, at, id) WHERE sender IS NOT NULL;

CREATE INDEX decision_by_certificate ON decision (certificate_sha256, at, id) WHERE certificate_sha256 IS NOT NULL;

CREATE INDEX decision_not_denied ON decision (outcome, at, id) WHERE outcome <> 'denied';
