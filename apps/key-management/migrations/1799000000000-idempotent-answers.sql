-- Answers that are kept for ten minutes, for calls that are repeated with their Idempotency-Key. Not logged: neither the write-ahead log nor
-- what is made of it has them, and they are gone after a crash.
CREATE UNLOGGED TABLE idempotent_answer (
  administrator text COLLATE "C" NOT NULL,
  key text COLLATE "C" NOT NULL,
  digest text COLLATE "C" NOT NULL,
  secret boolean NOT NULL,
  answer bytea,
  outbox_ids bigint[] NOT NULL DEFAULT '{}',
  expires_at timestamptz NOT NULL,
  CONSTRAINT idempotent_answer_key PRIMARY KEY (administrator, key)
);

CREATE INDEX idempotent_answer_expires_at ON idempotent_answer (expires_at);
