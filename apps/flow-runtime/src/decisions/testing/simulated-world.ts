import {
  verifyAccess,
  verifyCertificate,
  type decide,
  type RequestContract,
  type RequestOf,
  type ResponseOf,
} from '@sluice/contracts';
import { SluiceError, type Dependency, type Position } from '@sluice/domain';
import { setImmediate } from 'node:timers/promises';
import type { Endpoint } from '../../flows/deployed-flows.js';
import type { Caller as ShownCaller } from '../caller.js';
import { DecideCall, type CallDecision, type FollowedState, type Refusal } from '../decide-call.js';
import { PermitCache, type Permit } from '../permit-cache.js';
import { RefusalCache } from '../refusal-cache.js';

export const leaseMs = 1_000;
export const writersAbsentMs = 60_000;
export const refusalMs = 400;

const endpoint = {
  flowId: 'f',
  endpointId: 'sender',
  sender: { authorization: { type: 'UserRole', role: 'A' } },
} as unknown as Endpoint;

const byCertificate = ['root.r', 'credential.ab', 'unpinned.n', 'guard.n'] as const;
const byToken = ['token-key.t', 'revoked-tokens.k'] as const;
const byRole = ['flow.f', 'role.A', 'instance.i'] as const;

/**
 * What a call rests on, by what its caller shows: the certificate `ab`, a token that was had by a secret, or one that was had by that
 * certificate and is good with it. A denied `revoked-tokens.k` is a token that its client revoked, a denied `guard.n` a certificate
 * that was renewed since.
 */
export const keysOf = {
  certificate: [...byCertificate, ...byRole],
  'token of a secret': [...byToken, 'secret.s', ...byRole],
  'token of a certificate': [...byToken, ...byCertificate, ...byRole],
} as const;
export type Shown = keyof typeof keysOf;
export type Key = (typeof keysOf)[Shown][number];

interface Change {
  readonly key: string;
  /** Whether, as far as this record goes, the call is allowed. */
  readonly granted: boolean;
}

export interface AskedCall {
  readonly at: Position | undefined;
  decision?: CallDecision;
}

type Caller = RequestOf<typeof decide>['caller'];

interface Question {
  readonly sha256?: string;
  readonly chain?: readonly Uint8Array[];
}

/**
 * The state stream as its leader has it, a runtime, two verifiers and an authorization that lag behind it each in its own
 * way, and answers that travel until they are delivered. The deciding code is the real one.
 */
export class SimulatedWorld {
  readonly keys: readonly Key[];
  clock = 0;
  #epoch = 1;
  readonly #logs = new Map<string, Change[]>([['1', []]]);
  #runtime: Position | undefined = { epoch: '1', sequence: 0 };
  /** Else it keeps what it has applied, and applies nothing more until it is in step again. */
  #inStep = true;
  /** Two verifiers and authorization. */
  readonly #services: Position[] = [0, 1, 2].map(() => ({ epoch: '1', sequence: 0 }));
  #nextVerifier = 0;
  #asOf = 0;
  #beat: { asked: number; position: Position } | undefined;
  #deniedSince: number | undefined;
  #waiting: (() => void)[] = [];
  /** Questions to the verifiers, and to authorization. */
  verifications = 0;
  authorizations = 0;
  /** Calls of the runtime that runs now, and the permits it gave. */
  calls: AskedCall[] = [];
  given = new Set<Permit>();
  permits = new PermitCache(100);
  refusals = new RefusalCache<Refusal>(20, refusalMs, () => this.clock);
  decideCall = this.#start();

  constructor(private readonly shown: Shown = 'certificate') {
    this.keys = keysOf[shown];
  }

  #start(): DecideCall {
    return new DecideCall({
      state: this.#followed(),
      permits: this.permits,
      refusals: this.refusals,
      requests: { call: (contract, request) => this.#answer(contract, request) },
      leaseMs,
      writersAbsentMs,
      maximumQuestions: 8,
      now: () => 0,
      monotonicNow: () => this.clock,
    });
  }

  /** What the runtime's follower says at the moment it is asked. */
  #followed(): FollowedState {
    const properties = {
      usable: { get: () => this.#runtime !== undefined },
      position: { get: () => (this.#inStep ? this.#runtime : undefined) },
      currentAsOf: { get: () => this.#asOf },
      confirmedAsOf: { get: () => this.#asOf },
    };
    return Object.defineProperties({}, properties) as FollowedState;
  }

  get outcomes(): (CallDecision['outcome'] | undefined)[] {
    return this.calls.map(({ decision }) => decision?.outcome);
  }

  get cachedPermit(): Permit | undefined {
    return this.decideCall.cached(this.shown === 'certificate' ? 'ab' : 'token ab', endpoint);
  }

  get runtimePosition(): Position | undefined {
    return this.#runtime;
  }

  get head(): Position {
    return { epoch: String(this.#epoch), sequence: this.#log.length };
  }

  /** Milliseconds since the newest change that denied the call; undefined when it is allowed. */
  get deniedFor(): number | undefined {
    return this.#deniedSince === undefined ? undefined : this.clock - this.#deniedSince;
  }

  get #log(): Change[] {
    return this.#logs.get(String(this.#epoch)) as Change[];
  }

  #stateOf(key: string, at: Position): Dependency & { granted: boolean } {
    const log = this.#logs.get(at.epoch) ?? [];
    for (let sequence = Math.min(at.sequence, log.length); sequence > 0; sequence--) {
      const change = log[sequence - 1];
      if (change?.key === key) return { key, sequence, granted: change.granted };
    }
    return { key, sequence: 0, granted: this.keys.includes(key as Key) };
  }

  #isGrantedAt(at: Position): boolean {
    return this.keys.every((key) => this.#stateOf(key, at).granted);
  }

  /**
   * Whether no change up to a position ended what the call rests on for good: each record allowed it there, or later, for
   * verifiers may know more than the runtime.
   */
  mayBePermittedAt({ epoch, sequence: from }: Position): boolean {
    const last = this.#logs.get(epoch)?.length ?? 0;
    return this.keys.every((key) => {
      for (let sequence = from; sequence <= last; sequence++)
        if (this.#stateOf(key, { epoch, sequence }).granted) return true;
      return false;
    });
  }

  /** Whether the call was denied in some state from one position on up to the newest of its epoch. */
  wasDeniedSince(from: Position): boolean {
    const last = this.#logs.get(from.epoch)?.length ?? 0;
    for (let sequence = from.sequence; sequence <= last; sequence++) {
      if (!this.#isGrantedAt({ epoch: from.epoch, sequence })) return true;
    }
    return false;
  }

  /** A state in which everybody is in step. */
  startWith(key: Key, granted: boolean): void {
    this.change(key, granted);
    this.applyNext();
    this.advanceServices(1);
  }

  change(key: Key, granted: boolean): void {
    this.#log.push({ key, granted });
    const allowed = this.#isGrantedAt(this.head);
    this.#deniedSince = allowed ? undefined : (this.#deniedSince ?? this.clock);
  }

  applyNext(): void {
    const runtime = this.#runtime;
    const change = runtime && this.#logs.get(runtime.epoch)?.[runtime.sequence];
    if (!this.#inStep || !change || runtime.epoch !== this.head.epoch) return;
    this.#runtime = { ...runtime, sequence: runtime.sequence + 1 };
    this.decideCall.changed(change.key, runtime.sequence + 1);
  }

  /** What was applied before is heard of again. */
  hearAgain(back: number): void {
    const runtime = this.#runtime;
    const sequence = runtime ? runtime.sequence - back : 0;
    const change = runtime && this.#logs.get(runtime.epoch)?.[sequence - 1];
    if (change) this.decideCall.changed(change.key, sequence);
  }

  /** What was missed is read from the leader, which has the newest record of each key. */
  catchUp(): void {
    const runtime = this.#runtime;
    if (runtime?.epoch !== this.head.epoch) return;
    this.#inStep = true;
    const missed = this.#log.map(({ key }, index) => ({ key, sequence: index + 1 })).slice(runtime.sequence);
    this.#runtime = this.head;
    for (const { key, sequence } of missed) {
      if (!missed.some((later) => later.key === key && later.sequence > sequence))
        this.decideCall.changed(key, sequence);
    }
  }

  /** The runtime asks for the last sequence. */
  askForHead(): void {
    this.#beat = { asked: this.clock, position: this.head };
  }

  /** The answer arrives: the lease begins when it was asked for, once everything up to it is applied. */
  hearHead(): void {
    const beat = this.#beat;
    if (!beat || beat.position.epoch !== this.head.epoch) return;
    this.#beat = undefined;
    if (this.#runtime && this.#runtime.epoch !== beat.position.epoch) {
      this.decideCall.clear();
      this.#runtime = undefined;
    } else if (!this.#runtime) {
      this.#runtime = this.head;
      this.#inStep = true;
      this.#asOf = beat.asked;
    } else {
      if (!this.#inStep || this.#runtime.sequence < beat.position.sequence) this.catchUp();
      this.#asOf = Math.max(this.#asOf, beat.asked);
    }
  }

  /** The bucket is lost and filled anew, in another order; what was denied stays denied. */
  recreate(rotation: number): void {
    const log = this.keys.map((key) => ({ key, granted: this.#stateOf(key, this.head).granted }));
    this.#epoch++;
    this.#logs.set(String(this.#epoch), [...log.slice(rotation), ...log.slice(0, rotation)]);
    this.#services.fill({ epoch: String(this.#epoch), sequence: 0 });
  }

  advance(service: number, by: number): void {
    const position = this.#services[service];
    if (position?.epoch === this.head.epoch)
      this.#services[service] = { ...position, sequence: Math.min(this.#log.length, position.sequence + by) };
  }

  advanceServices(by: number): void {
    for (const service of this.#services.keys()) this.advance(service, by);
  }

  /** The connection to the bus was lost, or a message of the stream. */
  fallOutOfStep(): void {
    this.#inStep = false;
  }

  /** The runtime is so far behind that it drops everything and loads afresh: no change is told one by one. */
  fallFarBehind(): void {
    this.decideCall.clear();
    this.#runtime = undefined;
  }

  /** Everybody comes into step, and every answer arrives. */
  async settle(): Promise<void> {
    this.advanceServices(this.#log.length);
    // The first time the runtime may see that the bucket is another one, and load it the second time.
    for (let beat = 0; beat < 2; beat++) {
      this.askForHead();
      this.hearHead();
    }
    await this.deliverAll();
  }

  restartRuntime(): void {
    this.permits = new PermitCache(100);
    this.refusals = new RefusalCache<Refusal>(20, refusalMs, () => this.clock);
    this.#runtime = undefined;
    this.#inStep = true;
    this.#beat = undefined;
    this.#waiting = [];
    this.calls = [];
    this.given = new Set();
    this.decideCall = this.#start();
  }

  time(by: number): void {
    this.clock += by;
  }

  ask({ sha256 = 'ab', chain = [] }: Question = {}): void {
    const call: AskedCall = { at: this.#runtime };
    this.calls.push(call);
    const certificate = { sha256, leaf: Buffer.from(sha256), chain: () => chain };
    const token = { shown: `token ${sha256}`, token: 'x' };
    const callers: Readonly<Record<Shown, ShownCaller>> = {
      certificate,
      'token of a secret': token,
      'token of a certificate': { ...token, certificate },
    };
    void this.decideCall.decide(callers[this.shown], endpoint).then((decision) => {
      call.decision = decision;
      if (decision.outcome === 'permitted') this.given.add(decision.permit);
    });
  }

  async deliver(which: number): Promise<void> {
    await setImmediate();
    this.#waiting.splice(which % Math.max(1, this.#waiting.length), 1)[0]?.();
    await setImmediate();
  }

  async deliverAll(): Promise<void> {
    do await this.deliver(0);
    while (this.#waiting.length > 0);
  }

  /** The services compute an answer at once, from what they have applied; it travels until it is delivered. */
  #answer<C extends RequestContract>(contract: C, request: RequestOf<C>): Promise<ResponseOf<C>> {
    const { minimum, caller, ...verified } = request as {
      minimum: Position;
      leaf?: string;
      certificate?: { leaf: string };
      caller?: Caller;
    };
    const ofToken = (contract as RequestContract) === verifyAccess;
    const toVerifier = ofToken || (contract as RequestContract) === verifyCertificate;
    if (toVerifier) this.verifications++;
    else this.authorizations++;
    const service = toVerifier ? this.#nextVerifier++ % 2 : 2;
    const asOf = this.#services[service] as Position;
    const behind = asOf.epoch !== minimum.epoch || asOf.sequence < minimum.sequence;
    const answer = toVerifier
      ? this.#verify(verified.leaf ?? verified.certificate?.leaf, ofToken, asOf)
      : this.#decide(asOf, caller);
    return new Promise((resolve, reject) =>
      this.#waiting.push(() =>
        behind ? reject(new SluiceError('behind', 'behind')) : resolve(answer as ResponseOf<C>),
      ),
    );
  }

  /** As the verifier does: a chain without its root names no record, and each look-up is named, whether it found one or not. */
  #verify(leaf: string | undefined, ofToken: boolean, asOf: Position): unknown {
    const sha256 = Buffer.from(leaf ?? '', 'base64').toString();
    const dependencies: Dependency[] = [];
    const verdict = (outcome: 'accepted' | 'refused') => ({
      outcome,
      ...(ofToken
        ? {
            token: { id: 'j', issuedAt: 0, expiresAt: 1, ...(leaf === undefined ? {} : { boundTo: sha256 }) },
            scope: ['A'],
          }
        : { sha256 }),
      subjectdn: '',
      serviceInstanceId: 'i',
      checks: [],
      asOf,
      validUntilMs: 1,
      dependencies,
      verifier: 'v',
    });
    const read = (key: string) => {
      const { granted, sequence } = this.#stateOf(key, asOf);
      dependencies.push({ key, sequence });
      return granted;
    };
    if (ofToken && !(read('token-key.t') && read('revoked-tokens.k'))) return verdict('refused');
    if (leaf === undefined) return verdict(read('secret.s') ? 'accepted' : 'refused');
    if (!this.#stateOf('root.r', asOf).granted) return verdict('refused');
    read('root.r');
    const credential = read(`credential.${sha256}`);
    const unpinned = read('unpinned.n');
    if (!credential || !unpinned) return verdict('refused');
    return verdict(read('guard.n') ? 'accepted' : 'refused');
  }

  /** Asked ahead, it may be about any instance: here every other answer is, and those as of which the key was another's. */
  #decide(asOf: Position, caller: Caller | undefined): unknown {
    const dependencies: Dependency[] = [];
    const isOther =
      caller?.kind === 'held-certificate' &&
      (this.authorizations % 2 === 0 || !this.#stateOf(`credential.${caller.sha256}`, asOf).granted);
    const serviceInstanceId = isOther ? 'other' : 'i';
    const granted = ['flow.f', 'role.A', `instance.${serviceInstanceId}`].every((key) => {
      const state = this.#stateOf(key, asOf);
      dependencies.push({ key, sequence: state.sequence });
      return state.granted || key === 'instance.other';
    });
    return { outcome: granted ? 'permit' : 'deny', reasons: [], asOf, dependencies, serviceInstanceId };
  }
}
