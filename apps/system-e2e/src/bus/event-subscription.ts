import { AckPolicy, DeliverPolicy, jetstream, jetstreamManager, type ConsumerMessages } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { until } from '@sluice/testing';

export const eventStream = 'SLUICE_EVENTS';

/** A message of the event stream as a subscriber gets it. */
export interface ReceivedEvent {
  readonly subject: string;
  readonly contentType: string;
  readonly messageId: string;
  readonly traceparent: string;
  readonly headers: Readonly<Record<string, string>>;
  /** The whole message, headers and body, one character a byte. */
  readonly raw: string;
  readonly event: {
    readonly specversion: string;
    readonly id: string;
    readonly source: string;
    readonly type: string;
    readonly subject: string;
    readonly time: string;
    readonly datacontenttype: string;
    readonly traceparent?: string;
    readonly data: Readonly<Record<string, unknown>>;
  };
}

/** A durable subscription, as an event-driven platform has one: it finds the stream, makes a consumer, and acknowledges. */
export class EventSubscription {
  readonly received: ReceivedEvent[] = [];

  private constructor(private readonly messages: ConsumerMessages) {
    void this.#read();
  }

  static async open(connection: NatsConnection, durable: string): Promise<EventSubscription> {
    const manager = await jetstreamManager(connection);
    await manager.consumers.add(eventStream, {
      durable_name: durable,
      ack_policy: AckPolicy.Explicit,
      deliver_policy: DeliverPolicy.All,
    });
    const consumer = await jetstream(connection).consumers.get(eventStream, durable);
    return new EventSubscription(await consumer.consume());
  }

  /** Waits for the event with this name about this thing. */
  next(name: string, subject: string): Promise<ReceivedEvent> {
    return until(() => this.of(subject).find(({ event }) => event.type === `dev.sluice.${name}.v1`), {
      what: `the event ${name} of ${subject}`,
      timeoutMs: 10_000,
    });
  }

  /** What happened to a thing, in the order it came. */
  of(subject: string): readonly ReceivedEvent[] {
    return this.received.filter(({ event }) => event.subject === subject);
  }

  async close(): Promise<void> {
    await this.messages.close();
  }

  async #read(): Promise<void> {
    for await (const message of this.messages) {
      const header = (name: string) => message.headers?.get(name) ?? '';
      const body = message.string();
      const headers = (message.headers?.keys() ?? []).map((name) => `${name}: ${header(name)}`);
      this.received.push({
        subject: message.subject,
        contentType: header('content-type'),
        messageId: header('Nats-Msg-Id'),
        traceparent: header('traceparent'),
        headers: Object.fromEntries((message.headers?.keys() ?? []).map((name) => [name, header(name)])),
        raw: [...headers, '', body].join('\n'),
        event: JSON.parse(body) as ReceivedEvent['event'],
      });
      message.ack();
    }
  }
}
