import { eventApiPrefix, eventStream, eventSubjectPrefix } from '@sluice/contracts';
import { JetStreamApiError, jetstreamManager, type JetStreamManager, type StoredMsg } from '@nats-io/jetstream';
import type { NatsConnection, Subscription } from '@nats-io/transport-node';
import { LRUCache } from 'lru-cache';

/** An event as it stands in the stream: its place there, source and id (CloudEvents), and the whole of it in JSON. */
export interface StoredEvent {
  readonly sequence: number;
  readonly id: string;
  readonly json: string;
}

/** JetStream API error code: no message found. */
const noMessage = 10037;
/** Read events that are remembered, so that many readers cost the stream one read. */
const remembered = 1_000;
/** An event that was heard of is looked for after these times, in milliseconds: it is heard of before it is stored. */
const storedAfterMs = [0, 10, 30, 110, 350];
/** What was missed while the connection was away is found then, and a stream that lost what had been read from it. */
const lookEveryMs = 10_000;

/**
 * Reads the event stream in its order, for readers that come and go, without a consumer. That something was published is heard live;
 * what it is, is read from the stream: an event that was not stored is shown to nobody.
 */
export class EventTail {
  readonly #read = new LRUCache<number, Promise<StoredEvent | undefined>>({ max: remembered });
  readonly #waiting = new Set<() => void>();
  #subscription: Subscription | undefined;
  #timer: NodeJS.Timeout | undefined;
  #manager: Promise<JetStreamManager> | undefined;
  /** The furthest event that was read: while it stands in the stream, the stream has lost nothing that was read. */
  #furthest: StoredEvent | undefined;
  #course = 0;
  #looks: number[] = [];
  #looking: NodeJS.Timeout | undefined;
  #stopped = false;

  constructor(
    private readonly connection: NatsConnection,
    private readonly onFault: (error: unknown, what: string) => void,
  ) {}

  /** Listens from the first reader on. */
  start(): void {
    if (this.#subscription || this.#stopped) return;
    this.#subscription = this.connection.subscribe(`${eventSubjectPrefix}>`, {
      callback: (error) => {
        if (error) this.onFault(error, 'the subscription to events');
        this.#heard();
      },
    });
    this.#timer = setInterval(() => void this.look(), lookEveryMs);
    this.#timer.unref();
  }

  /** Nobody waits any more. */
  stop(): void {
    this.#stopped = true;
    clearInterval(this.#timer);
    clearTimeout(this.#looking);
    this.#subscription?.unsubscribe();
    this.#wake();
  }

  get stopped(): boolean {
    return this.#stopped;
  }

  /** Counts how often the stream turned out to be another one, or to have lost what had been read: a reader begins anew then. */
  get course(): number {
    return this.#course;
  }

  /**
   * The first event after a place; undefined when there is none yet.
   * @throws Error when the stream cannot be read now
   */
  async next(after: number): Promise<StoredEvent | undefined> {
    const reading = this.#read.get(after) ?? this.#fetch({ seq: after + 1, next_by_subj: `${eventSubjectPrefix}>` });
    this.#read.set(after, reading);
    const course = this.#course;
    try {
      const event = await reading;
      if (!event) this.#read.delete(after);
      else if (course === this.#course && event.sequence > (this.#furthest?.sequence ?? 0)) this.#furthest = event;
      return event;
    } catch (error) {
      this.#read.delete(after);
      throw error;
    }
  }

  /** @returns the event at a place, read from the stream now; undefined when it is not there any more */
  at(sequence: number): Promise<StoredEvent | undefined> {
    return this.#fetch({ seq: sequence });
  }

  /** @returns the newest event; undefined while there is none */
  newest(): Promise<StoredEvent | undefined> {
    return this.#fetch({ last_by_subj: `${eventSubjectPrefix}>` });
  }

  /** Resolves when something may have come, and after some time in any case. */
  moved(timeoutMs: number): Promise<void> {
    return new Promise((resolve) => {
      if (this.#stopped) return void resolve();
      const done = () => {
        clearTimeout(timer);
        this.#waiting.delete(done);
        resolve();
      };
      const timer = setTimeout(done, timeoutMs);
      this.#waiting.add(done);
    });
  }

  /** However many come, one timer is set: the last of them begins the times anew. */
  #heard(): void {
    this.#looks = [...storedAfterMs];
    if (!this.#looking) this.#lookForIt();
  }

  #lookForIt(): void {
    const ms = this.#looks.shift();
    this.#looking =
      ms === undefined || this.#stopped
        ? undefined
        : setTimeout(() => {
            this.#wake();
            this.#lookForIt();
          }, ms).unref();
  }

  #wake(): void {
    for (const done of [...this.#waiting]) done();
  }

  /** Whether what was read furthest still stands: within one stream nothing but age takes an event away, and the newest last. */
  async look(): Promise<void> {
    const furthest = this.#furthest;
    try {
      if (furthest && (await this.at(furthest.sequence))?.id !== furthest.id) {
        this.#course++;
        this.#furthest = undefined;
        this.#read.clear();
      }
    } catch (error) {
      this.onFault(error, 'looking whether the event stream still holds what was read from it');
    }
    this.#wake();
  }

  async #fetch(
    query: { seq: number; next_by_subj?: string } | { last_by_subj: string },
  ): Promise<StoredEvent | undefined> {
    this.#manager ??= jetstreamManager(this.connection, { checkAPI: false, apiPrefix: eventApiPrefix, timeout: 2_000 });
    const manager = await this.#manager;
    try {
      const message = await manager.streams.getMessage(eventStream, query);
      return message ? readEvent(message) : undefined;
    } catch (error) {
      if (error instanceof JetStreamApiError && error.code === noMessage) return undefined;
      throw error;
    }
  }
}

function readEvent({ seq, data }: StoredMsg): StoredEvent {
  const json = new TextDecoder().decode(data);
  const { id, source } = JSON.parse(json) as { id: string; source: string };
  // An id is one of its source alone (CloudEvents 1.0.2).
  return { sequence: seq, id: `${source}${id}`, json };
}
