import {
  messageProcessingLogConsumer,
  messageProcessingLogStream,
  messageProcessingLogSubject,
} from '@sluice/contracts';
import {
  AckPolicy,
  jetstream,
  jetstreamManager,
  RetentionPolicy,
  StorageType,
  type ConsumerMessages,
  type JsMsg,
} from '@nats-io/jetstream';
import { nanos, type NatsConnection } from '@nats-io/transport-node';
import type { DataSource } from 'typeorm';

export async function createMessageStream(connection: NatsConnection): Promise<void> {
  const manager = await jetstreamManager(connection, { checkAPI: false });
  await manager.streams.add({
    name: messageProcessingLogStream,
    subjects: [messageProcessingLogSubject],
    // A batch is removed once it is in Postgres; while that is away it waits here.
    retention: RetentionPolicy.Workqueue,
    storage: StorageType.File,
    max_bytes: 2 * 1024 * 1024 * 1024,
  });
  await manager.consumers.add(messageProcessingLogStream, {
    durable_name: messageProcessingLogConsumer,
    ack_policy: AckPolicy.Explicit,
    ack_wait: nanos(30_000),
    max_ack_pending: 4_096,
  });
}

/** What has come in is stored when so many batches are there, or when so much time has passed since the first. */
const largestStatement = 256;
const longestWaitMs = 25;

/**
 * Moves the message processing log from JetStream to Postgres, many batches with one statement. Every runtime takes part;
 * a batch that comes twice is stored once.
 */
export class StoreMessages {
  #messages: ConsumerMessages | undefined;
  #ended: Promise<void> | undefined;
  #waiting: JsMsg[] = [];
  #timer: NodeJS.Timeout | undefined;
  #storing: Promise<void> = Promise.resolve();

  constructor(
    private readonly connection: NatsConnection,
    private readonly dataSource: DataSource,
    private readonly onFault: (error: unknown, what: string) => void,
  ) {}

  async start(): Promise<void> {
    const consumer = await jetstream(this.connection).consumers.get(
      messageProcessingLogStream,
      messageProcessingLogConsumer,
    );
    this.#messages = await consumer.consume({ max_messages: 2 * largestStatement });
    this.#ended = this.#follow(this.#messages);
  }

  /** Stores what has come in already, and takes no more. */
  async stop(): Promise<void> {
    await this.#messages?.close();
    await this.#ended;
    this.#flush();
    await this.#storing;
  }

  async #follow(messages: ConsumerMessages): Promise<void> {
    for await (const message of messages) {
      this.#waiting.push(message);
      if (this.#waiting.length >= largestStatement) this.#flush();
      else this.#timer ??= setTimeout(() => this.#flush(), longestWaitMs);
    }
  }

  #flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const batch = this.#waiting;
    if (batch.length === 0) return;
    this.#waiting = [];
    this.#storing = this.#storing.then(() => this.#store(batch));
  }

  async #store(batch: readonly JsMsg[]): Promise<void> {
    try {
      await this.dataSource.query(
        `INSERT INTO message_processing_log (id, correlation_id, flow, start_at, end_at, status, entry)
         SELECT entry ->> 'id', entry ->> 'correlationId', entry ->> 'flow', (entry ->> 'start')::timestamptz,
                (entry ->> 'end')::timestamptz, entry ->> 'status', entry
         FROM jsonb_array_elements($1::jsonb) AS entry
         ON CONFLICT (id) DO NOTHING`,
        [`[${batch.map((message) => message.string().replaceAll('\n', ',')).join(',')}]`],
      );
      for (const message of batch) message.ack();
    } catch (error) {
      this.onFault(error, 'storing the message processing log');
      for (const message of batch) message.nak(1_000);
    }
  }
}
