import { readTimestamp } from '@sluice/domain';
import { messageProcessingLogConsumer, messageProcessingLogStream, type MessageProcessingLog } from '@sluice/contracts';
import { cursorOf, positionOf, type CursorList } from '@sluice/service-shell';
import type { JetStreamManager } from '@nats-io/jetstream';
import { DataSource } from 'typeorm';
import { timeOfMessageId } from './message-id.js';
import { Inject, Injectable } from '@nestjs/common';
import { JET_STREAM_MANAGER } from '../bus/jet-stream-manager.js';

export interface MessageFilter {
  readonly flow?: string | undefined;
  readonly status?: string | undefined;
  /** ISO 8601; `until` is exclusive. */
  readonly since?: string | undefined;
  readonly until?: string | undefined;
  readonly sender?: string | undefined;
  readonly correlationId?: string | undefined;
  readonly limit: number;
  /** Cursor of the page before. */
  readonly after?: string | undefined;
}

interface Row {
  id: string;
  start_at: Date;
  end_at: Date | null;
  status: MessageProcessingLog['status'];
  flow: string;
  log_level: MessageProcessingLog['logLevel'];
  sender: string | null;
  correlation_id: string | null;
  detail: Partial<MessageProcessingLog> | null;
}

const columns = 'id, start_at, end_at, status, flow, log_level, sender, correlation_id';

/** A position is the start of an entry and its id. */
const logList: CursorList = {
  name: 'list-message-processing-logs.v1',
  isPosition: (text) => {
    const [start = '', id, ...more] = text.split('|');
    return more.length === 0 && id !== undefined && readTimestamp(start) !== undefined;
  },
};

/** How long a reader waits for what was answered before it asked to arrive in Postgres. */
const maxWaitMs = 1_000;

/** Reads the message processing log. What was answered before the question is found by it. */
@Injectable()
export class ReadMessages {
  constructor(
    private readonly dataSource: DataSource,
    @Inject(JET_STREAM_MANAGER) private readonly manager: JetStreamManager,
  ) {}

  async find(id: string): Promise<MessageProcessingLog | undefined> {
    const found = await this.#row(id);
    // One that is worked on, or seemed to be given up, may be done by now.
    if (found && found.status !== 'PROCESSING' && found.status !== 'ABANDONED') return toEntry(found);
    await this.#caughtUp();
    const later = await this.#row(id);
    return later && toEntry(later);
  }

  /** @param index place in the entry's list */
  async attachment(
    id: string,
    index: number,
  ): Promise<{ name: string; mediaType: string; content: Buffer } | undefined> {
    await this.#caughtUp();
    const [row] = await this.dataSource.query<{ name: string; media_type: string; content: Buffer }[]>(
      'SELECT name, media_type, content FROM message_attachment WHERE message_id = $1 AND index = $2',
      [id, index],
    );
    return row && { name: row.name, mediaType: row.media_type, content: row.content };
  }

  /**
   * Newest first; without what steps and log entries hold.
   * @throws SluiceError `invalid-argument` naming `after` when no page gave it
   */
  async list(filter: MessageFilter): Promise<{ items: MessageProcessingLog[]; next?: string }> {
    const after = filter.after === undefined ? undefined : positionOf(logList, filter.after).split('|');
    await this.#caughtUp();
    const conditions: string[] = [];
    const values: unknown[] = [];
    const where = (condition: (parameter: string) => string, value: unknown) => {
      values.push(value);
      conditions.push(condition(`$${values.length}`));
    };
    if (filter.flow !== undefined) where((p) => `flow = ${p}`, filter.flow);
    if (filter.status !== undefined) where((p) => `status = ${p}`, filter.status);
    if (filter.sender !== undefined) where((p) => `sender = ${p}`, filter.sender);
    // The first message of a correlation has no other's id.
    if (filter.correlationId !== undefined) where((p) => `(correlation_id = ${p} OR id = ${p})`, filter.correlationId);
    if (filter.since !== undefined) where((p) => `start_at >= ${p}::timestamptz`, filter.since);
    if (filter.until !== undefined) where((p) => `start_at < ${p}::timestamptz`, filter.until);
    if (after !== undefined) {
      values.push(...after);
      conditions.push(`(start_at, id) < ($${values.length - 1}::timestamptz, $${values.length})`);
    }
    values.push(filter.limit + 1);
    const rows = await this.dataSource.query<Row[]>(
      `SELECT ${columns}, detail - '{steps,log}'::text[] AS detail FROM message_processing_log
       ${conditions.length > 0 ? `WHERE ${conditions.join(' AND ')}` : ''}
       ORDER BY start_at DESC, id DESC LIMIT $${values.length}`,
      values,
    );
    const kept = rows.slice(0, filter.limit);
    const last = kept.at(-1);
    const isLastPage = rows.length <= filter.limit || last === undefined;
    return {
      items: kept.map(toEntry),
      ...(isLastPage ? {} : { next: cursorOf(logList, `${last.start_at.toISOString()}|${last.id}`) }),
    };
  }

  /** The id tells when the message began, and so which partition to look into. */
  async #row(id: string): Promise<Row | undefined> {
    const time = timeOfMessageId(id);
    const [row] = await this.dataSource.query<Row[]>(
      `SELECT ${columns}, detail FROM message_processing_log WHERE id = $1
       ${time === undefined ? '' : 'AND start_at BETWEEN $2::timestamptz AND $3::timestamptz'}`,
      time === undefined ? [id] : [id, new Date(time - 1_000), new Date(time + 1_000)],
    );
    return row;
  }

  async #caughtUp(): Promise<void> {
    const { state } = await this.manager.streams.info(messageProcessingLogStream);
    const deadline = performance.now() + maxWaitMs;
    for (let pause = 2; ; pause = Math.min(pause * 2, 50)) {
      const consumer = await this.manager.consumers.info(messageProcessingLogStream, messageProcessingLogConsumer);
      if (consumer.ack_floor.stream_seq >= state.last_seq || performance.now() > deadline) return;
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
  }
}

function toEntry(row: Row): MessageProcessingLog {
  return {
    id: row.id,
    correlationId: row.correlation_id ?? row.id,
    flow: row.flow,
    start: row.start_at.toISOString(),
    ...(row.end_at ? { end: row.end_at.toISOString() } : {}),
    status: row.status,
    logLevel: row.log_level,
    ...(row.sender === null ? {} : { sender: row.sender }),
    ...row.detail,
  };
}
