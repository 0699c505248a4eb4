import { messageProcessingLogConsumer, messageProcessingLogStream, type MessageProcessingLog } from '@sluice/contracts';
import type { JetStreamManager } from '@nats-io/jetstream';
import type { DataSource } from 'typeorm';

export interface MessageFilter {
  readonly flow?: string | undefined;
  readonly status?: string | undefined;
  /** ISO 8601. */
  readonly since?: string | undefined;
  readonly limit: number;
  /** Cursor of the page before. */
  readonly after?: string | undefined;
}

/** How long a reader waits for what was answered before it asked to arrive in Postgres. */
const patienceMs = 1_000;

/** Reads the message processing log. What was answered before the question is found by it. */
export class ReadMessages {
  constructor(
    private readonly dataSource: DataSource,
    private readonly manager: JetStreamManager,
  ) {}

  async find(id: string): Promise<MessageProcessingLog | undefined> {
    const query = () =>
      this.dataSource.query<{ entry: MessageProcessingLog }[]>(
        'SELECT entry FROM message_processing_log WHERE id = $1',
        [id],
      );
    const [found] = await query();
    if (found) return found.entry;
    await this.#caughtUp();
    const [later] = await query();
    return later?.entry;
  }

  /** Newest first. */
  async list(filter: MessageFilter): Promise<{ items: MessageProcessingLog[]; next?: string }> {
    await this.#caughtUp();
    const conditions: string[] = [];
    const values: unknown[] = [];
    const where = (condition: (parameter: string) => string, value: unknown) => {
      values.push(value);
      conditions.push(condition(`$${values.length}`));
    };
    if (filter.flow !== undefined) where((p) => `flow = ${p}`, filter.flow);
    if (filter.status !== undefined) where((p) => `status = ${p}`, filter.status);
    if (filter.since !== undefined) where((p) => `start_at >= ${p}::timestamptz`, filter.since);
    if (filter.after !== undefined) {
      const [start, id] = Buffer.from(filter.after, 'base64url').toString('utf8').split('|');
      values.push(start, id);
      conditions.push(`(start_at, id) < ($${values.length - 1}::timestamptz, $${values.length})`);
    }
    values.push(filter.limit + 1);
    const rows = await this.dataSource.query<{ entry: MessageProcessingLog; start_at: Date; id: string }[]>(
      `SELECT id, start_at, entry FROM message_processing_log ${conditions.length > 0 ? `WHERE ${conditions.join(' AND ')}` : ''}
       ORDER BY start_at DESC, id DESC LIMIT $${values.length}`,
      values,
    );
    const kept = rows.slice(0, filter.limit);
    const last = kept.at(-1);
    const next =
      rows.length > filter.limit && last
        ? Buffer.from(`${last.start_at.toISOString()}|${last.id}`).toString('base64url')
        : undefined;
    return { items: kept.map(({ entry }) => entry), ...(next === undefined ? {} : { next }) };
  }

  async #caughtUp(): Promise<void> {
    const { state } = await this.manager.streams.info(messageProcessingLogStream);
    const deadline = performance.now() + patienceMs;
    for (let pause = 2; ; pause = Math.min(pause * 2, 50)) {
      const consumer = await this.manager.consumers.info(messageProcessingLogStream, messageProcessingLogConsumer);
      if (consumer.ack_floor.stream_seq >= state.last_seq || performance.now() > deadline) return;
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
  }
}
