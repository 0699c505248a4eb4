CREATE TABLE receiver_credential (
  alias text COLLATE "C" PRIMARY KEY,
  type text NOT NULL,
  shown jsonb NOT NULL,
  sealed bytea NOT NULL,
  version bigint NOT NULL,
  changed_at timestamptz NOT NULL
);

CREATE TRIGGER audit_row AFTER INSERT OR UPDATE OR DELETE ON receiver_credential
FOR EACH ROW EXECUTE FUNCTION audit_row('sealed,version,changed_at', '');
