import { randomUUID } from 'node:crypto';
import type { EntityManager } from 'typeorm';

/** What waits to be published. It is written in the transaction of the change, so that neither is there without the other. */
export interface OutboxRow {
  /** Grows in the order of insertion, which is not the order of commits. */
  readonly id: string;
  readonly kind: 'state' | 'event';
  /** State: the record's key. Event: its name, `service-key.rotated`. */
  readonly name: string;
  /** State: the record's version. Event: 0. */
  readonly version: string;
  /** State: the record. Event: the whole CloudEvent. */
  readonly body: Record<string, unknown>;
  /** Given by the relay, in the order it publishes. */
  readonly position: string | null;
}

/** Channel on which a commit wakes the relay, and the relay wakes those who wait for it. Per schema, or services would wake each other. */
export function outboxChannels(schema: string): { readonly added: string; readonly published: string } {
  return { added: `${schema}_outbox_added`, published: `${schema}_outbox_published` };
}

/** What the bus said when it took a row. */
export interface Acknowledgement {
  /** State: the epoch it was published into, and its sequence there. Event: undefined, and its sequence. */
  readonly epoch: string | undefined;
  readonly sequence: number;
}

/** A state record that the bus took. */
export interface AcknowledgedRecord {
  readonly key: string;
  readonly version: number;
  readonly sequence: number;
}

/** An event that the bus took. */
export interface AcknowledgedEvent {
  readonly name: string;
  readonly position: number;
  readonly body: Record<string, unknown>;
}

/** A change under way: the entity manager of its transaction, and what will be published when it commits. */
export class Change {
  readonly #rows: { kind: 'state' | 'event'; name: string; version: number; body: Record<string, unknown> }[] = [];

  constructor(readonly manager: EntityManager) {}

  /** The record as every reader will see it; `version` only grows for a key. */
  state(record: { readonly key: string; readonly version: number } & Record<string, unknown>): void {
    this.#rows.push({ kind: 'state', name: record.key, version: record.version, body: record });
  }

  /** @param event the CloudEvent without `id`, which it gets here */
  event(name: string, event: Record<string, unknown>): void {
    this.#rows.push({ kind: 'event', name, version: 0, body: { ...event, id: randomUUID() } });
  }

  /** Writes the rows, last in the transaction. @returns their ids */
  async flush(channel: string): Promise<string[]> {
    if (this.#rows.length === 0) return [];
    const values = this.#rows.map(
      (_, index) => `($${index * 4 + 1}, $${index * 4 + 2}, $${index * 4 + 3}, $${index * 4 + 4}::jsonb)`,
    );
    const inserted: { id: string }[] = await this.manager.query(
      `WITH added AS (INSERT INTO outbox (kind, name, version, body) VALUES ${values.join(', ')} RETURNING id)
       SELECT id, pg_notify($${values.length * 4 + 1}, '') FROM added`,
      [...this.#rows.flatMap((row) => [row.kind, row.name, row.version, JSON.stringify(row.body)]), channel],
    );
    return inserted.map((row) => row.id);
  }
}
