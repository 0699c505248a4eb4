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

/** JetStream API error codes. */
const wrongLastSequence = 10071;
const streamNotFound = 10059;

/** Makes the event stream in the subscribers' account, through the API that account lends us. */
export async function createEventStream(
  connection: NatsConnection,
  replicas = 1,
  maxAgeMs = 30 * 86_400_000,
): Promise<void> {
  const manager = await jetstreamManager(connection, { checkAPI: false, apiPrefix: eventApiPrefix });
  await keepStream(manager, {
    name: eventStream,
    subjects: ['sluice.events.>'],
    retention: RetentionPolicy.Limits,
    storage: StorageType.File,
    max_age: nanos(maxAgeMs),
    num_replicas: replicas,
    deny_delete: true,
    deny_purge: true,
    duplicate_window: nanos(120_000),
  });
}

interface SubjectEnd {
  readonly sequence: number;
  readonly position: number;
}

/** An event with its place in its service's own order. */
export interface PlacedEvent {
  readonly position: number;
  readonly event: CloudEvent;
}

/** What was acknowledged of each kind of event, to be published again should the stream have lost it. */
export interface AcknowledgedEvents {
  /** The furthest place acknowledged, by subject. */
  ends(): Promise<Iterable<{ readonly subject: string; readonly position: number }>>;
  /** Events of a subject between two places, both left out, in their order; some of them, from the first on. */
  between(subject: string, after: number, before: number): Promise<readonly PlacedEvent[]>;
}

/**
 * Publishes events each exactly once and in order. Each subject has one writing service, and each message carries its
 * place in that service's order; the last message of the subject therefore says what was published before, however long
 * ago, and the condition on its sequence stops a second relay. A stream whose end is not as far as what was acknowledged has
 * lost events: they are published again, before anything newer of their subject.
 */
export class EventPublisher {
  readonly #ends = new Map<string, SubjectEnd>();
  /** One at a time: nothing new of a subject goes out while what was lost of it is being published again. */
  #last: Promise<unknown> = Promise.resolve();

  private constructor(
    private readonly stream: JetStreamClient,
    private readonly manager: JetStreamManager,
    private readonly acknowledged: AcknowledgedEvents,
  ) {}

  static async open(
    connection: NatsConnection,
    acknowledged: AcknowledgedEvents,
    timeoutMs = 2_000,
  ): Promise<EventPublisher> {
    return new EventPublisher(
      jetstream(connection, { timeout: timeoutMs }),
      await jetstreamManager(connection, { checkAPI: false, apiPrefix: eventApiPrefix, timeout: timeoutMs }),
      acknowledged,
    );
  }

  /** What the relay knew may be old after it lost its lock or its connection, or the stream another course. */
  forget(): void {
    this.#ends.clear();
  }

  /**
   * @param position place in the service's own order; grows
   * @returns the sequence of the subject's last message: of this one, or of a newer one when this was published before
   */
  publish(subject: string, position: number, event: CloudEvent): Promise<number> {
    return this.#alone(async () => {
      if (!this.#ends.has(subject)) await this.#restoreLost(position);
      return this.#put(subject, { position, event });
    });
  }

  /** The furthest place that the stream has of some subjects; 0: none, or there is no stream. */
  async furthest(subjects: readonly string[]): Promise<number> {
    try {
      const ends = await Promise.all(subjects.map((subject) => this.#lastOf(subject)));
      return Math.max(0, ...ends.map(({ position }) => position));
    } catch (error) {
      if (error instanceof JetStreamApiError && error.code === streamNotFound) return 0;
      throw error;
    }
  }

  /** Publishes again what the stream has lost, in the order of its service. @returns how many events that were */
  restore(): Promise<number> {
    return this.#alone(() => {
      this.#ends.clear();
      return this.#restoreLost(Number.MAX_SAFE_INTEGER);
    });
  }

  #alone<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#last.then(work, work);
    this.#last = result;
    // Whoever called is told of it.
    result.catch(() => undefined);
    return result;
  }

  async #put(subject: string, placed: PlacedEvent): Promise<number> {
    for (;;) {
      const end = await this.#end(subject);
      if (end.position >= placed.position) return end.sequence;
      try {
        return await this.#append(subject, placed, end);
      } catch (error) {
        // It ends elsewhere than was known: perhaps before what was acknowledged, and then so may every other subject.
        this.#forgetIfMoved(error);
        await this.#restoreLost(placed.position);
      }
    }
  }

  /**
   * Publishes what was acknowledged and is not in the stream, of all subjects in the one order of the service: a subscriber
   * hears of a thing's end after its beginning, though they are of two subjects.
   */
  async #restoreLost(before: number): Promise<number> {
    let count = 0;
    for (;;) {
      try {
        for await (const { subject, placed } of this.#lost(before)) {
          const end = await this.#end(subject);
          if (end.position >= placed.position) continue;
          await this.#append(subject, placed, end);
          count++;
        }
        return count;
      } catch (error) {
        this.#forgetIfMoved(error);
      }
    }
  }

  /** Lost events of all subjects, merged by their places. */
  async *#lost(before: number): AsyncIterable<{ subject: string; placed: PlacedEvent }> {
    const open: LostSubject[] = [];
    for (const { subject, position } of await this.acknowledged.ends()) {
      const { position: after } = await this.#end(subject);
      if (after < Math.min(position, before - 1)) open.push({ subject, after, waiting: [] });
    }
    for (;;) {
      for (const lost of open) {
        if (lost.waiting.length > 0 || lost.after === undefined) continue;
        lost.waiting = [...(await this.acknowledged.between(lost.subject, lost.after, before))];
        lost.after = lost.waiting.at(-1)?.position;
      }
      const next = open
        .filter(({ waiting }) => waiting.length > 0)
        .reduce<LostSubject | undefined>(
          (first, lost) => (first && placeOf(first) < placeOf(lost) ? first : lost),
          undefined,
        );
      const placed = next?.waiting.shift();
      if (!next || !placed) return;
      yield { subject: next.subject, placed };
    }
  }

  /** @throws the error when it does not say that the stream ends elsewhere than was known */
  #forgetIfMoved(error: unknown): void {
    this.#ends.clear();
    if (!(error instanceof JetStreamApiError && error.code === wrongLastSequence)) throw error;
  }

  async #append(subject: string, { position, event }: PlacedEvent, end: SubjectEnd): Promise<number> {
    const header = headers();
    header.set('content-type', cloudEventContentType);
    header.set(outboxPositionHeader, String(position));
    if (event.traceparent) header.set('traceparent', event.traceparent);
    const ack = await this.stream.publish(subject, JSON.stringify(event), {
      headers: header,
      msgID: `${event.source}${event.id}`,
      expect: { lastSubjectSequence: end.sequence },
    });
    this.#ends.set(subject, { sequence: ack.seq, position });
    return ack.seq;
  }

  async #end(subject: string): Promise<SubjectEnd> {
    const known = this.#ends.get(subject);
    if (known) return known;
    const end = await this.#lastOf(subject);
    this.#ends.set(subject, end);
    return end;
  }

  async #lastOf(subject: string): Promise<SubjectEnd> {
    const last = await this.manager.streams.getMessage(eventStream, { last_by_subj: subject });
    return { sequence: last?.seq ?? 0, position: Number(last?.header?.get(outboxPositionHeader)) || 0 };
  }
}

/** A subject that the stream has not all of; `after` is undefined when everything has been read. */
interface LostSubject {
  readonly subject: string;
  after: number | undefined;
  waiting: PlacedEvent[];
}

function placeOf({ waiting }: LostSubject): number {
  return waiting[0]?.position ?? Number.POSITIVE_INFINITY;
}
