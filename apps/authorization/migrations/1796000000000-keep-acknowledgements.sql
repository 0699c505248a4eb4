-- What the bus acknowledged stays for a while, so that a stream that lost it is noticed and mended.
CREATE TABLE acknowledged (
  id bigint PRIMARY KEY,
  kind text NOT NULL CHECK (kind IN ('state', 'event')),
  name text NOT NULL,
  version bigint NOT NULL,
  position bigint,
  body jsonb,
  epoch text,
  sequence bigint NOT NULL,
  acknowledged_at timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX acknowledged_events ON acknowledged (name, position) WHERE kind = 'event';

CREATE TABLE state_epoch (
  only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  epoch text NOT NULL,
  completed_at_sequence bigint NOT NULL
);
