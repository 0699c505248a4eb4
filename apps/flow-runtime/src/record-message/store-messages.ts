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
    max_ack_pending: 256,
  });
}

/** Moves the message processing log from JetStream to Postgres. Every runtime takes part; a batch that comes twice is stored once. */
export class StoreMessages {
  #messages: ConsumerMessages | undefined;
  #ended: Promise<void> | undefined;

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
    this.#messages = await consumer.consume({ max_messages: 64 });
    this.#ended = this.#follow(this.#messages);
  }

  async stop(): Promise<void> {
    await this.#messages?.close();
    await this.#ended;
  }

  async #follow(messages: ConsumerMessages): Promise<void> {
    for await (const message of messages) await this.#store(message);
  }

  async #store(message: JsMsg): Promise<void> {
    try {
      await this.dataSource.query(
        `INSERT INTO message_processing_log (id, correlation_id, flow, start_at, end_at, status, entry)
         SELECT entry ->> 'id', entry ->> 'correlationId', entry ->> 'flow', (entry ->> 'start')::timestamptz,
                (entry ->> 'end')::timestamptz, entry ->> 'status', entry
         FROM jsonb_array_elements($1::jsonb) AS entry
         ON CONFLICT (id) DO NOTHING`,
        [`[${message.string().split('\n').join(',')}]`],
      );
      message.ack();
    } catch (error) {
      this.onFault(error, 'storing the message processing log');
      message.nak(1_000);
    }
  }
}
