import { messageProcessingLogConsumer, messageProcessingLogStream } from '@sluice/contracts';
import { jetstream, type ConsumerMessages, type JsMsg } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import type { DataSource } from 'typeorm';
import { storeLines } from './store-lines.js';

/** What has come in is stored when so many batches are there, or when so much time has passed since the first. */
const largestStatement = 256;
const longestWaitMs = 50;

/**
 * Moves the message processing log from JetStream to Postgres, many batches with one statement. Several processes
 * share the work; a batch that comes twice is stored once.
 */
export class StoreMessages {
  #messages: ConsumerMessages | undefined;
  #ended: Promise<void> | undefined;
  #stopping = false;
  #waiting: JsMsg[] = [];
  #timer: NodeJS.Timeout | undefined;
  #storing: Promise<void> = Promise.resolve();
  #stored = 0;
  #pending = 0;

  constructor(
    private readonly connection: NatsConnection,
    private readonly dataSource: DataSource,
    private readonly onFault: (error: unknown, what: string) => void,
  ) {}

  /** Takes part as soon as key-management has made the stream; waits for it with growing pauses. */
  start(): void {
    this.#ended = this.#run();
  }

  /** What keeps messages from being stored; undefined when nothing does. */
  get missing(): string | undefined {
    return this.#messages ? undefined : 'the stream of the message processing log is not there';
  }

  /** Batches stored since the process began, and those that waited behind the last one it took. */
  get statistics(): { readonly stored: number; readonly pending: number } {
    return { stored: this.#stored, pending: this.#pending };
  }

  async #run(): Promise<void> {
    for (let pause = 50; !this.#stopping; pause = Math.min(pause * 2, 2_000)) {
      try {
        const consumer = await jetstream(this.connection).consumers.get(
          messageProcessingLogStream,
          messageProcessingLogConsumer,
        );
        this.#messages = await consumer.consume({ max_messages: 2 * largestStatement });
        pause = 50;
        await this.#follow(this.#messages);
      } catch (error) {
        if (pause > 1_000) this.onFault(error, 'taking the message processing log from its stream');
      }
      this.#messages = undefined;
      if (!this.#stopping) await new Promise((resolve) => setTimeout(resolve, pause));
    }
  }

  /** Stores what has come in already, and takes no more. */
  async stop(): Promise<void> {
    this.#stopping = true;
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
    const last = batch.at(-1);
    if (!last) return;
    this.#pending = last.info.pending;
    this.#waiting = [];
    this.#storing = this.#storing.then(() => this.#store(batch));
  }

  async #store(batch: readonly JsMsg[]): Promise<void> {
    try {
      await storeLines(
        this.dataSource,
        batch.map((message) => message.string()),
        this.onFault,
      );
      for (const message of batch) message.ack();
      this.#stored += batch.length;
    } catch (error) {
      this.onFault(error, 'storing the message processing log');
      for (const message of batch) message.nak(1_000);
    }
  }
}
