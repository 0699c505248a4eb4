import {
  cloudEventContentType,
  eventApiPrefix,
  eventStream,
  outboxPositionHeader,
  type CloudEvent,
} from '@sluice/contracts';
import {
  jetstream,
  JetStreamApiError,
  jetstreamManager,
  RetentionPolicy,
  StorageType,
  type JetStreamClient,
  type JetStreamManager,
} from '@nats-io/jetstream';
import { headers, nanos, type NatsConnection } from '@nats-io/transport-node';
import { keepStream } from '../bus/keep-stream.js';

const wrongLastSequence = 10071;

/** Makes the event stream in the subscribers' account, through the API that account lends us. */
export async function createEventStream(connection: NatsConnection, maxAgeMs = 30 * 86_400_000): Promise<void> {
  const manager = await jetstreamManager(connection, { checkAPI: false, apiPrefix: eventApiPrefix });
  await keepStream(manager, {
    name: eventStream,
    subjects: ['sluice.events.>'],
    retention: RetentionPolicy.Limits,
    storage: StorageType.File,
    max_age: nanos(maxAgeMs),
    deny_delete: true,
    deny_purge: true,
    duplicate_window: nanos(120_000),
  });
}

interface SubjectEnd {
  readonly sequence: number;
  readonly position: number;
}

/**
 * Publishes events each exactly once and in order. Each subject has one writing service, and each message carries its
 * place in that service's order; the last message of the subject therefore says what was published before, however long
 * ago, and the condition on its sequence stops a second relay.
 */
export class EventPublisher {
  readonly #ends = new Map<string, SubjectEnd>();

  private constructor(
    private readonly stream: JetStreamClient,
    private readonly manager: JetStreamManager,
  ) {}

  static async open(connection: NatsConnection, timeoutMs = 5_000): Promise<EventPublisher> {
    return new EventPublisher(
      jetstream(connection, { timeout: timeoutMs }),
      await jetstreamManager(connection, { checkAPI: false, apiPrefix: eventApiPrefix, timeout: timeoutMs }),
    );
  }

  /** What the relay knew may be old after it lost its lock or its connection. */
  forget(): void {
    this.#ends.clear();
  }

  /**
   * @param position place in the service's own order; grows
   * @returns false when this position was published before
   */
  async publish(subject: string, position: number, event: CloudEvent): Promise<boolean> {
    for (;;) {
      const end = this.#ends.get(subject) ?? (await this.#readEnd(subject));
      if (end.position >= position) return false;
      const header = headers();
      header.set('content-type', cloudEventContentType);
      header.set(outboxPositionHeader, String(position));
      if (event.traceparent) header.set('traceparent', event.traceparent);
      try {
        const ack = await this.stream.publish(subject, JSON.stringify(event), {
          headers: header,
          msgID: `${event.source}${event.id}`,
          expect: { lastSubjectSequence: end.sequence },
        });
        this.#ends.set(subject, { sequence: ack.seq, position });
        return !ack.duplicate;
      } catch (error) {
        this.#ends.delete(subject);
        if (!(error instanceof JetStreamApiError && error.code === wrongLastSequence)) throw error;
      }
    }
  }

  async #readEnd(subject: string): Promise<SubjectEnd> {
    const last = await this.manager.streams.getMessage(eventStream, { last_by_subj: subject });
    const end = { sequence: last?.seq ?? 0, position: Number(last?.header?.get(outboxPositionHeader)) || 0 };
    this.#ends.set(subject, end);
    return end;
  }
}
