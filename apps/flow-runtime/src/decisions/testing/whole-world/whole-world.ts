import { stateKey, stateWriters, type StateRecord, type StateWriter } from '@sluice/contracts';
import { RecordReader, RecordSigner } from '@sluice/messaging';
import { generateKeyPairSync } from 'node:crypto';
import type { CallDecision } from '../../decide-call.js';
import { Chance } from './chance.js';
import { leaseMs, SimulatedDecider, SimulatedRuntime, SimulatedWriter, type Parts } from './processes.js';
import { SimulatedBus } from './simulated-bus.js';
import { SimulatedPostgres, type Truth } from './simulated-postgres.js';

const { privateKey, publicKey } = generateKeyPairSync('ed25519');
const signer = new RecordSigner(privateKey.export({ type: 'pkcs8', format: 'pem' }) as string);
const reader = new RecordReader([publicKey.export({ type: 'spki', format: 'pem' }) as string]);

const writers = Object.keys(stateWriters) as StateWriter[];
const instanceKey = stateKey.instance('c');
const roleKey = stateKey.role('A');

/** What can happen, with how often it does among all that happens. */
export const events = {
  'grant the key': 6,
  'revoke the key': 6,
  'give the role': 3,
  'take the role away': 3,
  'deploy a flow': 3,
  call: 110,
  'kill NATS': 1,
  'lose the power of NATS': 1.5,
  'elect another leader': 1.5,
  'tear the tail of the store': 1,
  'copy the store': 2,
  'put a copy back': 0.7,
  'fill the disk': 1,
  'make room': 5,
  'part a runtime': 1,
  'part a decider': 1,
  'part a writer': 1,
  'mend the network': 8,
  'kill a runtime': 1,
  'kill a decider': 1,
  'kill a writer': 1.5,
  'kill a writer for long': 0.5,
  'Postgres goes away': 1,
  'Postgres is back': 5,
  'the clock jumps': 1,
  'time passes': 20,
} as const;
export type Event = keyof typeof events;

/** How long a process that was killed is away, in milliseconds, at the most. */
const maxRestartMs = 3_000;
const maxLongRestartMs = 45_000;
/** So long a service may take to come into step before it tells of a change, or the lease must end. */
const tellingMs = 5_000;

/** So long after the last fault everything has to work again. */
export const healedWithinMs = 30_000;

/**
 * Everything that decides, on one machine of simulated time: Postgres, the bus with its disk and network, the three writing services with
 * their relays, two deciders, two runtimes. The following, the leases, the confirmations, the caches and the decision are the real code.
 */
export class WholeWorld {
  readonly chance: Chance;
  readonly postgres = new SimulatedPostgres();
  readonly bus: SimulatedBus;
  readonly violations: string[] = [];
  readonly counts = { permitted: 0, refused: 0, undecided: 0, losses: 0 };
  #clockOffset = 0;
  readonly #parts: Parts;
  readonly #writers = new Map<StateWriter, SimulatedWriter>();
  #deciders: SimulatedDecider[] = [];
  #runtimes: SimulatedRuntime[] = [];
  #flows = 0;
  /** When each service was last unable to tell of a change. */
  readonly #troubleAt = new Map<StateWriter, number>();

  constructor(seed: number) {
    this.chance = new Chance(seed);
    this.bus = new SimulatedBus(this.chance);
    this.#parts = {
      bus: this.bus,
      postgres: this.postgres,
      signer,
      reader,
      clockOffset: () => this.#clockOffset,
    };
    this.#commit('key-management', this.#instance(true), true);
    this.#commit('authorization', this.#role(true), true);
    for (const writer of writers) this.#writers.set(writer, new SimulatedWriter(this.#parts, writer));
    for (let count = 0; count < 2; count++) {
      this.#deciders.push(new SimulatedDecider(this.#parts));
      this.#runtimes.push(new SimulatedRuntime(this.#parts, () => this.#deciders));
    }
  }

  /** Lets one thing happen. */
  take(event: Event): void {
    const { bus, chance, postgres } = this;
    this.#noteTrouble();
    const happen: Record<Event, () => void> = {
      'grant the key': () => this.#commit('key-management', this.#instance(true), true),
      'revoke the key': () => this.#commit('key-management', this.#instance(false), false),
      'give the role': () => this.#commit('authorization', this.#role(true), true),
      'take the role away': () => this.#commit('authorization', this.#role(false), false),
      'deploy a flow': () => this.#commit('flow-runtime', this.#flow(), true),
      call: () => this.#call(chance.pick(this.#runtimes)),
      'kill NATS': () => bus.kill(),
      'lose the power of NATS': () => bus.running && bus.losePower(),
      'elect another leader': () => bus.running && bus.electAnother(),
      'tear the tail of the store': () => bus.running && bus.tearTail(),
      'copy the store': () => bus.copyStore(),
      'put a copy back': () => bus.running && bus.restore(),
      'fill the disk': () => (bus.diskIsFull = true),
      'make room': () => (bus.diskIsFull = false),
      'part a runtime': () => this.#part(chance.pick(this.#runtimes)),
      'part a decider': () => this.#part(chance.pick(this.#deciders)),
      'part a writer': () => this.#part(this.#writers.get(chance.pick(writers) as StateWriter)),
      'mend the network': () => this.#mend(),
      'kill a runtime': () => this.#killRuntime(),
      'kill a decider': () => this.#killDecider(),
      'kill a writer': () => this.#killWriter(chance.pick(writers) as StateWriter, maxRestartMs),
      'kill a writer for long': () => this.#killWriter(chance.pick(writers) as StateWriter, maxLongRestartMs),
      'Postgres goes away': () => (postgres.away = true),
      'Postgres is back': () => (postgres.away = false),
      'the clock jumps': () => (this.#clockOffset = chance.between(-3_600_000, 3_600_000)),
      'time passes': () => undefined,
    };
    happen[event]();
    this.#noteTrouble();
  }

  /** No fault lasts any longer. */
  endFaults(): void {
    this.bus.diskIsFull = false;
    this.postgres.away = false;
    this.#clockOffset = 0;
    for (const writer of writers) this.#startWriter(writer);
    this.#mend();
  }

  /** Calls once through each runtime, when everything must work. */
  async expectWorking(): Promise<void> {
    const granted = this.#newest(instanceKey).grants && this.#newest(roleKey).grants;
    for (const runtime of this.#runtimes) {
      let decision = await runtime.call();
      // The network goes on losing a message now and then.
      for (let tries = 0; decision.outcome === 'undecided' && tries < 5; tries++) {
        await new Promise((resolve) => setTimeout(resolve, 1_000));
        decision = await runtime.call();
      }
      const right = granted ? decision.outcome === 'permitted' : decision.outcome !== 'permitted';
      if (!right || decision.outcome === 'undecided')
        this.violations.push(
          `${healedWithinMs / 1_000} s after the last fault a call that is ${granted ? 'allowed' : 'denied'} was ${decision.outcome}` +
            ` (${JSON.stringify(this.#states(runtime))})`,
        );
    }
  }

  #states(runtime: SimulatedRuntime): unknown {
    const { follower } = runtime;
    return {
      bus: this.bus.state(),
      position: follower.position,
      ready: follower.ready,
      loss: follower.loss,
      missing: follower.missingWriters,
      unconfirmed: follower.unconfirmedWriters,
      standing: [...this.#writers.values()].map(({ confirmState }) => confirmState.standing),
    };
  }

  #call(runtime: SimulatedRuntime | undefined): void {
    if (!runtime) return;
    const began = performance.now();
    const judge = (decision: CallDecision) => this.#judge(decision, began);
    const decision = runtime.call();
    if (decision instanceof Promise) void decision.then(judge);
    else judge(decision);
  }

  /** A permit must not rest on what ended longer than a lease ago; a refusal must not tell of what was granted for as long. */
  #judge(decision: CallDecision, began: number): void {
    const now = performance.now();
    if (decision.outcome === 'undecided') {
      this.counts.undecided++;
      return;
    }
    if (decision.outcome === 'permitted') this.counts.permitted++;
    else this.counts.refused++;
    for (const key of [instanceKey, roleKey]) {
      const ended = this.#deniedSince(key);
      if (decision.outcome === 'permitted' && ended !== undefined && now - ended > leaseMs)
        this.violations.push(`permitted ${Math.round(now - ended)} ms after it was acknowledged that ${key} ended`);
    }
    for (const [key, writer] of [
      [instanceKey, 'key-management'],
      [roleKey, 'authorization'],
    ] as const) {
      const { grants, committedAt } = this.#newest(key);
      const since = now - Math.max(committedAt, this.#troubleAt.get(writer) ?? 0);
      if (decision.outcome === 'permitted' && !grants && since > leaseMs + tellingMs)
        this.violations.push(`permitted though ${writer} has had ${Math.round(since)} ms to tell that ${key} ended`);
    }
    const granted = Math.max(this.#grantedSince(instanceKey), this.#grantedSince(roleKey));
    if (decision.outcome !== 'permitted' && began - granted > leaseMs)
      this.violations.push(`${decision.outcome} though it had been granted for ${Math.round(began - granted)} ms`);
  }

  /** Since when it is acknowledged that a record denies, if it does and did all the time. */
  #deniedSince(key: string): number | undefined {
    let since: number | undefined;
    for (const { grants, acknowledgedAt } of this.postgres.truths.get(key) ?? []) {
      if (grants) since = undefined;
      else since ??= acknowledgedAt;
    }
    return since;
  }

  /** Since when it is acknowledged that a record grants; infinity: it does not, or nobody may expect it yet. */
  #grantedSince(key: string): number {
    let since = Number.POSITIVE_INFINITY;
    for (const { grants, acknowledgedAt } of this.postgres.truths.get(key) ?? []) {
      if (!grants || acknowledgedAt === undefined) since = Number.POSITIVE_INFINITY;
      else if (since === Number.POSITIVE_INFINITY) since = acknowledgedAt;
    }
    return since;
  }

  #newest(key: string): Truth {
    return this.postgres.truths.get(key)?.at(-1) as Truth;
  }

  #commit(writer: StateWriter, record: StateRecord, grants: boolean): void {
    if (!this.postgres.away) this.postgres.commit(writer, record, grants);
  }

  #instance(grants: boolean): StateRecord {
    return {
      key: instanceKey,
      version: this.postgres.nextVersion(),
      deleted: !grants,
      id: 'c',
      name: 'c',
      plan: 'integration-flow',
      roles: [],
    };
  }

  #role(grants: boolean): StateRecord {
    return { key: roleKey, version: this.postgres.nextVersion(), deleted: !grants, name: 'A' };
  }

  #flow(): StateRecord {
    const id = `f${++this.#flows % 5}`;
    const version = this.postgres.nextVersion();
    return { key: stateKey.flow(id), version, deleted: false, id, name: id, endpoints: [], definition: {} };
  }

  #part(process: { client: { parted: boolean } } | undefined): void {
    if (process) process.client.parted = true;
  }

  #mend(): void {
    for (const { client } of [...this.#writers.values(), ...this.#deciders, ...this.#runtimes]) client.parted = false;
  }

  #later(what: () => void, maxMs = maxRestartMs): void {
    setTimeout(what, this.chance.between(200, maxMs));
  }

  #killRuntime(): void {
    const victim = this.chance.pick(this.#runtimes);
    if (!victim) return;
    victim.end();
    this.#runtimes = this.#runtimes.filter((runtime) => runtime !== victim);
    this.#later(() => this.#runtimes.push(new SimulatedRuntime(this.#parts, () => this.#deciders)));
  }

  #killDecider(): void {
    const victim = this.chance.pick(this.#deciders);
    if (!victim) return;
    victim.end();
    this.#deciders = this.#deciders.filter((decider) => decider !== victim);
    this.#later(() => this.#deciders.push(new SimulatedDecider(this.#parts)));
  }

  #killWriter(writer: StateWriter, maxMs: number): void {
    const victim = this.#writers.get(writer);
    if (!victim) return;
    victim.end();
    this.#writers.delete(writer);
    this.#later(() => this.#startWriter(writer), maxMs);
  }

  #startWriter(writer: StateWriter): void {
    if (this.#writers.has(writer)) return;
    this.#writers.set(writer, new SimulatedWriter(this.#parts, writer));
    this.#troubleAt.set(writer, performance.now());
  }

  /** A service that is away, or cut off, or has no Postgres, tells nobody of what was committed. */
  #noteTrouble(): void {
    for (const writer of writers) {
      const process = this.#writers.get(writer);
      if (!process || process.client.parted || !process.client.connected || this.postgres.away)
        this.#troubleAt.set(writer, performance.now());
    }
  }
}
