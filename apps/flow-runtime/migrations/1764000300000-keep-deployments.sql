-- Deployments that were refused, and what each runtime made of those that were not.
CREATE TABLE failed_deployment (
  flow_id text COLLATE "C" PRIMARY KEY,
  name text NOT NULL,
  failed_at timestamptz NOT NULL,
  actor text NOT NULL,
  code text NOT NULL,
  error text NOT NULL,
  problems jsonb NOT NULL
);

CREATE TABLE runtime (
  id text PRIMARY KEY,
  name text NOT NULL,
  started_at timestamptz NOT NULL,
  seen_at timestamptz NOT NULL
);

CREATE TABLE flow_on_runtime (
  flow_id text COLLATE "C" NOT NULL,
  runtime_id text NOT NULL REFERENCES runtime (id) ON DELETE CASCADE,
  version bigint NOT NULL,
  error text,
  PRIMARY KEY (flow_id, runtime_id)
);

CREATE INDEX flow_on_runtime_runtime ON flow_on_runtime (runtime_id);
