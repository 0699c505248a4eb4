CREATE TABLE outbox (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  kind text NOT NULL CHECK (kind IN ('state', 'event')),
  name text NOT NULL,
  version bigint NOT NULL,
  body jsonb NOT NULL,
  position bigint UNIQUE,
  created_at timestamptz NOT NULL DEFAULT now()
);

CREATE SEQUENCE outbox_position;

CREATE INDEX outbox_unplaced ON outbox (id) WHERE position IS NULL;

CREATE SEQUENCE record_version;

CREATE TABLE service_instance (
  id uuid PRIMARY KEY,
  name text NOT NULL CONSTRAINT service_instance_name UNIQUE,
  plan text NOT NULL,
  parameters jsonb NOT NULL,
  version bigint NOT NULL,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL
);

CREATE INDEX service_instance_roles ON service_instance USING gin ((parameters -> 'roles'));

CREATE TABLE service_key (
  id uuid PRIMARY KEY,
  service_instance_id uuid NOT NULL REFERENCES service_instance (id),
  name text NOT NULL,
  key_type text NOT NULL,
  parameters jsonb NOT NULL,
  status text NOT NULL,
  secret_hash text,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  CONSTRAINT service_key_name UNIQUE (service_instance_id, name)
);

CREATE TABLE credential (
  sha256 text CONSTRAINT credential_certificate PRIMARY KEY,
  service_key_id uuid NOT NULL REFERENCES service_key (id),
  certificate bytea NOT NULL,
  issued_by uuid,
  subject_dn text NOT NULL,
  issuer_dn text NOT NULL,
  serial_number text NOT NULL,
  not_before timestamptz NOT NULL,
  not_after timestamptz NOT NULL,
  pinned boolean NOT NULL,
  names_digest text NOT NULL,
  status text NOT NULL,
  retires_at timestamptz,
  revoked_at timestamptz,
  revocation_reason text,
  version bigint NOT NULL,
  created_at timestamptz NOT NULL
);

CREATE INDEX credential_service_key ON credential (service_key_id);

CREATE INDEX credential_names ON credential (names_digest);

CREATE TABLE unpinned_key (
  digest text CONSTRAINT unpinned_key_names PRIMARY KEY,
  service_key_id uuid NOT NULL UNIQUE REFERENCES service_key (id),
  issuer_key_sha256 text,
  accepted_sha256 text NOT NULL,
  accepted_not_before timestamptz NOT NULL,
  version bigint NOT NULL
);

CREATE TABLE certificate_authority (
  id uuid PRIMARY KEY,
  kind text NOT NULL,
  parent_id uuid REFERENCES certificate_authority (id),
  certificate bytea NOT NULL,
  sha256 text NOT NULL UNIQUE,
  sealed_key bytea NOT NULL,
  status text NOT NULL,
  version bigint NOT NULL,
  created_at timestamptz NOT NULL
);

CREATE TABLE trusted_root (
  sha256 text CONSTRAINT trusted_root_certificate PRIMARY KEY,
  certificate bytea NOT NULL,
  added_by text NOT NULL,
  version bigint NOT NULL,
  added_at timestamptz NOT NULL
);
