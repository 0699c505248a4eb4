import { messageProcessingLogConsumer, messageProcessingLogStream } from '@sluice/contracts';
import { jetstream, type ConsumerMessages, type JsMsg } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { setTimeout as setTimeoutPromise } from 'node:timers/promises';
import type { DataSource } from 'typeorm';
import { storeLines } from './store-lines.js';

/** What has come in is stored when so many octets are there, or when so much time has passed since the first. */
const maxStatement = 4 * 1024 * 1024;
const maxWaitMs = 50;
/**
 * What is asked for at once, in octets; more is asked for only when that is in Postgres, so no more than this is held in memory
 * however long Postgres is away. The client adds a limit of 100 messages.
 */
const maxRequest = 16 * 1024 * 1024;
const requestExpiresMs = 30_000;
const heartbeatMs = 5_000;
const maxPauseMs = 2_000;

/**
 * Moves the message processing log from JetStream to Postgres, many batches with one statement. A batch is acknowledged after
 * Postgres has committed it and never before, so whoever dies at any step leaves it in the stream; a batch that comes twice is
 * stored once. Several processes share the work.
 */
export class StoreMessages {
  #messages: ConsumerMessages | undefined;
  #ended: Promise<void> | undefined;
  readonly #stop = new AbortController();
  #waiting: JsMsg[] = [];
  #waitingBytes = 0;
  #held = 0;
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

  /** Batches stored since the process began, those that waited behind the last one it took, and the octets it holds. */
  get statistics(): { readonly stored: number; readonly pending: number; readonly heldBytes: number } {
    return { stored: this.#stored, pending: this.#pending, heldBytes: this.#held };
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    for (let pause = 50; !signal.aborted; pause = Math.min(pause * 2, maxPauseMs)) {
      try {
        const consumer = await jetstream(this.connection).consumers.get(
          messageProcessingLogStream,
          messageProcessingLogConsumer,
        );
        while (!signal.aborted) {
          this.#messages = await consumer.fetch({
            max_bytes: maxRequest,
            expires: requestExpiresMs,
            idle_heartbeat: heartbeatMs,
          });
          await this.#take(this.#messages);
          pause = 50;
        }
      } catch (error) {
        if (pause > 1_000) this.onFault(error, 'taking the message processing log from its stream');
      }
      this.#messages = undefined;
      await this.#pause(pause);
    }
  }

  /** Stores what has come in already, and takes no more. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#messages?.close();
    await this.#ended;
  }

  /** All that comes of one request, until it is stored. */
  async #take(messages: ConsumerMessages): Promise<void> {
    try {
      for await (const message of messages) {
        this.#waiting.push(message);
        this.#waitingBytes += message.data.length;
        this.#held += message.data.length;
        if (this.#waitingBytes >= maxStatement) this.#flush();
        else this.#timer ??= setTimeout(() => this.#flush(), maxWaitMs);
      }
    } catch (error) {
      // It was given all of its 100 messages, or the next does not fit into what is left of its octets: the next request is for more.
      // The client throws both, though neither is a fault.
      if (!(error instanceof Error && /batch completed|exceeds maxbytes/i.test(error.message))) throw error;
    } finally {
      this.#flush();
      await this.#storing;
    }
  }

  #flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const batch = this.#waiting;
    const bytes = this.#waitingBytes;
    const last = batch.at(-1);
    if (!last) return;
    this.#pending = last.info.pending;
    this.#waiting = [];
    this.#waitingBytes = 0;
    this.#storing = this.#storing
      .then(() => this.#store(batch))
      .finally(() => {
        this.#held -= bytes;
      });
  }

  /** Tries until Postgres has it. Meanwhile the bus may give it out again, to a process that reaches Postgres or later to this one. */
  async #store(batch: readonly JsMsg[]): Promise<void> {
    const texts = batch.map((message) => message.string());
    for (let pause = 100; ; pause = Math.min(pause * 2, maxPauseMs)) {
      try {
        await storeLines(this.dataSource, texts, this.onFault);
        for (const message of batch) message.ack();
        this.#stored += batch.length;
        return;
      } catch (error) {
        this.onFault(error, 'storing the message processing log');
      }
      if (this.#stop.signal.aborted) return;
      await this.#pause(pause);
    }
  }

  /** Ends early when the process is to end. */
  async #pause(ms: number): Promise<void> {
    await setTimeoutPromise(ms, undefined, { signal: this.#stop.signal }).catch(() => undefined);
  }
}
