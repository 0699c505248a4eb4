import type { DataSource } from 'typeorm';
import type { AcknowledgedEvent, AcknowledgedRecord } from './outbox.js';

/** NATS writes to its disk some seconds after it answers; so many of the newest records are held against the stream. */
const keptRecords = 10_000;

/** Events that a stream lost are published again from here; one put back to an older copy than this stays without the older ones. */
const keptEventDays = 7;

export interface KnownEpoch {
  readonly epoch: string;
  /** Sequence of the record that said: all is in it. */
  readonly completedAtSequence: number;
}

/** What was given to the bus: it waits for its acknowledgement, or has it. */
export type SentRecord =
  | { readonly key: string; readonly body: Record<string, unknown> }
  | { readonly key: string; readonly sequence: number };

/** What the bus acknowledged to a service, as its schema keeps it. */
export class Acknowledgements {
  constructor(private readonly dataSource: DataSource) {}

  /** The epoch into which this service has put all it has. @returns undefined before the first */
  async knownEpoch(): Promise<KnownEpoch | undefined> {
    const [row]: { epoch: string; sequence: string }[] = await this.dataSource.query(
      'SELECT epoch, completed_at_sequence AS sequence FROM state_epoch',
    );
    return row && { epoch: row.epoch, completedAtSequence: Number(row.sequence) };
  }

  async enterEpoch({ epoch, completedAtSequence }: KnownEpoch): Promise<void> {
    await this.dataSource.query(
      `INSERT INTO state_epoch (epoch, completed_at_sequence) VALUES ($1, $2)
       ON CONFLICT (only_row) DO UPDATE SET epoch = excluded.epoch, completed_at_sequence = excluded.completed_at_sequence`,
      [epoch, completedAtSequence],
    );
  }

  /** The newest acknowledged version of each record that was published lately into an epoch, newest first. */
  async recordsOf(epoch: string): Promise<AcknowledgedRecord[]> {
    const rows: { name: string; version: string; sequence: string }[] = await this.dataSource.query(
      `SELECT * FROM (
         SELECT DISTINCT ON (name) name, version, sequence FROM acknowledged
         WHERE kind = 'state' AND epoch = $1 ORDER BY name, sequence DESC) newest
       ORDER BY sequence DESC`,
      [epoch],
    );
    return rows.map(({ name, version, sequence }) => ({
      key: name,
      version: Number(version),
      sequence: Number(sequence),
    }));
  }

  /** What waits in the outbox for some keys, and the newest acknowledgement of each in an epoch, at one moment. */
  async sentOf(epoch: string, keys: readonly string[]): Promise<SentRecord[]> {
    const rows: { name: string; body: Record<string, unknown> | null; sequence: string | null }[] =
      await this.dataSource.query(
        `SELECT name, body, NULL AS sequence FROM outbox WHERE kind = 'state' AND name = ANY($2)
         UNION ALL
         SELECT name, NULL, max(sequence) FROM acknowledged
         WHERE kind = 'state' AND epoch = $1 AND name = ANY($2) GROUP BY name`,
        [epoch, keys],
      );
    return rows.map(({ name: key, body, sequence }) => (body ? { key, body } : { key, sequence: Number(sequence) }));
  }

  /**
   * Sees to it that the places of later events are above one that the event stream has. Where Postgres is a copy of an earlier
   * time they would be given a second time, and their events taken for ones that were published.
   */
  async placeAbove(position: number): Promise<void> {
    await this.dataSource.query(`SELECT setval('outbox_position', $1) FROM outbox_position WHERE last_value < $1`, [
      position,
    ]);
  }

  /** How far each kind of event was acknowledged. */
  async eventEnds(): Promise<Pick<AcknowledgedEvent, 'name' | 'position'>[]> {
    const rows: { name: string; position: string }[] = await this.dataSource.query(
      `SELECT name, max(position) AS position FROM acknowledged WHERE kind = 'event' GROUP BY name`,
    );
    return rows.map(({ name, position }) => ({ name, position: Number(position) }));
  }

  /** Acknowledged events of a kind between two places, both left out, in their order; at most `limit`. */
  async eventsBetween(name: string, after: number, before: number, limit = 500): Promise<AcknowledgedEvent[]> {
    const rows: { position: string; body: Record<string, unknown> }[] = await this.dataSource.query(
      `SELECT position, body FROM acknowledged
       WHERE kind = 'event' AND name = $1 AND position > $2 AND position < $3 ORDER BY position LIMIT $4`,
      [name, after, before, limit],
    );
    return rows.map(({ position, body }) => ({ name, position: Number(position), body }));
  }

  /** Forgets what is too old to be asked for. */
  async prune(): Promise<void> {
    await this.dataSource.query(
      `DELETE FROM acknowledged WHERE kind = 'state' AND id <= (
         SELECT id FROM acknowledged WHERE kind = 'state' ORDER BY id DESC OFFSET $1 LIMIT 1)`,
      [keptRecords],
    );
    await this.dataSource.query(
      `DELETE FROM acknowledged WHERE kind = 'event' AND acknowledged_at < now() - make_interval(days => $1)`,
      [keptEventDays],
    );
  }
}
