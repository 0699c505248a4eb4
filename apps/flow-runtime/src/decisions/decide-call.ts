import { decide, type Check, type DecideResponse, type RequestOf } from '@sluice/contracts';
import { SluiceError, type Position } from '@sluice/domain';
import type { Endpoint } from '../flows/deployed-flows.js';
import { AskAhead, type AnswerAhead } from './ask-ahead.js';
import { askAgain, attemptTimeoutMs, type Requester } from './ask-again.js';
import { shownBy, type Caller } from './caller.js';
import { GroundedAnswers } from './grounded-answers.js';
import { JudgeCaller, type JudgedCaller, type VerifierEvidence } from './judge-caller.js';
import { OpenQuestions } from './open-questions.js';
import type { Permit, PermitCache } from './permit-cache.js';
import { instanceQuestion, questionsOf, type QuestionNames } from './question-names.js';
import type { RefusalBasis, RefusalCache } from './refusal-cache.js';

export type CallDecision =
  | { readonly outcome: 'permitted'; readonly permit: Permit; readonly evidence?: Evidence }
  | Refusal
  /** Too many wrong secrets came: of this client, or from this address. */
  | {
      readonly outcome: 'delayed';
      readonly reason: 'delayed';
      readonly retryAfterSeconds: number;
      readonly evidence: Evidence;
    }
  /** The decision cannot be made now; it is never guessed. */
  | { readonly outcome: 'undecided'; readonly reason: string; readonly evidence: Evidence };

export interface Refusal {
  /** `unauthenticated`: who calls is not known, or what it shows is of no use. `no-endpoint`: told to known callers alone. */
  readonly outcome: 'unauthenticated' | 'forbidden' | 'no-endpoint';
  readonly reason: string;
  readonly evidence: Evidence;
}

/** Everything that was found out on the way, for the administrator. */
export interface Evidence extends VerifierEvidence {
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
  /** Questions out at once. The last quarter is kept for callers that were let in before. */
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
  readonly #judge: JudgeCaller;
  readonly #ahead: AskAhead;
  /**
   * That a service instance may use an endpoint, as authorization said it: the second half of a permit, and the same for every
   * certificate and token of the instance.
   */
  readonly #instances = new GroundedAnswers<DecideResponse>(maxInstancePermits);
  readonly #underWay = new Map<string, Promise<CallDecision>>();

  constructor(private readonly options: DecideCallOptions) {
    this.#state = options.state;
    this.#permits = options.permits;
    this.#refusals = options.refusals;
    this.#judge = new JudgeCaller(options.requests);
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

  /**
   * @param shown the name of what the caller shows (`shownBy`)
   * @returns a permit that was decided before and holds now
   */
  cached(shown: string, endpoint: object): Permit | undefined {
    const permit = this.#permits.get(shown, endpoint);
    return permit && this.#inTime(permit) ? permit : undefined;
  }

  holds(permit: Permit): boolean {
    return this.#permits.use(permit) && this.#inTime(permit);
  }

  #inTime(permit: Permit): boolean {
    return this.options.now() < permit.validUntilMs && this.leaseHolds;
  }

  /** Whether what is shown (`shownBy`) let somebody in before. */
  knows(shown: string): boolean {
    return this.#permits.knows(shown);
  }

  /** @param endpoint undefined when no flow has the address: only a known caller is told so */
  async decide(caller: Caller, endpoint: Endpoint | undefined): Promise<CallDecision> {
    return this.#decideOnce(caller, endpoint);
  }

  /**
   * Who calls, for what asks for no role: kept and ended as any other permit. The permit names the service key; one that is not known by
   * a key is refused.
   */
  async identify(caller: Caller): Promise<CallDecision> {
    const permit = this.cached(shownBy(caller), identityAlone);
    return permit ? { outcome: 'permitted', permit } : this.#decideOnce(caller, identityAlone);
  }

  async #decideOnce(caller: Caller, called: Called): Promise<CallDecision> {
    if (!this.leaseHolds) return undecided('The runtime is not in step with the state stream.');
    const names = questionsOf(caller, called, comparesNames(called));
    const refusal = this.#refusals.get(names.caller) ?? this.#refusals.get(names.call);
    if (refusal) return refusal;
    const underWay = this.#underWay.get(names.call);
    if (underWay) return underWay;
    const { maximumQuestions } = this.options;
    const share = this.knows(shownBy(caller)) ? 1 : 0.75;
    if (this.#underWay.size >= maximumQuestions * share)
      return undecided('Too many other decisions are being made at this moment.');
    const decision = this.#decide(caller, called, names).finally(() => this.#underWay.delete(names.call));
    this.#underWay.set(names.call, decision);
    return decision;
  }

  async #decide(caller: Caller, called: Called, names: QuestionNames): Promise<CallDecision> {
    for (let attempt = 1; ; attempt++) {
      const decision = await this.#ask(caller, called, names);
      if (decision === 'overtaken' && attempt < 2) continue;
      if (decision === 'overtaken') return undecided('What the decision rests on changed twice while it was made.');
      // Answers may have taken longer than the lease.
      if (!this.leaseHolds) return undecided('The runtime fell out of step with the state stream meanwhile.');
      return decision;
    }
  }

  async #ask(caller: Caller, called: Called, names: QuestionNames): Promise<CallDecision | 'overtaken'> {
    const minimum = this.#state.position;
    if (!minimum) return undecided('The runtime is not in step with the state stream.');
    const question = this.#questions.ask();
    const refuse = (name: string, refusal: Refusal, basis: RefusalBasis) => {
      if (question.overtakesRefusal(basis)) return 'overtaken';
      this.#refusals.store(name, refusal, basis);
      return refusal;
    };
    try {
      const endpoint = called === identityAlone ? undefined : (called as Endpoint | undefined);
      const judging = this.#judge.execute(caller, comparesNames(called), minimum);
      const ahead = 'sha256' in caller ? this.#ahead.begin(caller.sha256, endpoint, minimum) : undefined;
      const judged = await judging;
      if (judged.outcome === 'other-caller') return undecided('The verifier answered for another caller.');
      if (judged.outcome === 'delayed') return delayed(judged.retryAfterSeconds);
      if (judged.outcome === 'unknown-secret')
        return { outcome: 'unauthenticated', reason: judged.reason, evidence: failed('secret', judged.sentence) };
      const { asOf, checks, evidence, validUntilMs } = judged;
      if (this.#state.position?.epoch !== asOf.epoch) return 'overtaken';
      const basis: RefusalBasis = { dependencies: judged.dependencies, trustAsOf: asOf.sequence };
      if (judged.outcome === 'refused') {
        const refusal: Refusal = {
          outcome: 'unauthenticated',
          reason: judged.refusal,
          evidence: { ...evidence, checks },
        };
        return refuse(names.caller, refusal, basis);
      }
      const permits = (target: object, dependencies: RefusalBasis['dependencies']) => {
        if (question.overtakes(dependencies)) return undefined;
        const given = { shown: shownBy(caller), endpoint: target, caller: judged.caller, validUntilMs, dependencies };
        return this.#permits.store(given);
      };
      if (called === identityAlone) {
        const permit = permits(identityAlone, judged.dependencies);
        return permit ? { outcome: 'permitted', permit, evidence: { ...evidence, checks } } : 'overtaken';
      }
      if (!endpoint) {
        const refusal = { outcome: 'no-endpoint', reason: 'no-endpoint', evidence: { ...evidence, checks } } as const;
        return refuse(names.call, refusal, basis);
      }
      const authorization = await this.#authorize(judged, endpoint, ahead, minimum);
      if (this.#state.position?.epoch !== authorization.asOf.epoch) return 'overtaken';
      const found: Evidence = { ...evidence, authorization, checks: [...checks, ...authorization.reasons] };
      const dependencies = [...judged.dependencies, ...authorization.dependencies];
      if (authorization.outcome === 'deny') {
        const refusal: Refusal = { outcome: 'forbidden', reason: 'role-missing', evidence: found };
        return refuse(names.call, refusal, { dependencies, trustAsOf: asOf.sequence });
      }
      const permit = permits(endpoint, dependencies);
      if (!permit) return 'overtaken';
      if (!comparesNames(endpoint)) {
        const name = instanceQuestion(endpoint, judged.serviceInstanceId);
        this.#instances.store(name, authorization, authorization.dependencies);
      }
      return { outcome: 'permitted', permit, evidence: found };
    } catch (error) {
      if (!(error instanceof SluiceError)) throw error;
      return undecided(error.message);
    } finally {
      question.close();
    }
  }

  /**
   * A permit says that the instance has the role, so it is the same for a token whose scope has the role, and for who has none. Where the
   * scope lacks it, authorization says so.
   */
  async #authorize(
    { serviceInstanceId, names, scope, evidence }: JudgedCaller,
    endpoint: Endpoint,
    ahead: AnswerAhead | undefined,
    minimum: Position,
  ): Promise<DecideResponse> {
    const { authorization } = endpoint.sender;
    const byNames = comparesNames(endpoint) && evidence.verdict !== undefined;
    const narrowed = scope && !(authorization.type === 'UserRole' && scope.includes(authorization.role));
    const known = byNames || narrowed ? undefined : this.#instances.get(instanceQuestion(endpoint, serviceInstanceId));
    if (known) return known;
    const about = await ahead?.about(serviceInstanceId);
    if (about) return about;
    const caller: RequestOf<typeof decide>['caller'] = byNames
      ? { kind: 'certificate', ...names }
      : { kind: 'service-key', serviceInstanceId, ...(scope ? { scope: [...scope] } : {}) };
    const { flowId, endpointId } = endpoint;
    return askAgain(this.options.requests, decide, { flowId, endpointId, caller, minimum });
  }
}

/** In the place of an endpoint, where nothing is asked but who calls. */
const identityAlone = { identityAlone: true } as const;
type Called = Endpoint | typeof identityAlone | undefined;

function comparesNames(called: Called): boolean {
  return called !== undefined && 'sender' in called && called.sender.authorization.type === 'ClientCertificate';
}

function failed(check: string, explanation: string): Evidence {
  return { checks: [{ check, ok: false, explanation }] };
}

function delayed(retryAfterSeconds: number): CallDecision {
  const explanation =
    'Too many wrong secrets came of this client, or from this address: no secret is looked at for a while.';
  return { outcome: 'delayed', reason: 'delayed', retryAfterSeconds, evidence: failed('secret', explanation) };
}

function undecided(explanation: string): CallDecision {
  return { outcome: 'undecided', reason: 'undecided', evidence: failed('decision', explanation) };
}
