import { stateRepublishPrefix, type StatePrefix } from '@sluice/contracts';
import type { BucketState, StoredRecord } from '@sluice/messaging';
import type { Msg, Status } from '@nats-io/transport-node';
import type { Chance } from './chance.js';

interface Content {
  /** When it was made: the epoch. */
  readonly created: string;
  readonly log: readonly StoredRecord[];
  readonly sealed: boolean;
}

/** A copy of a store, to be put back. */
export type StoreCopy = Content | undefined;

/** How often what was taken is written to the disk, in milliseconds. */
const syncIntervalMs = 2_000;

/**
 * The state stream as a server keeps it: one record a key, a sequence that grows, and a tail that is not on the disk yet.
 * Whatever was answered for can be gone after the power was.
 */
export class SimulatedBus {
  #content: Content | undefined;
  #synced = 0;
  #run = 1;
  #made = 0;
  #running = true;
  /** It takes nothing more. */
  diskIsFull = false;
  /** Nobody leads, and nobody answers. */
  electing = false;
  readonly #clients = new Set<BusClient>();
  readonly #copies: StoreCopy[] = [];

  constructor(readonly chance: Chance) {
    setInterval(() => (this.#synced = this.lastSequence), syncIntervalMs);
  }

  get running(): boolean {
    return this.#running;
  }

  get lastSequence(): number {
    return this.#content?.log.at(-1)?.sequence ?? 0;
  }

  connect(): BusClient {
    const client = new BusClient(this);
    this.#clients.add(client);
    return client;
  }

  leave(client: BusClient): void {
    this.#clients.delete(client);
  }

  state(): BucketState | undefined {
    return (
      this.#content && {
        epoch: this.#content.created,
        incarnation: `run ${this.#run}`,
        lastSequence: this.lastSequence,
        sealed: this.#content.sealed,
      }
    );
  }

  create(): void {
    this.#content ??= { created: `epoch ${++this.#made}`, log: [], sealed: false };
    this.#synced = Math.min(this.#synced, this.lastSequence);
  }

  seal(): void {
    if (this.#content) this.#content = { ...this.#content, sealed: true };
  }

  remove(): void {
    this.#content = undefined;
    this.#synced = 0;
  }

  last(key: string): StoredRecord | undefined {
    return this.#content?.log.findLast((record) => record.key === key);
  }

  /** The first record from a sequence on that no later one of its key has replaced. */
  next(sequence: number, filter: string): StoredRecord | undefined {
    const prefix = filter === '>' ? '' : filter.slice(0, -1);
    return this.#content?.log.find(
      (record) => record.sequence >= sequence && record.key.startsWith(prefix) && this.last(record.key) === record,
    );
  }

  keys(prefix: StatePrefix): string[] {
    return [...new Set((this.#content?.log ?? []).map(({ key }) => key).filter((key) => key.startsWith(`${prefix}.`)))];
  }

  /** @returns undefined when something else stands there than was expected */
  take(key: string, value: Uint8Array, version: number, expected: number | undefined): number | undefined {
    const content = this.#content;
    if (!content) throw new Error('no stream');
    if (this.diskIsFull) throw new Error('no space left on device');
    if (content.sealed) throw new Error('the stream is sealed');
    if (expected !== undefined && (this.last(key)?.sequence ?? 0) !== expected) return undefined;
    const record: StoredRecord = { key, sequence: this.lastSequence + 1, value, version };
    this.#content = { ...content, log: this.#compacted([...content.log, record]) };
    for (const client of this.#clients) client.deliver(record);
    return record.sequence;
  }

  /** The server ends and is there again a moment later, with all it took. */
  kill(): void {
    if (!this.#running) return;
    this.#running = false;
    for (const client of this.#clients) client.lose();
    setTimeout(
      () => {
        this.#running = true;
        this.#run++;
        for (const client of this.#clients) client.comeBack();
      },
      this.chance.between(100, 1_500),
    );
  }

  /** It ends, and some or all of what was not on the disk is gone. */
  losePower(): void {
    const kept = this.chance.between(this.#synced, this.lastSequence);
    this.#cutTo((record) => record.sequence <= kept);
    this.kill();
  }

  /** Of several servers another one leads, which does not have all that was answered for. No connection is lost. */
  electAnother(): void {
    if (this.electing) return;
    const kept = this.chance.between(this.#synced, this.lastSequence);
    this.#cutTo((record) => record.sequence <= kept);
    this.#run++;
    this.electing = true;
    setTimeout(() => (this.electing = false), this.chance.between(100, 1_500));
  }

  /** It ends in the middle of a write: records of the tail are gone, and what was replaced by them is there again. */
  tearTail(): void {
    const from = this.lastSequence - this.chance.between(1, 20);
    this.#cutTo((record) => record.sequence <= from || this.chance.happens(0.6));
    this.kill();
  }

  copyStore(): void {
    this.#copies.push(this.#content);
    if (this.#copies.length > 10) this.#copies.shift();
  }

  /** Somebody puts an older copy back. */
  restore(): void {
    const copy = this.chance.pick(this.#copies);
    if (copy === undefined) return;
    this.#content = copy;
    this.#synced = this.lastSequence;
    this.kill();
  }

  /** What was replaced long ago is forgotten; what a lost tail would bring back is not. */
  #compacted(log: readonly StoredRecord[]): readonly StoredRecord[] {
    if (log.length < 600) return log;
    const newest = new Map(log.map((record) => [record.key, record]));
    const recent = (log.at(-1)?.sequence ?? 0) - 200;
    return log.filter((record) => record.sequence > recent || newest.get(record.key) === record);
  }

  #cutTo(keeps: (record: StoredRecord) => boolean): void {
    if (this.#content) this.#content = { ...this.#content, log: this.#content.log.filter(keeps) };
    this.#synced = Math.min(this.#synced, this.lastSequence);
  }
}

/** The connection of one process, over a network that delays, loses and parts. */
export class BusClient {
  connected = true;
  /** Nothing arrives, and nobody says so. */
  parted = false;
  closed = false;
  readonly #statuses: ((status: Status) => void)[] = [];
  #onRecord: ((error: null, message: Msg) => void) | undefined;
  #lastDelivery = 0;
  /** Grows with each loss of the connection: what is under way belongs to one of them. */
  #session = 0;

  constructor(private readonly bus: SimulatedBus) {}

  close(): void {
    this.closed = true;
    this.bus.leave(this);
  }

  /** As `NatsConnection`, as far as a follower uses it. */
  readonly connection = {
    subscribe: (_subject: string, { callback }: { callback: (error: null, message: Msg) => void }) => {
      this.#onRecord = callback;
      return { unsubscribe: () => (this.#onRecord = undefined) };
    },
    status: () => {
      const waiting: Status[] = [];
      let wake: (() => void) | undefined;
      this.#statuses.push((status) => {
        waiting.push(status);
        wake?.();
      });
      const iterate = async function* () {
        for (;;) {
          const next = waiting.shift();
          if (next) yield next;
          else await new Promise<void>((resolve) => (wake = resolve));
        }
      };
      return iterate();
    },
  };

  readonly bucket = {
    state: () => this.#ask(() => this.bus.state()),
    last: (key: string) => this.#ask(() => this.bus.last(key)),
    next: (sequence: number, filter: string) => this.#ask(() => this.bus.next(sequence, filter)),
    keys: (prefix: StatePrefix) => this.#ask(() => this.bus.keys(prefix)),
    create: () => this.#ask(() => this.bus.create()),
    seal: () => this.#ask(() => this.bus.seal()),
    remove: () => this.#ask(() => this.bus.remove()),
  };

  readonly publisher = {
    publishIf: (key: string, expected: number, version: number, value: Uint8Array) =>
      this.#ask(() => this.bus.take(key, value, version, expected)),
    publishAlways: (key: string, version: number, value: Uint8Array) =>
      this.#ask(() => this.bus.take(key, value, version, undefined) as number),
    publish: async (key: string, version: number, value: Uint8Array): Promise<number> => {
      for (;;) {
        const current = await this.bucket.last(key);
        if (current && current.version >= version) return current.sequence;
        const sequence = await this.publisher.publishIf(key, current?.sequence ?? 0, version, value);
        if (sequence !== undefined) return sequence;
      }
    },
  };

  lose(): void {
    this.connected = false;
    this.#session++;
    this.#say('disconnect');
  }

  comeBack(): void {
    setTimeout(
      () => {
        if (this.closed || !this.bus.running) return;
        this.connected = true;
        this.#say('reconnect');
      },
      this.bus.chance.between(0, 500),
    );
  }

  /** In the order of the stream; now and then one is lost on the way. */
  deliver(record: StoredRecord): void {
    if (!this.connected || this.parted || this.bus.chance.happens(0.002)) return;
    const session = this.#session;
    const at = Math.max(this.#lastDelivery, performance.now() + this.bus.chance.between(0, 15));
    this.#lastDelivery = at;
    setTimeout(() => {
      if (session !== this.#session || this.closed) return;
      const headers = { values: (name: string) => (name === 'Nats-Sequence' ? [String(record.sequence)] : []) };
      const subject = `${stateRepublishPrefix}${record.key}`;
      this.#onRecord?.(null, { subject, data: record.value, headers } as unknown as Msg);
    }, at - performance.now());
  }

  async #ask<T>(what: () => T): Promise<T> {
    if (!this.connected || this.closed) throw new Error('the bus is away');
    const session = this.#session;
    const arrives = !this.parted && !this.bus.chance.happens(0.003);
    await this.#travel();
    this.#mustBeOf(session);
    // An answer may be lost though what was asked for is done.
    const answer = arrives && this.bus.running && !this.bus.electing ? await attempt(what) : undefined;
    await this.#travel();
    this.#mustBeOf(session);
    if (answer && !this.parted) return answer();
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    throw new Error('timeout');
  }

  #mustBeOf(session: number): void {
    if (session !== this.#session || this.closed) throw new Error('the connection to the bus was lost');
  }

  #travel(): Promise<void> {
    return new Promise((resolve) => setTimeout(resolve, this.bus.chance.between(0, 8)));
  }

  #say(type: 'disconnect' | 'reconnect'): void {
    for (const tell of this.#statuses) tell({ type, server: '' } as Status);
  }
}

/** Does it now; what came of it is told later. */
async function attempt<T>(what: () => T): Promise<() => T> {
  try {
    const value = what();
    return () => value;
  } catch (error) {
    return () => {
      throw error;
    };
  }
}
