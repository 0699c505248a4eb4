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

CREATE TABLE user_role (
  name text COLLATE "C" CONSTRAINT user_role_name PRIMARY KEY,
  description text NOT NULL,
  owner text NOT NULL,
  version bigint NOT NULL,
  created_at timestamptz NOT NULL
);

CREATE TABLE admin_token (
  name text COLLATE "C" CONSTRAINT admin_token_name PRIMARY KEY,
  sha256 text NOT NULL UNIQUE,
  created_by text NOT NULL,
  created_at timestamptz NOT NULL
);

INSERT INTO user_role (name, description, owner, version, created_at) VALUES
  ('ESBMessaging.send', 'Send messages to integration flow endpoints.', 'SAP', nextval('record_version'), now()),
  ('API.invoke', 'Call the management API.', 'SAP', nextval('record_version'), now());
