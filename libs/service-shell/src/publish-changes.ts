import {
  cloudEvent,
  eventSubject,
  eventType,
  leaseRenewalMs,
  signedPrefixes,
  stateKey,
  statePrefixOf,
  type EventData,
  type EventName,
  type StateRecord,
  type StateWriter,
} from '@sluice/contracts';
import {
  currentRequest,
  EventPublisher,
  type StateBucket,
  StatePublisher,
  type RecordReader,
  type RecordSigner,
  type StateFollower,
} from '@sluice/messaging';
import { Acknowledgements, OutboxRelay, Transactions, type Acknowledgement, type Change } from '@sluice/persistence';
import type { DataSource } from 'typeorm';
import { acknowledgedEvents, eventSubjectsOf } from './acknowledged-events.js';
import { findAheadOfPostgres } from './ahead-of-postgres.js';
import { ConfirmState } from './confirm-state.js';
import { currentIdempotentCall } from './idempotency/idempotent-call.js';
import { keepRepairing } from './keep-repairing.js';
import type { Shell } from './shell.js';
import { pendingKeys } from './state-difference.js';

export interface PublishChangesOptions {
  readonly databaseUrl: string;
  readonly schema: string;
  readonly dataSource: DataSource;
  readonly writer: StateWriter;
  readonly follower: StateFollower;
  readonly bucket: StateBucket;
  readonly reader: RecordReader;
  /** Needed by who writes signed records. */
  readonly signer?: RecordSigner;
  /** Every record of this service as Postgres has it, to fill an empty bucket. */
  readonly records: () => AsyncIterable<StateRecord>;
}

/** Makes the streams; of the one service that may. */
export interface StreamMaker {
  /** Makes the bucket, and every other stream, where it is gone. */
  makeStreams(): Promise<void>;
  /** Replaces the bucket of an epoch that has lost something by a new one. */
  remake?(epoch: string): Promise<unknown>;
}

/** How long an answer waits for its change to be on the bus before it says `pending`. */
const publicationTimeoutMs = 2_000;

/** How often the stream is confirmed: the leases of the flow runtimes count from it, and end without it. */
const pruneIntervalMs = 60_000;

/** Records put side by side into a bucket that is filled. */
const filledAtOnce = 128;

/** A change as a use case makes it: rows, records and events in one transaction. */
export interface ChangeScope {
  readonly manager: Change['manager'];
  state(record: StateRecord): void;
  /** @param subject CloudEvents `subject`: the id of the thing it happened to */
  event<N extends EventName>(name: N, subject: string, data: EventData<N>): void;
}

/**
 * The way of every change in a service: committed with its outbox rows, published by the relay, and acknowledged when it
 * is on the bus. It also fills the bucket from Postgres when the bucket is new.
 */
export class PublishedChanges {
  readonly #transactions: Transactions;
  #relay: OutboxRelay | undefined;
  #filling: Promise<void> | undefined;
  #confirming: Promise<void> | undefined;
  readonly #acknowledgements: Acknowledgements;
  #maker: StreamMaker | undefined;

  constructor(
    private readonly shell: Shell,
    private readonly options: PublishChangesOptions,
  ) {
    this.#transactions = new Transactions(
      options.dataSource,
      options.schema,
      () => {
        const request = currentRequest();
        return (
          request && { actor: request.actor ?? shell.service, action: request.action, requestId: request.requestId }
        );
      },
      shell.onStep,
    );
    this.#acknowledgements = new Acknowledgements(options.dataSource);
  }

  /** From now on this service makes the streams. To be called before {@link start}. */
  useStreamMaker(maker: StreamMaker): void {
    this.#maker = maker;
  }

  async start(): Promise<void> {
    const { shell, options } = this;
    const maker = this.#maker;
    const acknowledgements = this.#acknowledgements;
    const events = await EventPublisher.open(shell.connection, acknowledgedEvents(acknowledgements));
    const state = new StatePublisher(shell.connection, options.bucket);
    const confirmState = new ConfirmState({
      writer: options.writer,
      bucket: options.bucket,
      publisher: state,
      follower: options.follower,
      acknowledgements,
      findAheadOfPostgres: (epoch, above) => findAheadOfPostgres({ ...options, acknowledgements }, epoch, above),
      restoreEvents: () => events.restore(),
      onStanding: () => repairing.atOnce(),
      remake: maker?.remake?.bind(maker),
      log: shell.log,
      now: () => performance.now(),
      wallNow: () => Date.now(),
    });
    this.#relay = new OutboxRelay({
      databaseUrl: options.databaseUrl,
      schema: options.schema,
      publish: async (row) => {
        shell.onStep?.(row.kind === 'state' ? 'state-unsent' : 'event-unsent');
        const said =
          row.kind === 'state'
            ? await this.#publishRow(state, confirmState, row.body as unknown as StateRecord)
            : {
                epoch: undefined,
                sequence: await events.publish(
                  eventSubject(row.name as EventName),
                  Number(row.position),
                  cloudEvent.parse(row.body),
                ),
              };
        shell.onStep?.(row.kind === 'state' ? 'state-acknowledged' : 'event-acknowledged');
        return said;
      },
      onTakeOver: async () => {
        events.forget();
        // The timer does the same: side by side they would confirm what the other has come to doubt.
        await this.#confirming;
        await acknowledgements.placeAbove(await events.furthest(eventSubjectsOf(options.writer)));
        await confirmState.takeOver();
      },
      onStep: shell.onStep,
      onFault: shell.onFault,
    });
    const relay = this.#relay;
    shell.metrics.gauge(
      'sluice_outbox_lag_seconds',
      'How long the outbox has not been empty; 0 where another process publishes.',
      () => relay.lagMs / 1_000,
    );
    shell.metrics.counted('sluice_outbox_published_total', 'Outbox rows published.', () => relay.publishedRows);
    shell.metrics.gauge(
      'sluice_state_confirmed',
      '1 where this process has seen that all it was acknowledged stands in the state stream, and says so.',
      () => (confirmState.standing ? 1 : 0),
    );
    shell.metrics.counted(
      'sluice_state_losses_total',
      'How often the state stream was found to have lost something; it is then made anew. Alarm on any.',
      () => confirmState.losses,
    );
    shell.metrics.counted(
      'sluice_events_restored_total',
      'Events published again because their stream had lost them. Alarm on any.',
      () => confirmState.restoredEvents,
    );
    const repairing = keepRepairing(shell, {
      ...options,
      publisher: state,
      pendingKeys: () => pendingKeys(options.dataSource),
      encode: (record) => this.#encode(record),
      goesOn: () => relay.leading && confirmState.standing,
    });
    relay.start();
    const timers = [
      setInterval(() => this.#fillIfMissing(state), 250),
      setInterval(() => this.#confirm(confirmState), leaseRenewalMs),
      setInterval(() => this.#prune(), pruneIntervalMs),
    ];
    void this.#watchConnection(() => {
      events.forget();
      confirmState.doubt();
    });
    options.follower.onLoss((epoch, reason) => {
      confirmState.report(epoch, reason).catch((error: unknown) => shell.onFault(error, 'reporting a loss'));
    });
    shell.onShutdown(async () => {
      for (const timer of timers) clearInterval(timer);
      repairing.stop();
      await this.#confirming;
      await relay.stop();
    });
  }

  /** The server that is reached again may have another store than the one that was lost. */
  async #watchConnection(onReconnect: () => void): Promise<void> {
    for await (const { type } of this.shell.connection.status()) if (type === 'reconnect') onReconnect();
  }

  /** Who leads confirms; and goes on with it while Postgres is away, for then nobody else can lead. */
  #confirm(confirmState: ConfirmState): void {
    const relay = this.#relay;
    if (this.#confirming || !(relay?.leading || (relay?.disconnected && confirmState.standing))) return;
    this.#confirming = confirmState
      .execute()
      .catch((error: unknown) => {
        confirmState.doubt();
        this.shell.onFault(error, 'confirming the state stream');
      })
      .finally(() => (this.#confirming = undefined));
  }

  #prune(): void {
    if (!this.#relay?.leading) return;
    this.#acknowledgements
      .prune()
      .catch((error: unknown) => this.shell.onFault(error, 'forgetting old acknowledgements'));
  }

  /**
   * Runs a change. @returns what it gave, and whether it is published already or, with the bus away, will be
   * @throws what `work` throws; then nothing is kept
   */
  async commit<T>(
    work: (change: ChangeScope) => Promise<T>,
  ): Promise<{ value: T; propagation: 'published' | 'pending' }> {
    const traceparent = currentRequest()?.traceparent;
    const call = currentIdempotentCall();
    const { value, outboxIds } = await this.#transactions.run(
      async (change) => {
        await call?.claim(change.manager);
        return work({
          manager: change.manager,
          state: (record) => change.state(record as StateRecord & Record<string, unknown>),
          event: (name, subject, data) =>
            change.event(name, {
              specversion: '1.0',
              source: `/sluice/${this.shell.service}`,
              type: eventType(name),
              subject,
              time: new Date().toISOString(),
              datacontenttype: 'application/json',
              ...(traceparent ? { traceparent } : {}),
              data,
            }),
        });
      },
      call && ((change, committed) => call.keep(change.manager, committed.value, committed.outboxIds)),
    );
    const published = await this.published(outboxIds);
    this.shell.onStep?.('publication-heard');
    return { value, propagation: published ? 'published' : 'pending' };
  }

  /** Whether outbox rows are on the bus; with the bus away a moment is waited for it. */
  published(outboxIds: readonly string[]): Promise<boolean> {
    return this.#relay?.published(outboxIds, publicationTimeoutMs) ?? Promise.resolve(false);
  }

  #encode(record: StateRecord): Uint8Array {
    const prefix = statePrefixOf(record.key);
    if (!prefix || !signedPrefixes.has(prefix)) return new TextEncoder().encode(JSON.stringify(record));
    if (!this.options.signer)
      throw new Error(`${this.shell.service} may not write ${record.key}: it has no key to sign records with`);
    return this.options.signer.encode(record);
  }

  #publishState(state: StatePublisher, record: StateRecord, likelyAbsent = false): Promise<number> {
    return state.publish(record.key, record.version, this.#encode(record), likelyAbsent);
  }

  async #publishRow(state: StatePublisher, confirmState: ConfirmState, record: StateRecord): Promise<Acknowledgement> {
    const { follower } = this.options;
    const { epoch } = follower;
    const acknowledged = confirmState.expectAcknowledgement();
    const sequence = await this.#publishState(state, record);
    acknowledged(sequence);
    return { epoch: follower.epoch === epoch ? epoch : undefined, sequence };
  }

  #fillIfMissing(state: StatePublisher): void {
    const { follower, writer } = this.options;
    // A relay that has something to publish cannot keep the lead while there is no bucket: making one must not wait for it.
    const bucketIsGone = this.#maker !== undefined && follower.epoch === undefined;
    if (this.#filling || !(this.#relay?.leading || bucketIsGone)) return;
    if (follower.position && !follower.missingWriters.includes(writer)) return;
    this.#filling = this.#fill(state)
      .catch((error: unknown) => this.shell.onFault(error, 'filling the state bucket'))
      .finally(() => (this.#filling = undefined));
  }

  /** Puts every record into the bucket of this epoch and says so. Versions keep it from covering anything newer. */
  async #fill(state: StatePublisher): Promise<void> {
    const { bucket, writer, records } = this.options;
    let current = await bucket.state();
    if (!current && this.#maker) {
      await this.#maker.makeStreams();
      current = await bucket.state();
      this.shell.log.info({ epoch: current?.epoch }, 'made the state bucket');
    }
    if (!current) return;
    const key = stateKey.complete(writer);
    if (await bucket.last(key)) return;
    const { epoch } = current;
    const count = await this.#fillWith(state, records());
    // First here: an epoch that says it is complete and is not known here is one that was replaced.
    await this.#acknowledgements.enterEpoch({ epoch, completedAtSequence: 0 });
    const completedAtSequence = await this.#publishState(state, {
      key,
      version: 1,
      deleted: false,
      service: writer,
      epoch,
    });
    await this.#acknowledgements.enterEpoch({ epoch, completedAtSequence });
    this.shell.log.info({ epoch, records: count }, 'filled the state bucket from Postgres');
  }

  /** Many side by side, but a kind begins when the one before it is there: others rest on it. @returns how many they were */
  async #fillWith(state: StatePublisher, records: AsyncIterable<StateRecord>): Promise<number> {
    let count = 0;
    let batch: StateRecord[] = [];
    const put = async () => {
      await Promise.all(batch.map((record) => this.#publishState(state, record, true)));
      count += batch.length;
      batch = [];
    };
    for await (const record of records) {
      const [first] = batch;
      if (first && (batch.length === filledAtOnce || statePrefixOf(first.key) !== statePrefixOf(record.key)))
        await put();
      batch.push(record);
    }
    await put();
    return count;
  }
}
