-- The message processing log by days, so that old entries are dropped and not deleted; with what is searched by in columns and
-- what few entries have in one of JSON.
ALTER TABLE message_processing_log RENAME TO message_processing_log_before;

ALTER INDEX message_processing_log_pkey RENAME TO message_processing_log_pkey_before;

ALTER INDEX message_processing_log_start RENAME TO message_processing_log_start_before;

ALTER INDEX message_processing_log_flow RENAME TO message_processing_log_flow_before;

CREATE TABLE message_processing_log (
  id text COLLATE "C" NOT NULL,
  start_at timestamptz NOT NULL,
  end_at timestamptz,
  status text NOT NULL,
  flow text NOT NULL,
  log_level text NOT NULL,
  sender text,
  correlation_id text COLLATE "C",
  runtime_id text,
  detail jsonb,
  PRIMARY KEY (id, start_at)
) PARTITION BY RANGE (start_at);

CREATE TABLE message_attachment (
  message_id text COLLATE "C" NOT NULL,
  start_at timestamptz NOT NULL,
  index integer NOT NULL,
  name text NOT NULL,
  media_type text NOT NULL,
  content bytea NOT NULL,
  PRIMARY KEY (message_id, start_at, index)
) PARTITION BY RANGE (start_at);

CREATE INDEX message_processing_log_start ON message_processing_log (start_at DESC, id DESC);

CREATE INDEX message_processing_log_flow ON message_processing_log (flow, start_at DESC, id DESC);

CREATE INDEX message_processing_log_sender ON message_processing_log (sender, start_at DESC, id DESC);

CREATE INDEX message_processing_log_correlation ON message_processing_log (correlation_id, start_at DESC) WHERE correlation_id IS NOT NULL;

CREATE INDEX message_processing_log_unusual ON message_processing_log (status, start_at DESC, id DESC) WHERE status <> 'COMPLETED';

CREATE TABLE message_processing_log_other PARTITION OF message_processing_log DEFAULT;

CREATE TABLE message_attachment_other PARTITION OF message_attachment DEFAULT;

DO $$
DECLARE
  day date := (now() AT TIME ZONE 'UTC')::date;
BEGIN
  -- Of today and the three days ahead, in UTC; message-log makes those that come after.
  FOR ahead IN 0..3 LOOP
    EXECUTE format('CREATE TABLE message_processing_log_%s PARTITION OF message_processing_log FOR VALUES FROM (%L) TO (%L)',
      to_char(day + ahead, 'YYYYMMDD'), (day + ahead) || ' 00:00:00Z', (day + ahead + 1) || ' 00:00:00Z');
    EXECUTE format('CREATE TABLE message_attachment_%s PARTITION OF message_attachment FOR VALUES FROM (%L) TO (%L)',
      to_char(day + ahead, 'YYYYMMDD'), (day + ahead) || ' 00:00:00Z', (day + ahead + 1) || ' 00:00:00Z');
  END LOOP;
END $$;

INSERT INTO message_processing_log
SELECT id, start_at, end_at, status, flow, coalesce(entry ->> 'logLevel', 'INFO'), entry ->> 'sender',
       nullif(correlation_id, id), NULL,
       nullif(entry - '{id,correlationId,flow,start,end,status,logLevel,sender}'::text[], '{}'::jsonb)
FROM message_processing_log_before;

DROP TABLE message_processing_log_before;

-- Since when the runtime has been seen without a gap.
ALTER TABLE runtime ADD COLUMN reachable_since timestamptz NOT NULL DEFAULT now();
