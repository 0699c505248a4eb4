-- How many entries of the message processing log there are of each flow, hour and status, so that nobody counts the entries themselves.
CREATE TABLE message_count (
  flow text COLLATE "C" NOT NULL,
  hour timestamptz NOT NULL,
  status text NOT NULL,
  count bigint NOT NULL,
  PRIMARY KEY (flow, hour, status)
);

CREATE INDEX message_count_hour ON message_count (hour);

-- From when on every entry is counted. Its row is locked by who counts.
CREATE TABLE message_counting (
  only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  since timestamptz NOT NULL
);

CREATE FUNCTION count_messages() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM added) THEN RETURN NULL; END IF;
  -- One after another: several count in the same rows, and would wait for each other in a circle.
  PERFORM FROM message_counting FOR UPDATE;
  IF TG_OP = 'INSERT' THEN
    INSERT INTO message_count AS counted (flow, hour, status, count)
    SELECT flow, date_trunc('hour', start_at, 'UTC') AS hour, status, count(*) FROM added GROUP BY 1, 2, 3
    ON CONFLICT (flow, hour, status) DO UPDATE SET count = counted.count + excluded.count;
  ELSE
    INSERT INTO message_count AS counted (flow, hour, status, count)
    SELECT flow, date_trunc('hour', start_at, 'UTC') AS hour, status, sum(change)
    FROM (SELECT flow, start_at, status, 1 AS change FROM added UNION ALL SELECT flow, start_at, status, -1 FROM removed) AS changed
    GROUP BY 1, 2, 3 HAVING sum(change) <> 0
    ON CONFLICT (flow, hour, status) DO UPDATE SET count = counted.count + excluded.count;
  END IF;
  RETURN NULL;
END $$;

CREATE TRIGGER count_added AFTER INSERT ON message_processing_log
REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION count_messages();

CREATE TRIGGER count_changed AFTER UPDATE ON message_processing_log
REFERENCING OLD TABLE AS removed NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION count_messages();

INSERT INTO message_counting (since) VALUES (date_trunc('hour', now(), 'UTC'));

INSERT INTO message_count (flow, hour, status, count)
SELECT flow, date_trunc('hour', start_at, 'UTC'), status, count(*)
FROM message_processing_log WHERE start_at >= date_trunc('hour', now(), 'UTC') GROUP BY 1, 2, 3;
