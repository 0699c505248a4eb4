-- People who sign in by a provider of identities: by issuer and subject, which are for good; what they are shown by may change.
CREATE TABLE person (
  id text COLLATE "C" CONSTRAINT person_id PRIMARY KEY,
  issuer text COLLATE "C" NOT NULL,
  subject text COLLATE "C" NOT NULL,
  shown text NOT NULL,
  roles text[] NOT NULL,
  first_signed_in_at timestamptz NOT NULL,
  last_signed_in_at timestamptz NOT NULL,
  signed_out_at timestamptz,
  CONSTRAINT person_subject UNIQUE (issuer, subject)
);

-- Whoever signs in for the first time, or with other rights, stands in the audit trail, and who was signed out by whom.
CREATE OR REPLACE TRIGGER audit_row AFTER INSERT OR UPDATE OR DELETE ON person
FOR EACH ROW EXECUTE FUNCTION audit_row('last_signed_in_at', '');

-- Not in the table of the sessions that rest on admin tokens: a process of the version before would look for their token. Not logged, as those.
CREATE UNLOGGED TABLE person_session (
  sha256 text COLLATE "C" CONSTRAINT person_session_sha256 PRIMARY KEY,
  person_id text COLLATE "C" NOT NULL CONSTRAINT person_session_person REFERENCES person (id) ON DELETE CASCADE,
  roles text[] NOT NULL,
  opened_at timestamptz NOT NULL,
  last_used_at timestamptz NOT NULL,
  idle_ms integer NOT NULL,
  ends_at timestamptz NOT NULL
);

CREATE INDEX person_session_person ON person_session (person_id);
CREATE INDEX person_session_ends_at ON person_session (ends_at);

UPDATE user_role SET description = 'See admin tokens, without the tokens themselves, and people with their sessions.' WHERE name = 'Tokens.read';
UPDATE user_role SET description = 'Create and revoke admin tokens, with no more rights than one has, and end the sessions of people.' WHERE name = 'Tokens.manage';
