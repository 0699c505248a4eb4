import {
  decide,
  verifyCertificate,
  type Check,
  type DecideResponse,
  type RequestContract,
  type RequestOf,
  type ResponseOf,
  type Verdict,
} from '@sluice/contracts';
import { SluiceError, type ErrorCode, type Position } from '@sluice/domain';
import type { Endpoint } from '../flows/deployed-flows.js';
import { AskAhead } from './ask-ahead.js';
import { GroundedAnswers } from './grounded-answers.js';
import { OpenQuestions } from './open-questions.js';
import type { Permit, PermitCache, PermittedCaller } from './permit-cache.js';
import { instanceQuestion, questionsOf, type QuestionNames } from './question-names.js';
import type { RefusalBasis, RefusalCache } from './refusal-cache.js';

/** The leaf a sender proved to have the key of, and the other certificates it sent, in any order. DER. */
export interface CallerCertificate {
  readonly sha256: string;
  readonly leaf: Uint8Array;
  /** Read when the chain is needed: a request that was decided before does not. */
  chain(): readonly Uint8Array[];
}

export type CallDecision =
  | { readonly outcome: 'permitted'; readonly permit: Permit; readonly evidence?: Evidence }
  | Refusal
  /** The decision cannot be made now; it is never guessed. */
  | { readonly outcome: 'undecided'; readonly reason: string; readonly evidence: Evidence };

export interface Refusal {
  /** `unauthenticated`: who calls is not known, or the certificate is of no use. `no-endpoint`: told to known callers alone. */
  readonly outcome: 'unauthenticated' | 'forbidden' | 'no-endpoint';
  readonly reason: string;
  readonly evidence: Evidence;
}

/** Everything that was found out on the way, for the administrator. */
export interface Evidence {
  readonly verdict?: Verdict;
  readonly authorization?: DecideResponse;
  readonly checks: readonly Check[];
}

export interface FollowedState {
  /** Every writing service has put what it has into the epoch that is followed; changes may be missing at the moment. */
  readonly usable: boolean;
  /** Undefined while it is not in step. */
  readonly position: Position | undefined;
  /** On the clock of `monotonicNow`: until when it is known to have had everything. */
  readonly currentAsOf: number;
  /** On the same clock: when the writing service that was heard of longest ago was still there. */
  readonly confirmedAsOf: number;
}

export interface Requester {
  call<C extends RequestContract>(contract: C, request: RequestOf<C>, timeoutMs?: number): Promise<ResponseOf<C>>;
}

/** What may succeed elsewhere: the queue group gives the second attempt to any process. */
const worthAnotherTry: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'behind',
  'overloaded',
  'unavailable',
  'deadline-exceeded',
]);
const attemptTimeoutMs = 1_000;
/** The oldest makes room: one that went costs a question, no more. */
const maxInstancePermits = 10_000;

export interface DecideCallOptions {
  readonly state: FollowedState;
  readonly permits: PermitCache;
  readonly refusals: RefusalCache<Refusal>;
  readonly requests: Requester;
  /** Milliseconds. */
  readonly leaseMs: number;
  /** How long permits are used though a service that writes state is not heard of, in milliseconds. */
  readonly writersAbsentMs: number;
  /** Questions out at once. The last quarter is kept for certificates that were let in before. */
  readonly maximumQuestions: number;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Milliseconds of a clock that never goes back. */
  readonly monotonicNow: () => number;
}

/**
 * Decides calls: from the caches while the lease holds, else by asking the verifier and authorization. Whoever asks the
 * same while an answer is on its way shares it.
 */
export class DecideCall {
  readonly #state: FollowedState;
  readonly #permits: PermitCache;
  readonly #refusals: RefusalCache<Refusal>;
  readonly #questions = new OpenQuestions();
  readonly #ahead: AskAhead;
  /**
   * That a service instance may use an endpoint, as authorization said it: the second half of a permit, and the same for every
   * certificate of the instance.
   */
  readonly #instances = new GroundedAnswers<DecideResponse>(maxInstancePermits);
  readonly #underWay = new Map<string, Promise<CallDecision>>();

  constructor(private readonly options: DecideCallOptions) {
    this.#state = options.state;
    this.#permits = options.permits;
    this.#refusals = options.refusals;
    this.#ahead = new AskAhead(options.requests, attemptTimeoutMs, options.monotonicNow);
  }

  /**
   * Whether what is cached may be used: the state stream could be written and was followed to its end less than one lease ago,
   * and whoever may end a permit was there not too long ago. That includes the moments in which it comes into step again after
   * the bus was away.
   */
  get leaseHolds(): boolean {
    const { monotonicNow, leaseMs, writersAbsentMs } = this.options;
    const now = monotonicNow();
    const { currentAsOf, confirmedAsOf, usable } = this.#state;
    return now - currentAsOf <= leaseMs && now - confirmedAsOf <= writersAbsentMs && usable;
  }

  /** Decisions that are being made now. */
  get underWay(): number {
    return this.#underWay.size;
  }

  /** To be called when a record of the state stream has changed, and before anything is decided by the change. */
  changed(key: string, sequence: number): void {
    this.#questions.changed(key, sequence);
    this.#permits.changed(key, sequence);
    this.#instances.changed(key, sequence);
    this.#refusals.changed(key, sequence);
  }

  /** To be called when the state stream is another one, or is gone. */
  clear(): void {
    this.#questions.everythingChanged();
    this.#permits.clear();
    this.#instances.clear();
    this.#refusals.clear();
  }

  /** @returns a permit that was decided before and holds now */
  cached(certificateSha256: string, endpoint: Endpoint): Permit | undefined {
    const permit = this.#permits.get(certificateSha256, endpoint);
    return permit && this.#inTime(permit) ? permit : undefined;
  }

  holds(permit: Permit): boolean {
    return this.#permits.use(permit) && this.#inTime(permit);
  }

  #inTime(permit: Permit): boolean {
    return this.options.now() < permit.validUntilMs && this.leaseHolds;
  }

  /** @param endpoint undefined when no flow has the address: only a known caller is told so */
  async decide(certificate: CallerCertificate, endpoint: Endpoint | undefined): Promise<CallDecision> {
    if (!this.leaseHolds) return undecided('The runtime is not in step with the state stream.');
    const names = questionsOf(certificate, endpoint);
    const refusal = this.#refusals.get(names.certificate) ?? this.#refusals.get(names.call);
    if (refusal) return refusal;
    const underWay = this.#underWay.get(names.call);
    if (underWay) return underWay;
    const { maximumQuestions } = this.options;
    const share = this.#permits.knows(certificate.sha256) ? 1 : 0.75;
    if (this.#underWay.size >= maximumQuestions * share)
      return undecided('Too many other decisions are being made at this moment.');
    const decision = this.#decide(certificate, endpoint, names).finally(() => this.#underWay.delete(names.call));
    this.#underWay.set(names.call, decision);
    return decision;
  }

  async #decide(
    certificate: CallerCertificate,
    endpoint: Endpoint | undefined,
    names: QuestionNames,
  ): Promise<CallDecision> {
    for (let attempt = 1; ; attempt++) {
      const decision = await this.#ask(certificate, endpoint, names);
      if (decision === 'overtaken' && attempt < 2) continue;
      if (decision === 'overtaken') return undecided('What the decision rests on changed twice while it was made.');
      // Answers may have taken longer than the lease.
      if (!this.leaseHolds) return undecided('The runtime fell out of step with the state stream meanwhile.');
      return decision;
    }
  }

  async #ask(
    certificate: CallerCertificate,
    endpoint: Endpoint | undefined,
    names: QuestionNames,
  ): Promise<CallDecision | 'overtaken'> {
    const minimum = this.#state.position;
    if (!minimum) return undecided('The runtime is not in step with the state stream.');
    const question = this.#questions.ask();
    const refuse = (name: string, refusal: Refusal, basis: RefusalBasis) => {
      if (question.overtakesRefusal(basis)) return 'overtaken';
      this.#refusals.store(name, refusal, basis);
      return refusal;
    };
    try {
      const byNames = endpoint?.sender.authorization.type === 'ClientCertificate';
      const verifying = this.#call(verifyCertificate, {
        leaf: Buffer.from(certificate.leaf).toString('base64'),
        chain: certificate.chain().map((der) => Buffer.from(der).toString('base64')),
        lookUp: byNames ? 'names' : 'service-key',
        minimum,
      });
      const ahead = this.#ahead.begin(certificate.sha256, endpoint, minimum);
      const verdict = await verifying;
      if (this.#state.position?.epoch !== verdict.asOf.epoch) return 'overtaken';
      if (verdict.sha256 !== certificate.sha256) return undecided('The verifier answered for another certificate.');
      const judged: RefusalBasis = { dependencies: verdict.dependencies, trustAsOf: verdict.asOf.sequence };
      if (verdict.outcome === 'refused') {
        const reason = verdict.refusal ?? 'refused';
        const evidence: Evidence = { verdict, checks: verdict.checks };
        return refuse(names.certificate, { outcome: 'unauthenticated', reason, evidence }, judged);
      }
      if (!endpoint) {
        const evidence: Evidence = { verdict, checks: verdict.checks };
        return refuse(names.call, { outcome: 'no-endpoint', reason: 'no-endpoint', evidence }, judged);
      }
      const { serviceInstanceId = '' } = verdict;
      const authorization =
        (byNames ? undefined : this.#instances.get(instanceQuestion(endpoint, serviceInstanceId))) ??
        (await ahead?.about(serviceInstanceId)) ??
        (await this.#call(decide, {
          flowId: endpoint.flowId,
          endpointId: endpoint.endpointId,
          caller: byNames
            ? { kind: 'certificate', subject: verdict.subject ?? '', issuer: verdict.issuer ?? '' }
            : { kind: 'service-key', serviceInstanceId },
          minimum,
        }));
      if (this.#state.position?.epoch !== authorization.asOf.epoch) return 'overtaken';
      const evidence: Evidence = { verdict, authorization, checks: [...verdict.checks, ...authorization.reasons] };
      const dependencies = [...verdict.dependencies, ...authorization.dependencies];
      if (authorization.outcome === 'deny') {
        const refusal: Refusal = { outcome: 'forbidden', reason: 'role-missing', evidence };
        return refuse(names.call, refusal, { dependencies, trustAsOf: verdict.asOf.sequence });
      }
      if (question.overtakes(dependencies)) return 'overtaken';
      const { sha256: certificateSha256, validUntilMs } = verdict;
      const caller = callerOf(verdict);
      if (!byNames)
        this.#instances.store(instanceQuestion(endpoint, serviceInstanceId), authorization, authorization.dependencies);
      const permit = this.#permits.store({ certificateSha256, endpoint, caller, validUntilMs, dependencies });
      return permit ? { outcome: 'permitted', permit, evidence } : 'overtaken';
    } catch (error) {
      if (!(error instanceof SluiceError)) throw error;
      return undecided(error.message);
    } finally {
      question.close();
    }
  }

  async #call<C extends RequestContract>(contract: C, request: RequestOf<C>): Promise<ResponseOf<C>> {
    try {
      return await this.options.requests.call(contract, request, attemptTimeoutMs);
    } catch (error) {
      if (!(error instanceof SluiceError && worthAnotherTry.has(error.code))) throw error;
      return this.options.requests.call(contract, request, attemptTimeoutMs);
    }
  }
}

function callerOf(verdict: Verdict): PermittedCaller {
  return {
    subjectdn: verdict.subjectdn ?? '',
    ...(verdict.serviceKeyId ? { serviceKeyId: verdict.serviceKeyId } : {}),
    ...(verdict.serviceKeyName ? { serviceKeyName: verdict.serviceKeyName } : {}),
    ...(verdict.serviceInstanceId ? { serviceInstanceId: verdict.serviceInstanceId } : {}),
  };
}

function undecided(explanation: string): CallDecision {
  return {
    outcome: 'undecided',
    reason: 'undecided',
    evidence: { checks: [{ check: 'decision', ok: false, explanation }] },
  };
}
