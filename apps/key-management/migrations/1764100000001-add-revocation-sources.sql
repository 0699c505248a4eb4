ALTER TABLE trusted_root ADD COLUMN revocation jsonb;

CREATE TABLE root_certificate_list (
  root_sha256 text NOT NULL REFERENCES trusted_root (sha256) ON DELETE CASCADE,
  sha256 text NOT NULL,
  der bytea NOT NULL,
  scope_key text NOT NULL,
  source text,
  issuer_dn text NOT NULL,
  crl_number text,
  delta boolean NOT NULL,
  this_update timestamptz NOT NULL,
  next_update timestamptz,
  entries integer NOT NULL,
  bytes integer NOT NULL,
  since timestamptz NOT NULL,
  PRIMARY KEY (root_sha256, sha256),
  CONSTRAINT root_certificate_list_scope UNIQUE (root_sha256, scope_key)
);

ALTER TABLE root_certificate_list ALTER COLUMN der SET STORAGE EXTERNAL;

CREATE TABLE root_certificate_list_source (
  root_sha256 text NOT NULL REFERENCES trusted_root (sha256) ON DELETE CASCADE,
  url text NOT NULL,
  next_fetch_at timestamptz NOT NULL,
  last_fetched_at timestamptz,
  last_error text,
  failures integer NOT NULL,
  etag text,
  PRIMARY KEY (root_sha256, url)
);

CREATE INDEX root_certificate_list_source_due ON root_certificate_list_source (next_fetch_at);
