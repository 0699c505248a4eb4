import {
  leaseRenewalMs,
  stateKey,
  statePrefixOf,
  stateRepublishPrefix,
  stateSchemas,
  stateWriters,
  type StatePrefix,
  type StateRecord,
} from '@sluice/contracts';
import { hasReached, type Position } from '@sluice/domain';
import type { Msg, NatsConnection, Subscription } from '@nats-io/transport-node';
import type { ClockComparison } from './clock-comparison.js';
import { FetchedRecords } from './fetched-records.js';
import { HeldRecords, type StateEntry } from './held-records.js';
import { PositionWaiters } from './position-waiters.js';
import type { RecordReader } from './signed-record.js';
import type { BucketState, StateBucket } from './state-bucket.js';
import { LeaseBroken, type Continuity, type StateLease } from './state-lease.js';

export interface StateChange {
  readonly key: string;
  readonly sequence: number;
}

export interface StateFollowerOptions {
  readonly connection: NatsConnection;
  readonly bucket: StateBucket;
  readonly reader: RecordReader;
  /** Prefixes kept in memory whole; the others are fetched from the stream's leader when they are asked for. */
  readonly holds: readonly StatePrefix[];
  /** How many fetched records are remembered, and at most how many changes are kept for who asks next; 0: none. */
  readonly capacity?: number;
  /** For who decides by what it remembers: it then knows to have had everything only by the leases it writes. */
  readonly lease?: StateLease;
  /** For who judges or issues by its clock: while that is wrong, the follower is not ready. */
  readonly clocks?: ClockComparison;
  /** How often the stream's last sequence is asked for, or a lease is written, in milliseconds. */
  readonly heartbeatMs?: number;
  /** After so many milliseconds every process has looked at the file of keys that may sign records. */
  readonly othersLookedMs?: number;
  /** Told what went wrong and was survived. */
  readonly onFault: (error: unknown, what: string) => void;
  /** Milliseconds of a clock that never goes back. */
  readonly now?: () => number;
}

const fellBack = 'The state stream fell back behind what had been read from it.';

/** A loss that everybody should have heard of is told again this often, in milliseconds: making the stream anew takes about as long. */
const lossToldEveryMs = 5_000;

/** So many missed messages are read one by one; more, and the held prefixes are loaded afresh instead. */
const maxGap = 10_000;

/**
 * After a key may not sign records any more, what was read under it is read once more when every process has surely looked at
 * the file: answers of another one may still rest on it until then.
 */
const defaultOthersLookedMs = 3_000;

/**
 * Follows the state bucket in the one order of its stream. It has *applied* a position when every record up to it is
 * in what it holds, or forgotten so that the next question fetches it anew. It uses no JetStream consumer: live changes
 * come republished with their sequence, and what was missed is read from the leader (see ADR 3).
 */
export class StateFollower {
  #epoch: string | undefined;
  #incarnation: string | undefined;
  /** What was applied may not stand in the stream any more. */
  #interrupted = false;
  /** The epoch that was found to have lost something; until there is another, nothing is decided. */
  #lostEpoch: string | undefined;
  #lossToldAt = Number.NEGATIVE_INFINITY;
  #beating = false;
  #applied = 0;
  #synced = false;
  /** Kept rather than computed: the request path asks on every request. */
  #usable = false;
  #resyncing: Promise<void> | undefined;
  #stopped = false;
  #currentAsOf = Number.NEGATIVE_INFINITY;
  #distrusted: readonly string[] = [];
  #subscription: Subscription | undefined;
  #timer: NodeJS.Timeout | undefined;
  #waiting: Msg[] = [];
  readonly #held: HeldRecords;
  readonly #fetched: FetchedRecords;
  readonly #changeListeners: ((change: StateChange) => void)[] = [];
  readonly #epochListeners: ((epoch: string | undefined) => void)[] = [];
  readonly #loadedListeners: (() => void)[] = [];
  readonly #lossListeners: ((epoch: string, reason: string) => void)[] = [];
  readonly #waiters = new PositionWaiters();
  readonly #now: () => number;

  constructor(private readonly options: StateFollowerOptions) {
    this.#held = new HeldRecords({
      bucket: options.bucket,
      reader: options.reader,
      prefixes: new Set<StatePrefix>([...options.holds, 'meta', 'confirmation', 'loss']),
      onFault: options.onFault,
    });
    this.#now = options.now ?? (() => performance.now());
    this.#fetched = new FetchedRecords({
      capacity: options.capacity ?? 100_000,
      last: (key) => options.bucket.last(key),
      read: (key, sequence, value) => this.#held.decode(key, sequence, value),
      now: this.#now,
    });
    options.reader.onKeys((removed) => void this.#readAnew(removed));
  }

  /** Begins to follow. Returns at once: readiness comes when a bucket is there and complete. */
  start(): void {
    const { connection } = this.options;
    this.#subscription = connection.subscribe(`${stateRepublishPrefix}>`, {
      callback: (error, message) => {
        if (error) this.options.onFault(error, 'the subscription to state changes');
        else this.#receive(message);
      },
    });
    void this.#watchConnection();
    void this.#resync();
    this.#timer = setInterval(() => void this.#heartbeat(), this.options.heartbeatMs ?? leaseRenewalMs);
  }

  stop(): void {
    this.#stopped = true;
    clearInterval(this.#timer);
    this.#subscription?.unsubscribe();
    this.#waiters.wake();
  }

  /** How far it has applied; undefined before the first load and while it does not know. */
  get position(): Position | undefined {
    return this.#synced && this.#epoch !== undefined ? { epoch: this.#epoch, sequence: this.#applied } : undefined;
  }

  /** The epoch it knows, whether or not it is in step with it now. */
  get epoch(): string | undefined {
    return this.#epoch;
  }

  /**
   * Every writing service has put all it has into the epoch it knows, nobody found a loss in it, and the clock is right; in step
   * with it at this moment or not.
   */
  get usable(): boolean {
    return this.#usable;
  }

  /** In step with a bucket into which every writing service has put all it has; for who leases, with a lease that counts. */
  get ready(): boolean {
    const { lease } = this.options;
    const leased = !lease || (lease.confirmed && Number.isFinite(this.#currentAsOf));
    return this.#synced && this.#usable && leased;
  }

  /** This process's clock beside the others; for who judges or issues by it. */
  get clocks(): ClockComparison | undefined {
    return this.options.clocks;
  }

  /** Why nothing may be decided by the epoch it knows, if somebody found that the stream lost something. */
  get loss(): string | undefined {
    if (this.#epoch !== undefined && this.#lostEpoch === this.#epoch) return fellBack;
    for (const { record } of this.heldOf('loss')) if (record.epoch === this.#epoch) return record.reason;
    return undefined;
  }

  /** The writing services that have not confirmed the stream since it was last interrupted; for who leases. */
  get unconfirmedWriters(): string[] {
    return this.options.lease?.unconfirmed ?? [];
  }

  /** The writing services that have not yet completed this epoch. */
  get missingWriters(): string[] {
    return Object.keys(stateWriters).filter((service) => {
      return this.#held.get<'meta'>(stateKey.complete(service)).record?.epoch !== this.#epoch;
    });
  }

  /**
   * The time, on the follower's clock, up to which it is known to have had everything: when the question was *asked*, or the
   * lease written, whose answer it has applied. A process that was frozen must not trust the answers it had before.
   */
  get currentAsOf(): number {
    return this.#currentAsOf;
  }

  /** The time, on the same clock, at which the writing service heard of longest ago was still there; for who leases. */
  get confirmedAsOf(): number {
    return this.options.lease?.confirmedAsOf ?? Number.NEGATIVE_INFINITY;
  }

  /** Ids of keys that may not sign any more while something that rests on them may still be remembered. */
  get distrusted(): readonly string[] {
    return this.#distrusted;
  }

  onChange(listener: (change: StateChange) => void): void {
    this.#changeListeners.push(listener);
  }

  /**
   * Told when the bucket is another one than before, or is gone (undefined), or a key may not sign records any more:
   * everything remembered is void.
   */
  onEpoch(listener: (epoch: string | undefined) => void): void {
    this.#epochListeners.push(listener);
  }

  /** Told when the prefixes that are held whole were loaded afresh, without a change for each of their records. */
  onLoaded(listener: () => void): void {
    this.#loadedListeners.push(listener);
  }

  /** Told, for who leases, when the stream does not hold any more what had been read from it: that epoch has to be made anew. */
  onLoss(listener: (epoch: string, reason: string) => void): void {
    this.#lossListeners.push(listener);
  }

  /** @returns whether it has applied at least this much, after waiting for it up to `timeoutMs` */
  async reach(minimum: Position, timeoutMs: number): Promise<boolean> {
    const deadline = this.#now() + timeoutMs;
    for (;;) {
      const position = this.position;
      if (position && hasReached(position, minimum)) return true;
      const left = deadline - this.#now();
      if (left <= 0 || this.#stopped) return false;
      await this.#waiters.changed(left);
    }
  }

  /** A record of a prefix that is held whole. */
  held<P extends StatePrefix>(key: string): StateEntry<P> {
    return this.#held.get<P>(key);
  }

  /** All records of a prefix that is held whole, without those that ended. */
  heldOf<P extends StatePrefix>(prefix: P): Iterable<StateEntry<P> & { record: StateRecord<P> }> {
    return this.#held.of(prefix);
  }

  /**
   * A record of any prefix: remembered, or read from the leader; it is at least as new as the follower's position.
   * @throws Error when the leader does not answer
   */
  fetch<P extends StatePrefix>(key: string): Promise<StateEntry<P>> | StateEntry<P> {
    const prefix = statePrefixOf(key);
    if (this.#held.has(prefix)) return this.held<P>(key);
    return this.#fetched.fetch(key, prefix) as Promise<StateEntry<P>> | StateEntry<P>;
  }

  /**
   * What stands under a key at this moment, read from the leader whatever is remembered: for who writes on that condition.
   * @throws Error when the leader does not answer
   */
  async fetchNow<P extends StatePrefix>(key: string): Promise<StateEntry<P>> {
    const stored = await this.options.bucket.last(key);
    return (
      stored ? this.#held.decode(key, stored.sequence, stored.value) : { key, sequence: 0, record: undefined }
    ) as StateEntry<P>;
  }

  #receive(message: Msg): void {
    // Not sent by the stream: an answer of JetStream's that somebody had sent here (ADR 30).
    if (sequenceOf(message) === 0) return;
    if (!this.#synced) {
      this.#waiting.push(message);
      return;
    }
    const sequence = sequenceOf(message);
    if (sequence === this.#applied + 1) {
      this.#apply(keyOf(message), sequence, message.data);
      this.#compareClocks(message);
    } else {
      // A sequence that is not the next means that messages were lost, or that this is another bucket, or another course of it.
      if (sequence <= this.#applied) this.#interrupt();
      this.#waiting.push(message);
      void this.#resync();
    }
  }

  #apply(key: string, sequence: number, value: Uint8Array): void {
    const prefix = statePrefixOf(key);
    if (this.#held.has(prefix)) {
      this.#held.apply(key, sequence, value);
      if (prefix === 'meta' || prefix === 'loss') this.#judgeEpoch();
      else if (prefix === 'confirmation') this.#confirmed(this.#held.get<'confirmation'>(key));
    } else if (prefix !== 'lease') {
      this.#fetched.changed(key, prefix, sequence, value);
    }
    this.options.lease?.applied(key, sequence, value);
    if (sequence > this.#applied) this.#applied = sequence;
    if (prefix !== 'lease' && prefix !== 'confirmation')
      for (const listener of this.#changeListeners) listener({ key, sequence });
    this.#waiters.wake();
  }

  /** By a message that came live: what is read later tells when it was written, not what time it is. */
  #compareClocks(message: Msg): void {
    const key = keyOf(message);
    const { clocks } = this.options;
    if (!clocks || statePrefixOf(key) !== 'confirmation') return;
    const { record } = this.held<'confirmation'>(key);
    if (!record || !saidByItself(key, record.service)) return;
    const wrong = clocks.wrong;
    clocks.heard(record.service, Date.parse(fromServer(message, 'Nats-Time-Stamp') ?? ''), record.wallClockMs);
    if (clocks.wrong !== wrong) this.#judgeEpoch();
  }

  #judgeEpoch(): void {
    const { clocks } = this.options;
    this.#usable = this.missingWriters.length === 0 && this.loss === undefined && !clocks?.wrong;
  }

  #confirmed({ key, sequence, record }: StateEntry<'confirmation'>): void {
    const { lease } = this.options;
    if (
      !lease ||
      !record ||
      !saidByItself(key, record.service) ||
      record.epoch !== this.#epoch ||
      record.incarnation !== this.#incarnation
    )
      return;
    const before = lease.confirmed;
    lease.confirmedBy(record.service, sequence);
    // The last of them was waited for: the next lease counts, and need not wait for its second.
    if (!before && lease.confirmed) setImmediate(() => void this.#heartbeat());
  }

  #interrupt(): void {
    this.#interrupted = true;
    this.options.lease?.interrupted();
  }

  /** Comes into step with the stream, however far behind, and whichever bucket it is. One at a time. */
  #resync(): Promise<void> {
    this.#resyncing ??= this.#comeIntoStep().finally(() => (this.#resyncing = undefined));
    return this.#resyncing;
  }

  async #comeIntoStep(): Promise<void> {
    this.#synced = false;
    for (let pause = 20; !this.#stopped; pause = Math.min(pause * 2, 1_000)) {
      try {
        if (await this.#catchUp()) return;
      } catch (error) {
        if (pause === 20) this.options.onFault(error, 'catching up with the state stream');
      }
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
  }

  /** @returns false when there is no bucket yet */
  async #catchUp(): Promise<boolean> {
    const { bucket, lease } = this.options;
    const asked = this.#now();
    const state = await bucket.state();
    if (!state) {
      if (this.#epoch !== undefined) this.#enterEpoch(undefined);
      return false;
    }
    if (state.incarnation !== this.#incarnation) {
      this.#incarnation = state.incarnation;
      this.#interrupt();
    }
    if (await this.#keepsWhatItHas(state)) {
      for (let from = this.#applied + 1; from <= state.lastSequence;) {
        const stored = await bucket.next(from, '>');
        if (!stored) break;
        this.#apply(stored.key, stored.sequence, stored.value);
        from = stored.sequence + 1;
      }
      // What is missing below the last sequence was overwritten by a record above it.
      this.#applied = Math.max(this.#applied, state.lastSequence);
    } else {
      this.#enterEpoch(state.epoch);
      await this.#held.load();
      await this.#findEmptyPrefixes();
      this.#applied = state.lastSequence;
      this.#judgeEpoch();
      for (const listener of this.#loadedListeners) listener();
    }
    if (!this.#drainWaiting()) return this.#catchUp();
    this.#synced = true;
    if (!lease) this.#currentAsOf = asked;
    this.#waiters.wake();
    if (lease) void this.#heartbeat();
    return true;
  }

  /** Whether it can go on from what it has applied. Else it begins anew, for within an epoch nobody goes back. */
  async #keepsWhatItHas(state: BucketState): Promise<boolean> {
    if (state.epoch !== this.#epoch) return false;
    const { lease } = this.options;
    const interrupted = this.#interrupted;
    this.#interrupted = false;
    let continuity: Continuity = state.lastSequence < this.#applied ? 'lost' : interrupted ? 'unknown' : 'kept';
    try {
      if (lease && (interrupted || continuity === 'lost')) continuity = await lease.compare(this.#applied);
    } catch (error) {
      this.#interrupted ||= interrupted;
      throw error;
    }
    if (continuity === 'lost') this.#lose(state.epoch);
    return continuity === 'kept' && state.lastSequence - this.#applied <= maxGap;
  }

  #lose(epoch: string): void {
    // Who does not decide by what it remembers has nothing to lose but time: it reads all again.
    if (!this.options.lease) return;
    this.#lostEpoch = epoch;
    this.#tellLoss();
  }

  /**
   * Again and again, until there is another epoch. What was told stands in no table: where the stream lost it, too, from its middle, nobody
   * else would ever hear of it. So it is told again, though seldom, by everybody who leases and heard of it.
   */
  #tellLoss(): void {
    const { epoch, loss } = this;
    if (!this.options.lease || epoch === undefined || loss === undefined) return;
    const stands = [...this.heldOf('loss')].some(({ record }) => record.epoch === epoch);
    if (stands && this.#now() - this.#lossToldAt < lossToldEveryMs) return;
    this.#lossToldAt = this.#now();
    for (const listener of this.#lossListeners) listener(epoch, loss);
  }

  /** Applies what came in while catching up. @returns false when a gap is left */
  #drainWaiting(): boolean {
    const waiting = this.#waiting.sort((a, b) => sequenceOf(a) - sequenceOf(b));
    this.#waiting = [];
    for (const message of waiting) {
      const sequence = sequenceOf(message);
      if (sequence <= this.#applied) continue;
      if (sequence > this.#applied + 1) return false;
      this.#apply(keyOf(message), sequence, message.data);
    }
    return true;
  }

  /** What comes after this look is told as a change, and ends the emptiness. */
  async #findEmptyPrefixes(): Promise<void> {
    for (const prefix of Object.keys(stateSchemas) as StatePrefix[]) {
      if (prefix !== 'lease' && !this.#held.has(prefix) && !(await this.options.bucket.next(1, `${prefix}.>`)))
        this.#fetched.nothingUnder(prefix);
    }
  }

  /** Other keys may sign records than those under which what is remembered was read. Live changes go on meanwhile. */
  async #readAnew(removed: readonly string[]): Promise<void> {
    if (removed.length === 0 && !this.#held.refused) return;
    this.#distrusted = [...this.#distrusted, ...removed];
    for (const pause of removed.length === 0 ? [0] : [0, this.options.othersLookedMs ?? defaultOthersLookedMs]) {
      await new Promise((resolve) => setTimeout(resolve, pause).unref());
      while (!this.#stopped && !(await this.#readHeldAnew())) await new Promise((resolve) => setTimeout(resolve, 200));
      if (this.#stopped) return;
    }
    this.#distrusted = this.#distrusted.filter((id) => !removed.includes(id));
  }

  /** @returns false when the leader does not answer */
  async #readHeldAnew(): Promise<boolean> {
    const epoch = this.#epoch;
    try {
      await this.#held.readSignedAnew(() => epoch === this.#epoch);
      // Another bucket is read whole, under the keys of now.
      if (epoch !== this.#epoch) return true;
    } catch (error) {
      this.options.onFault(error, 'reading the state records again');
      return false;
    }
    if (epoch === undefined) return true;
    this.#fetched.readAnew();
    for (const listener of this.#epochListeners) listener(epoch);
    for (const listener of this.#loadedListeners) listener();
    return true;
  }

  #enterEpoch(epoch: string | undefined): void {
    this.#epoch = epoch;
    this.#usable = false;
    this.#applied = 0;
    this.#held.clear();
    this.#fetched.clear();
    this.#interrupted = false;
    // The lease was one on what had been applied. What is read now has not been confirmed by anybody yet.
    this.#currentAsOf = Number.NEGATIVE_INFINITY;
    this.options.lease?.forget();
    // They may be of the bucket before. One of the new bucket that is dropped with them leaves a gap, which is then filled.
    this.#waiting = [];
    for (const listener of this.#epochListeners) listener(epoch);
  }

  /**
   * Asks for the last sequence, or writes a lease; once all up to the answer is applied, it is known to have had everything when
   * it asked. With a lease that counts only when the writing services have confirmed the stream.
   */
  async #heartbeat(): Promise<void> {
    if (!this.#synced || this.#beating) return;
    const { bucket, lease } = this.options;
    this.#beating = true;
    try {
      this.#tellLoss();
      let asked = this.#now();
      let minimum = 0;
      if (lease) ({ asked, sequence: minimum } = await lease.write());
      const state = await bucket.state();
      if (!state || state.epoch !== this.#epoch || state.incarnation !== this.#incarnation) return void this.#resync();
      const sequence = Math.max(minimum, state.lastSequence);
      const reached = await this.reach({ epoch: state.epoch, sequence }, 500);
      if (!reached) {
        if (this.#synced) void this.#resync();
      } else if (lease?.confirmed ?? true) this.#currentAsOf = Math.max(this.#currentAsOf, asked);
    } catch (error) {
      this.options.onFault(error, lease ? 'renewing the lease' : 'asking for the last sequence of the state stream');
      // One that is not taken, or not in time, leaves the lease to end; the next shows whether this one stands.
      if (!(error instanceof LeaseBroken) || this.#stopped) return;
      this.#interrupt();
      void this.#resync();
    } finally {
      this.#beating = false;
    }
  }

  /** Messages are lost while the connection is away, and nothing says so afterwards but the sequence. */
  async #watchConnection(): Promise<void> {
    for await (const status of this.options.connection.status()) {
      if (this.#stopped) return;
      if (status.type === 'reconnect' || status.type === 'slowConsumer') void this.#resync();
    }
  }
}

/** A service writes its own key alone, and speaks for itself alone. */
function saidByItself(key: string, service: string): boolean {
  return service in stateWriters && key === stateKey.confirmation(service);
}

/** 0 for what was not sent by the stream. */
function sequenceOf(message: Msg): number {
  return Number(fromServer(message, 'Nats-Sequence')) || 0;
}

/**
 * A header that the server has set, once. Who may write one key of the bucket may send headers of the same names with it: the server
 * puts its own beside them. Such a message is left out, and read from the stream's leader instead, which tells key and
 * sequence outside of the headers.
 */
function fromServer({ headers }: Msg, name: string): string | undefined {
  const values = headers?.values(name) ?? [];
  return values.length === 1 ? values[0] : undefined;
}

/** By the subject, which nobody but the stream may publish to; a header of the same content could be its sender's. */
function keyOf({ subject }: Msg): string {
  return subject.slice(stateRepublishPrefix.length);
}
