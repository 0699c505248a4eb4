import { stateWriters, type StateRecord, type StateWriter } from '@sluice/contracts';
import { RecordRefused, type RecordReader, type StateBucket, type StoredRecord } from '@sluice/messaging';
import type { Acknowledgements } from '@sluice/persistence';
import { differenceOf, summaryOf } from './state-difference.js';

export interface AheadOfPostgresOptions {
  readonly writer: StateWriter;
  readonly bucket: Pick<StateBucket, 'next'>;
  readonly reader: RecordReader;
  readonly acknowledgements: Pick<Acknowledgements, 'sentOf'>;
  /** Every record of this service as Postgres has it. */
  readonly records: () => AsyncIterable<StateRecord>;
}

/**
 * Looks in the state stream for a record of this service that its Postgres knows nothing of: then Postgres is not the one that wrote
 * it, but a copy of an earlier time (a restored backup, a standby that had not had everything). Versions are given again after
 * that, so a new change would seem to be in the stream already.
 *
 * Everything that Postgres was acknowledged stands at or below one sequence. Above it may be what was published and not yet
 * acknowledged there, and what was put right or signed anew without a change; both are known to Postgres by their contents.
 * @param above the highest sequence that Postgres was acknowledged in this epoch
 * @returns the key of one that Postgres does not know
 * @throws Error when the bus or Postgres is away
 */
export async function findAheadOfPostgres(
  options: AheadOfPostgresOptions,
  epoch: string,
  above: number,
): Promise<string | undefined> {
  // The stream is read first: what is published later than that is known to Postgres by the time it is asked.
  const suspects = await believedAbove(options, above);
  if (suspects.size === 0) return undefined;
  for (const sent of await options.acknowledgements.sentOf(epoch, [...suspects.keys()])) {
    const suspect = suspects.get(sent.key);
    if (!suspect) continue;
    const known =
      'sequence' in sent
        ? sent.sequence >= suspect.stored.sequence
        : isSame(suspect, sent.body as unknown as StateRecord, options.reader);
    if (known) suspects.delete(sent.key);
  }
  if (suspects.size === 0) return undefined;
  for await (const record of options.records()) {
    const suspect = suspects.get(record.key);
    if (suspect && (suspect.stored.version < record.version || isSame(suspect, record, options.reader)))
      suspects.delete(record.key);
  }
  const [first] = suspects.keys();
  return first;
}

interface Suspect {
  readonly stored: StoredRecord;
  readonly found: StateRecord;
}

/** What readers believe of this service's records above a sequence. */
async function believedAbove(
  { bucket, reader, writer }: AheadOfPostgresOptions,
  above: number,
): Promise<Map<string, Suspect>> {
  const suspects = new Map<string, Suspect>();
  for (const prefix of stateWriters[writer]) {
    for (let from = above + 1; ;) {
      const stored = await bucket.next(from, `${prefix}.>`);
      if (!stored) break;
      from = stored.sequence + 1;
      try {
        suspects.set(stored.key, { stored, found: reader.decode(stored.key, stored.value) });
      } catch (error) {
        // Nobody believes it, so it stands for nothing.
        if (!(error instanceof RecordRefused)) throw error;
      }
    }
  }
  return suspects;
}

function isSame({ stored, found }: Suspect, record: StateRecord, reader: RecordReader): boolean {
  if (found.deleted || record.deleted) return found.deleted === record.deleted && found.version === record.version;
  return differenceOf(record.key, stored, summaryOf(record), reader) === undefined;
}
