-- What flows keep between messages. An empty flow_id is what all flows share.
CREATE TABLE data_store_entry (
  flow_id text COLLATE "C" NOT NULL,
  store text COLLATE "C" NOT NULL,
  id text COLLATE "C" NOT NULL,
  body bytea NOT NULL,
  sealed boolean NOT NULL,
  headers jsonb NOT NULL,
  position bigint GENERATED ALWAYS AS IDENTITY,
  created_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  PRIMARY KEY (flow_id, store, id)
);

CREATE INDEX data_store_entry_oldest ON data_store_entry (flow_id, store, created_at, position);

CREATE INDEX data_store_entry_expiry ON data_store_entry (expires_at);

CREATE TABLE variable (
  flow_id text COLLATE "C" NOT NULL,
  name text COLLATE "C" NOT NULL,
  value text NOT NULL,
  expires_at timestamptz NOT NULL,
  PRIMARY KEY (flow_id, name)
);

CREATE INDEX variable_expiry ON variable (expires_at);

CREATE TABLE number_range (name text COLLATE "C" PRIMARY KEY, current bigint NOT NULL);

CREATE TABLE persisted_message (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  flow_id text COLLATE "C" NOT NULL,
  message_id text COLLATE "C" NOT NULL,
  store_id text NOT NULL,
  body bytea NOT NULL,
  sealed boolean NOT NULL,
  headers jsonb NOT NULL,
  created_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL
);

CREATE INDEX persisted_message_message ON persisted_message (message_id);

CREATE INDEX persisted_message_expiry ON persisted_message (expires_at);

CREATE TABLE timer_firing (
  flow_id text COLLATE "C" NOT NULL REFERENCES flow (id) ON DELETE CASCADE,
  timer text NOT NULL,
  due text NOT NULL,
  fired_at timestamptz NOT NULL,
  PRIMARY KEY (flow_id, timer, due)
);
