-- Who may subscribe to events, by the public key it proves itself with.
CREATE TABLE subscriber (
  id uuid CONSTRAINT subscriber_id PRIMARY KEY,
  name text COLLATE "C" NOT NULL CONSTRAINT subscriber_name UNIQUE,
  public_key text COLLATE "C" NOT NULL CONSTRAINT subscriber_public_key UNIQUE,
  created_at timestamptz NOT NULL,
  last_seen_at timestamptz
);

CREATE TRIGGER audit_row AFTER INSERT OR UPDATE OR DELETE ON subscriber
FOR EACH ROW EXECUTE FUNCTION audit_row('last_seen_at', '');
