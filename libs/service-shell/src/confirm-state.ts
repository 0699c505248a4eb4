import { stateKey, type ConfirmationRecord, type LossRecord, type StateWriter } from '@sluice/contracts';
import type { BucketState, StateBucket, StateFollower, StatePublisher } from '@sluice/messaging';
import type { AcknowledgedRecord, Acknowledgements } from '@sluice/persistence';
import type { Log } from './log.js';

export interface ConfirmStateOptions {
  readonly writer: StateWriter;
  readonly bucket: StateBucket;
  readonly publisher: StatePublisher;
  readonly follower: StateFollower;
  readonly acknowledgements: Pick<Acknowledgements, 'knownEpoch' | 'enterEpoch' | 'recordsOf'>;
  /**
   * Looks in the stream of an epoch, above a sequence, for a record that Postgres knows nothing of.
   * @returns its key
   */
  readonly findAheadOfPostgres: (epoch: string, above: number) => Promise<string | undefined>;
  /** Publishes the events again that their stream has lost. @returns how many */
  readonly restoreEvents: () => Promise<number>;
  /** Told once for each incarnation of the stream, when all that was acknowledged was seen to stand in it. */
  readonly onStanding: () => void;
  /** Replaces the stream of an epoch by a new one, unless that was done; for the one service that may. The others tell it. */
  readonly remake?: ((epoch: string) => Promise<unknown>) | undefined;
  readonly log: Log;
  /** Milliseconds of a clock that never goes back. */
  readonly now: () => number;
  /** Milliseconds since 1970, told with each confirmation. */
  readonly wallNow: () => number;
}

/** A stream that is lost again and again is not made anew more often than this, in milliseconds. */
const minimumRemakeIntervalMs = 5_000;
const readsAtOnce = 64;

/**
 * What a writing service knows of the state stream and nobody else does: what it was acknowledged. Once for each incarnation of the
 * stream it holds its acknowledgements in Postgres against it, and from then on says every `leaseRenewalMs` that all stands. A
 * stream that has lost some of it is condemned: nothing is decided by it any more, and it is made anew from Postgres.
 */
export class ConfirmState {
  /** Where all that was acknowledged was seen to stand. */
  #standing: Pick<BucketState, 'epoch' | 'incarnation'> | undefined;
  /** Of which it was last told that it stands. */
  #told: Pick<BucketState, 'epoch' | 'incarnation'> | undefined;
  /** The highest sequence acknowledged in the epoch that stands. */
  #highest = 0;
  #version = 0;
  #remadeAt = Number.NEGATIVE_INFINITY;
  #losses = 0;
  #reported: string | undefined;
  #restoredEvents = 0;

  constructor(private readonly options: ConfirmStateOptions) {}

  /** Whether it has seen that all stands, and nothing since that makes it doubt. */
  get standing(): boolean {
    return this.#standing !== undefined;
  }

  /** How often the stream was found to have lost something. */
  get losses(): number {
    return this.#losses;
  }

  /** Events that were published again. */
  get restoredEvents(): number {
    return this.#restoredEvents;
  }

  /** The stream may have taken another course: what was acknowledged is held against it before it is confirmed again. */
  doubt(): void {
    this.#standing = undefined;
  }

  /**
   * To be asked before a record is published.
   * @returns to be told the sequence under which the bus acknowledged it
   */
  expectAcknowledgement(): (sequence: number) => void {
    const highest = this.#highest;
    return (sequence) => {
      // A sequence is given once. One that is given again belongs to another course of the stream.
      if (sequence <= highest) this.doubt();
      this.#highest = Math.max(this.#highest, sequence);
    };
  }

  /**
   * To be awaited before anything is published over another connection to Postgres: it may be a copy of an earlier time, and what
   * is published over a stream that is ahead of it would seem to be there already.
   * @throws Error when the stream is condemned and there is no other yet; when the bus or Postgres is away
   */
  async takeOver(): Promise<void> {
    this.doubt();
    const state = await this.options.bucket.state();
    if (!state) return;
    await this.execute();
    if (!this.standing && (await this.options.bucket.last(stateKey.complete(this.options.writer))))
      throw new Error('The state stream is not known to stand: nothing is published into it before.');
  }

  /**
   * Confirms the stream, or condemns it.
   * @throws Error when the bus or Postgres is away: then nothing is confirmed
   */
  async execute(): Promise<void> {
    const { bucket, follower, remake } = this.options;
    const state = await bucket.state();
    if (!state) return this.doubt();
    if (state.sealed) {
      this.doubt();
      if (remake) await this.#condemn(state, 'It is sealed: making it anew was begun and did not end.');
      return;
    }
    if (remake && follower.epoch === state.epoch && follower.loss !== undefined)
      return this.#condemn(state, follower.loss);
    const { epoch, incarnation } = state;
    if (this.#standing?.epoch !== epoch || this.#standing.incarnation !== incarnation) {
      this.doubt();
      if (!(await this.#stands(state))) return;
      this.#restoredEvents += await this.options.restoreEvents();
      this.#standing = { epoch, incarnation };
      if (this.#told?.epoch !== epoch || this.#told.incarnation !== incarnation) this.options.onStanding();
      this.#told = { epoch, incarnation };
    }
    await this.#confirm(state);
  }

  /** Tells the service that makes the stream anew, and everybody, that it lost something. */
  async report(epoch: string, reason: string): Promise<void> {
    if (this.#reported !== epoch) {
      this.#reported = epoch;
      this.#losses++;
      this.options.log.error({ epoch, reason }, 'the state stream lost something: nothing is decided by it');
    }
    await this.#writeLoss(epoch, reason);
  }

  /** @returns whether all that was acknowledged is there; false, too, while this service has not put all it has into it */
  async #stands(state: BucketState): Promise<boolean> {
    const { acknowledgements, bucket, writer } = this.options;
    const marker = await bucket.last(stateKey.complete(writer));
    const known = await acknowledgements.knownEpoch();
    if (known?.epoch !== state.epoch) {
      if (!marker) return false;
      if (known) {
        await this.#condemn(state, 'It is one that was replaced by another since.');
        return false;
      }
      // The first start of a version that keeps acknowledgements, or a Postgres that was made anew.
      if (!(await this.#isPostgresAbreast(state, 0))) return false;
      await acknowledgements.enterEpoch({ epoch: state.epoch, completedAtSequence: marker.sequence });
      return true;
    }
    if (!marker && known.completedAtSequence === 0) return false;
    const records = await acknowledgements.recordsOf(state.epoch);
    const missing =
      (marker?.sequence ?? 0) < known.completedAtSequence
        ? { key: stateKey.complete(writer), version: 1, sequence: known.completedAtSequence }
        : await this.#firstMissing(records);
    if (missing) {
      await this.#condemnIfMissing(state, missing);
      return false;
    }
    const highest = Math.max(known.completedAtSequence, records[0]?.sequence ?? 0);
    if (!(await this.#isPostgresAbreast(state, highest))) return false;
    this.#highest = highest;
    return true;
  }

  /** @returns whether Postgres knows all that this service has written above a sequence; else the stream is condemned */
  async #isPostgresAbreast(state: BucketState, above: number): Promise<boolean> {
    const ahead = await this.options.findAheadOfPostgres(state.epoch, above);
    if (ahead === undefined) return true;
    await this.#condemn(
      state,
      `${ahead} stands in it and Postgres has not written it: Postgres was put back to an earlier time.`,
    );
    return false;
  }

  async #firstMissing(records: readonly AcknowledgedRecord[]): Promise<AcknowledgedRecord | undefined> {
    let missing: AcknowledgedRecord | undefined;
    const queue = records.values();
    const work = async () => {
      for (const record of queue) {
        if (missing) return;
        if (!(await this.#isThere(record))) missing ??= record;
      }
    };
    await Promise.all(Array.from({ length: Math.min(readsAtOnce, records.length) }, work));
    return missing;
  }

  async #isThere({ key, sequence, version }: AcknowledgedRecord): Promise<boolean> {
    const stored = await this.options.bucket.last(key);
    return stored !== undefined && stored.sequence >= sequence && stored.version >= version;
  }

  async #condemnIfMissing(state: BucketState, missing: AcknowledgedRecord): Promise<void> {
    // Whoever answered may have been a leader that is none any more. A write that is taken proves who leads.
    await this.#writeLoss('', 'none');
    if (!(await this.#isThere(missing)))
      await this.#condemn(state, `${missing.key} was acknowledged under ${missing.sequence} and does not stand there.`);
  }

  async #condemn({ epoch }: BucketState, reason: string): Promise<void> {
    const { remake, log, now } = this.options;
    if (!remake) return this.report(epoch, reason);
    if (now() - this.#remadeAt < minimumRemakeIntervalMs) return;
    this.#remadeAt = now();
    this.#losses++;
    log.error({ epoch, reason }, 'the state stream lost something and is made anew from Postgres');
    await remake(epoch);
  }

  /** Whether all that was acknowledged stands is seen once an incarnation: who reads this compares the incarnation. */
  async #confirm({ epoch, incarnation }: BucketState): Promise<void> {
    const { writer } = this.options;
    await this.#write<ConfirmationRecord>({
      key: stateKey.confirmation(writer),
      version: ++this.#version,
      deleted: false,
      service: writer,
      epoch,
      incarnation,
      wallClockMs: this.options.wallNow(),
    });
  }

  async #writeLoss(epoch: string, reason: string): Promise<void> {
    const { writer } = this.options;
    await this.#write<LossRecord>({
      key: stateKey.loss(writer),
      version: ++this.#version,
      deleted: false,
      service: writer,
      epoch,
      reason,
    });
  }

  /** Over whatever stands there: it is said anew each time. */
  async #write<R extends ConfirmationRecord | LossRecord>(record: R): Promise<void> {
    const value = new TextEncoder().encode(JSON.stringify(record));
    await this.options.publisher.publishAlways(record.key, record.version, value);
  }
}
