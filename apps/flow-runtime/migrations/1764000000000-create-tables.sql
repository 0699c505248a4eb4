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

CREATE TABLE flow (
  id text COLLATE "C" PRIMARY KEY,
  name text NOT NULL,
  definition jsonb NOT NULL,
  warnings jsonb NOT NULL,
  version bigint NOT NULL,
  deployed_at timestamptz NOT NULL
);

CREATE TABLE address (
  address text CONSTRAINT address_taken PRIMARY KEY,
  flow_id text NOT NULL REFERENCES flow (id) ON DELETE CASCADE
);

CREATE TABLE message_processing_log (
  id text COLLATE "C" PRIMARY KEY,
  correlation_id text NOT NULL,
  flow text NOT NULL,
  start_at timestamptz NOT NULL,
  end_at timestamptz,
  status text NOT NULL,
  entry jsonb NOT NULL
);

CREATE INDEX message_processing_log_start ON message_processing_log (start_at DESC, id DESC);

CREATE INDEX message_processing_log_flow ON message_processing_log (flow, start_at DESC, id DESC);
