-- The keys that sign access tokens, and the tokens that their clients revoked before their end.
CREATE TABLE token_key (
  kid text PRIMARY KEY,
  public_key bytea NOT NULL,
  sealed_key bytea NOT NULL,
  issuer text NOT NULL,
  status text NOT NULL,
  activates_at timestamptz,
  activated_at timestamptz,
  ends_at timestamptz,
  version bigint NOT NULL,
  created_at timestamptz NOT NULL
);

CREATE UNIQUE INDEX token_key_active ON token_key (status) WHERE status = 'active';

CREATE UNIQUE INDEX token_key_prepared ON token_key (status) WHERE status = 'prepared';

CREATE TRIGGER audit_row AFTER INSERT OR UPDATE OR DELETE ON token_key
FOR EACH ROW EXECUTE FUNCTION audit_row('version,public_key', 'sealed_key');

CREATE TABLE revoked_tokens (
  service_key_id uuid PRIMARY KEY REFERENCES service_key (id) ON DELETE CASCADE,
  tokens jsonb NOT NULL,
  first_ends_at timestamptz NOT NULL,
  version bigint NOT NULL
);

CREATE INDEX revoked_tokens_first_ends_at ON revoked_tokens (first_ends_at);
