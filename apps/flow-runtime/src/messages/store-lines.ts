import type { DataSource } from 'typeorm';

const insertEntries = `
  INSERT INTO message_processing_log AS stored
    (id, start_at, end_at, status, flow, log_level, sender, correlation_id, runtime_id, detail)
  SELECT DISTINCT ON (line ->> 0)
    line ->> 0, to_timestamp((line ->> 1)::double precision / 1000), to_timestamp((line ->> 2)::double precision / 1000),
    line ->> 3, line ->> 4, line ->> 5, line ->> 6, line ->> 7, line ->> 8,
    CASE jsonb_typeof(line -> 9) WHEN 'object' THEN
      CASE WHEN line -> 9 ? 'attachments' THEN jsonb_set(line -> 9, '{attachments}',
        (SELECT jsonb_agg(attachment - 'content') FROM jsonb_array_elements(line #> '{9,attachments}') AS attachment))
      ELSE line -> 9 END
    END
  FROM jsonb_array_elements($1::jsonb) AS line
  WHERE jsonb_typeof(line) = 'array'
  ORDER BY line ->> 0, line ->> 3 = 'PROCESSING'
  ON CONFLICT (id, start_at) DO UPDATE
    SET end_at = excluded.end_at, status = excluded.status, sender = excluded.sender, runtime_id = NULL, detail = excluded.detail
    WHERE stored.status IN ('PROCESSING', 'ABANDONED') AND excluded.status <> 'PROCESSING'`;

const insertAttachments = `
  INSERT INTO message_attachment (message_id, start_at, index, name, media_type, content)
  SELECT line ->> 0, to_timestamp((line ->> 1)::double precision / 1000), place - 1,
         attachment ->> 'name', attachment ->> 'mediaType', decode(attachment ->> 'content', 'base64')
  FROM jsonb_array_elements($1::jsonb) AS line,
       jsonb_array_elements(CASE jsonb_typeof(line) WHEN 'array' THEN line #> '{9,attachments}' END) WITH ORDINALITY AS listed (attachment, place)
  WHERE NOT attachment ? 'contentDropped'
  ON CONFLICT DO NOTHING`;

/**
 * Stores batches of lines (`MessageLine` of contracts) with one statement. A line that comes twice is stored once, and
 * what came of a message takes the place of its PROCESSING; a line `null` is a runtime's trial whether the stream takes any. A line that Postgres cannot take is given up, so that it does
 * not hold up the others.
 * @param batches texts, each with one line or more
 * @throws Error when Postgres is away: nothing is stored
 */
export async function storeLines(
  dataSource: DataSource,
  batches: readonly string[],
  onFault: (error: unknown, what: string) => void,
): Promise<void> {
  try {
    const lines = `[${batches.map((batch) => asArrays(batch).replaceAll('\n', ',')).join(',')}]`;
    await dataSource.query(insertEntries, [lines]);
    if (lines.includes('"attachments":')) await dataSource.query(insertAttachments, [lines]);
  } catch (error) {
    if (!isDataError(error)) throw error;
    const parts = batches.length > 1 ? batches : (batches[0]?.split('\n') ?? []);
    if (parts.length <= 1) {
      onFault(error, 'storing an entry of the message processing log, which is given up,');
      return;
    }
    const half = Math.ceil(parts.length / 2);
    for (const part of [parts.slice(0, half), parts.slice(half)])
      await storeLines(dataSource, batches.length > 1 ? part : [part.join('\n')], onFault);
  }
}

/** SQLSTATE class 22: what the statement was given is not as it should be. */
function isDataError(error: unknown): boolean {
  const { code } = ((error as { driverError?: { code?: string } }).driverError ?? {}) as { code?: string };
  return code?.startsWith('22') === true || code === '23502';
}

/** The version before wrote each entry as an object; some of them may still wait in the stream. */
function asArrays(batch: string): string {
  if (!batch.startsWith('{')) return batch;
  return batch
    .split('\n')
    .map((text) => {
      const { id, correlationId, flow, start, end, status, logLevel, sender, ...detail } = JSON.parse(text) as Record<
        string,
        unknown
      >;
      const time = (value: unknown) => (typeof value === 'string' ? Date.parse(value) : null);
      return JSON.stringify([id, time(start), time(end), status, flow, logLevel, sender, correlationId, null, detail]);
    })
    .join('\n');
}
