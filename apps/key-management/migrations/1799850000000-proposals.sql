-- What one administrator proposed under the four-eyes rule, and another decided.
CREATE TABLE proposal (
  id uuid PRIMARY KEY,
  operation text NOT NULL,
  subject text NOT NULL,
  name text NOT NULL,
  parameters jsonb NOT NULL,
  tag text NOT NULL,
  status text NOT NULL,
  proposed_by text NOT NULL,
  proposer_makers text[] NOT NULL,
  proposed_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  decided_by text,
  decided_at timestamptz
);

-- One at a time for a thing.
CREATE UNIQUE INDEX proposal_open ON proposal (operation, subject) WHERE status = 'open';

CREATE INDEX proposal_proposed_at ON proposal (proposed_at, id);

CREATE TRIGGER audit_row AFTER INSERT OR UPDATE OR DELETE ON proposal
FOR EACH ROW EXECUTE FUNCTION audit_row('', '');
