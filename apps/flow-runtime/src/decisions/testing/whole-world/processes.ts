import {
  defaultLeaseMs,
  stateKey,
  stateWriters,
  verifyCertificate,
  type StateRecord,
  type StateWriter,
} from '@sluice/contracts';
import { hasReached, SluiceError, type Position } from '@sluice/domain';
import {
  StateFollower,
  StateLease,
  type RecordReader,
  type RecordSigner,
  type StateBucket,
  type StatePublisher,
} from '@sluice/messaging';
import {
  ConfirmState,
  createLog,
  findAheadOfPostgres,
  keepRepairing,
  Metrics,
  type Repairing,
} from '@sluice/service-shell';
import type { NatsConnection } from '@nats-io/transport-node';
import type { Endpoint } from '../../../flows/deployed-flows.js';
import { DecideCall, type CallDecision, type Refusal } from '../../decide-call.js';
import type { Requester } from '../../ask-again.js';
import { PermitCache } from '../../permit-cache.js';
import { RefusalCache } from '../../refusal-cache.js';
import type { BusClient, SimulatedBus } from './simulated-bus.js';
import type { SimulatedPostgres } from './simulated-postgres.js';

export const leaseMs = defaultLeaseMs;
export const writersAbsentMs = 60_000;
export const refusalMs = 2_000;

export const endpoint = {
  flowId: 'f',
  endpointId: 'sender',
  sender: { authorization: { type: 'UserRole', role: 'A' } },
} as unknown as Endpoint;

export interface Parts {
  readonly bus: SimulatedBus;
  readonly postgres: SimulatedPostgres;
  readonly signer: RecordSigner;
  readonly reader: RecordReader;
  /** How far the wall clock is from the true time, in milliseconds. */
  readonly clockOffset: () => number;
}

const now = () => performance.now();
const log = createLog('simulated', 'silent');

/** What a process of any service has: a connection, a follower, timers; all of it ends with the process. */
abstract class SimulatedProcess {
  readonly client: BusClient;
  abstract readonly follower: StateFollower;
  readonly #timers: NodeJS.Timeout[] = [];

  constructor(protected readonly parts: Parts) {
    this.client = parts.bus.connect();
    if (!parts.bus.running) this.client.connected = false;
  }

  protected follow(holds: ConstructorParameters<typeof StateFollower>[0]['holds'], lease?: StateLease): StateFollower {
    const follower = new StateFollower({
      connection: this.client.connection as unknown as NatsConnection,
      bucket: this.client.bucket as unknown as StateBucket,
      reader: this.parts.reader,
      holds,
      capacity: 100,
      now,
      ...(lease ? { lease } : {}),
      onFault: () => undefined,
    });
    follower.start();
    return follower;
  }

  protected every(ms: number, work: () => Promise<void>): void {
    let busy = false;
    this.#timers.push(
      setInterval(() => {
        if (busy) return;
        busy = true;
        work()
          .catch(() => undefined)
          .finally(() => (busy = false));
      }, ms),
    );
  }

  /** SIGKILL. */
  end(): void {
    for (const timer of this.#timers) clearInterval(timer);
    this.follower.stop();
    this.client.close();
  }
}

/** A writing service: its relay, its confirmations, its repairs, and what fills an empty stream, as `PublishedChanges` has them. */
export class SimulatedWriter extends SimulatedProcess {
  readonly follower: StateFollower;
  readonly confirmState: ConfirmState;
  readonly #repairing: Repairing;

  constructor(
    parts: Parts,
    readonly writer: StateWriter,
  ) {
    super(parts);
    this.follower = this.follow([]);
    const { bucket, publisher } = this.client;
    const acknowledgements = parts.postgres.acknowledgementsOf(writer);
    this.confirmState = new ConfirmState({
      writer,
      bucket: bucket as unknown as StateBucket,
      publisher: publisher as unknown as StatePublisher,
      follower: this.follower,
      acknowledgements,
      findAheadOfPostgres: (epoch, above) =>
        findAheadOfPostgres(
          {
            writer,
            bucket: bucket as unknown as StateBucket,
            reader: parts.reader,
            acknowledgements,
            records: async function* () {
              yield* parts.postgres.recordsOf(writer, stateWriters[writer]);
            },
          },
          epoch,
          above,
        ),
      restoreEvents: () => Promise.resolve(0),
      onStanding: () => this.#repairing.atOnce(),
      remake: writer === 'key-management' ? (epoch) => this.#remake(epoch) : undefined,
      log,
      now,
      wallNow: now,
    });
    this.#repairing = keepRepairing(
      { log, metrics: new Metrics(), onFault: () => undefined },
      {
        writer,
        bucket: bucket as unknown as StateBucket,
        publisher: publisher as unknown as StatePublisher,
        reader: parts.reader,
        pendingKeys: () => parts.postgres.pendingKeysOf(writer),
        records: async function* () {
          parts.postgres.mustBeThere();
          yield* parts.postgres.recordsOf(writer, stateWriters[writer]);
        },
        encode: (record) => this.#encode(record),
        goesOn: () => this.confirmState.standing,
      },
    );
    void this.#doubtAfterReconnecting();
    this.every(50, () => this.#relay());
    this.every(250, () => this.#fillIfMissing());
    this.every(1_000, () =>
      this.confirmState.execute().catch((error: unknown) => {
        this.confirmState.doubt();
        throw error;
      }),
    );
  }

  override end(): void {
    this.#repairing.stop();
    super.end();
  }

  async #doubtAfterReconnecting(): Promise<void> {
    for await (const { type } of this.client.connection.status()) if (type === 'reconnect') this.confirmState.doubt();
  }

  #encode(record: StateRecord): Uint8Array {
    return record.key.startsWith('instance.')
      ? this.parts.signer.encode(record)
      : new TextEncoder().encode(JSON.stringify(record));
  }

  async #relay(): Promise<void> {
    const { postgres } = this.parts;
    for (const record of [...postgres.outboxOf(this.writer)]) {
      const { epoch } = this.follower;
      const acknowledged = this.confirmState.expectAcknowledgement();
      const sequence = await this.client.publisher.publish(record.key, record.version, this.#encode(record));
      acknowledged(sequence);
      postgres.end(this.writer, record, this.follower.epoch === epoch ? epoch : undefined, sequence, now());
    }
  }

  async #fillIfMissing(): Promise<void> {
    const { follower, writer } = this;
    const { bucket, publisher } = this.client;
    if (follower.position && !follower.missingWriters.includes(writer)) return;
    let state = await bucket.state();
    if (!state && writer === 'key-management') {
      await bucket.create();
      state = await bucket.state();
    }
    if (!state) return;
    const { epoch } = state;
    const key = stateKey.complete(writer);
    if (await bucket.last(key)) return;
    const acknowledgements = this.parts.postgres.acknowledgementsOf(writer);
    for (const record of this.parts.postgres.recordsOf(writer, stateWriters[writer]))
      await publisher.publish(record.key, record.version, this.#encode(record));
    await acknowledgements.enterEpoch({ epoch, completedAtSequence: 0 });
    const marker = { key, version: 1, deleted: false, service: writer, epoch };
    const value = new TextEncoder().encode(JSON.stringify(marker));
    const completedAtSequence = await publisher.publish(key, 1, value);
    await acknowledgements.enterEpoch({ epoch, completedAtSequence });
  }

  /** As `RebuildState` has it. */
  async #remake(epoch: string): Promise<void> {
    const { bucket } = this.client;
    if ((await bucket.state())?.epoch === epoch) {
      await bucket.seal();
      await bucket.remove();
    }
    await bucket.create();
  }
}

/** Verifier and authorization in one: answers from what it follows, as both do. */
export class SimulatedDecider extends SimulatedProcess {
  readonly follower: StateFollower;

  constructor(parts: Parts) {
    super(parts);
    this.follower = this.follow(['role']);
  }

  async answer(toVerifier: boolean, minimum: Position): Promise<unknown> {
    const { follower } = this;
    if (!follower.ready) throw new SluiceError('behind', 'not ready');
    await follower.reach(minimum, 500);
    const asOf = follower.position;
    if (!asOf || !hasReached(asOf, minimum)) throw new SluiceError('behind', 'behind');
    const key = toVerifier ? stateKey.instance('c') : stateKey.role('A');
    const { sequence, record } = await follower.fetch(key);
    if (follower.position?.epoch !== asOf.epoch) throw new SluiceError('behind', 'behind');
    const dependencies = [{ key, sequence }];
    const granted = record !== undefined;
    if (!toVerifier)
      return {
        outcome: granted ? 'permit' : 'deny',
        reasons: [],
        asOf,
        dependencies,
        serviceInstanceId: 'c',
      };
    return {
      outcome: granted ? 'accepted' : 'refused',
      sha256: 'ab',
      subjectdn: '',
      serviceInstanceId: 'c',
      checks: [],
      asOf,
      validUntilMs: Number.MAX_SAFE_INTEGER,
      dependencies,
      verifier: 'v',
    };
  }
}

/** A flow runtime with the real follower, lease, caches and decision. */
export class SimulatedRuntime extends SimulatedProcess {
  readonly follower: StateFollower;
  readonly decideCall: DecideCall;

  constructor(parts: Parts, deciders: () => readonly SimulatedDecider[]) {
    super(parts);
    const { bucket, publisher } = this.client;
    const lease = new StateLease({ bucket, publisher, now, drawSlot: () => parts.bus.chance.between(0, 4_095) });
    this.follower = this.follow(['flow', 'role'], lease);
    this.follower.onLoss((epoch, reason) => void this.#report(epoch, reason));
    this.decideCall = new DecideCall({
      state: this.follower,
      permits: new PermitCache(100),
      refusals: new RefusalCache<Refusal>(100, refusalMs, now),
      requests: this.#requester(deciders),
      leaseMs,
      writersAbsentMs,
      maximumQuestions: 16,
      now: () => now() + parts.clockOffset(),
      monotonicNow: now,
    });
    this.follower.onChange(({ key, sequence }) => this.decideCall.changed(key, sequence));
    this.follower.onEpoch(() => this.decideCall.clear());
  }

  call(): Promise<CallDecision> | CallDecision {
    const permit = this.decideCall.cached('ab', endpoint);
    if (permit) return { outcome: 'permitted', permit };
    return this.decideCall.decide({ sha256: 'ab', leaf: Buffer.from('ab'), chain: () => [] }, endpoint);
  }

  async #report(epoch: string, reason: string): Promise<void> {
    const key = stateKey.loss('flow-runtime');
    const record = { key, version: 1, deleted: false, service: 'flow-runtime', epoch, reason };
    const value = new TextEncoder().encode(JSON.stringify(record));
    // Told again when it did not arrive.
    await this.client.publisher.publishAlways(key, 1, value).catch(() => undefined);
  }

  #requester(deciders: () => readonly SimulatedDecider[]): Requester {
    const { chance } = this.parts.bus;
    const travel = () => new Promise<void>((resolve) => setTimeout(resolve, chance.between(0, 30)));
    return {
      call: async (contract, request) => {
        const decider = chance.pick(deciders().filter(({ client }) => client.connected && !client.parted));
        if (!decider || !this.client.connected || this.client.parted) {
          await travel();
          throw new SluiceError('unavailable', 'nobody answers');
        }
        await travel();
        const { minimum } = request as { minimum: Position };
        const answer = await decider
          .answer((contract as unknown) === verifyCertificate, minimum)
          .catch((error: unknown) => {
            throw error instanceof SluiceError ? error : new SluiceError('internal', String(error));
          });
        await travel();
        if (!this.client.connected) throw new SluiceError('unavailable', 'the bus is away');
        return answer as never;
      },
    };
  }
}
