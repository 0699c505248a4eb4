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
import type { Endpoint } from '../deployed-flows/deployed-flows.js';
import type { Permit, PermitCache, PermittedCaller } from './permit-cache.js';

/** The leaf a sender proved to have the key of, and the other certificates it sent, in any order. DER. */
export interface CallerCertificate {
  readonly sha256: string;
  readonly leaf: Uint8Array;
  /** Read when the chain is needed: a request that was decided before does not. */
  chain(): readonly Uint8Array[];
}

export type CallDecision =
  | { readonly outcome: 'permitted'; readonly permit: Permit; readonly evidence?: Evidence }
  /** Who calls is not known, or the certificate is of no use. */
  | { readonly outcome: 'unauthenticated'; readonly reason: string; readonly evidence: Evidence }
  | { readonly outcome: 'forbidden'; readonly reason: string; readonly evidence: Evidence }
  | { readonly outcome: 'no-endpoint'; readonly reason: string; readonly evidence: Evidence }
  /** The decision cannot be made now; it is never guessed. */
  | { readonly outcome: 'undecided'; readonly reason: string; readonly evidence: Evidence };

/** Everything that was found out on the way, for the administrator. */
export interface Evidence {
  readonly verdict?: Verdict;
  readonly authorization?: DecideResponse;
  readonly checks: readonly Check[];
}

export interface FollowedState {
  readonly ready: boolean;
  readonly position: Position | undefined;
  /** On the clock of `monotonicNow`: until when it is known to have had everything. */
  readonly currentAsOf: number;
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

/** Decides calls: from the cache while the lease holds, else by asking the verifier and then authorization. */
export class DecideCall {
  constructor(
    private readonly state: FollowedState,
    private readonly cache: PermitCache,
    private readonly requests: Requester,
    private readonly leaseMs: number,
    private readonly now: () => number,
    private readonly monotonicNow: () => number,
  ) {}

  /** Whether what is cached may be used: the state stream was followed to its end less than one lease ago. */
  get leaseHolds(): boolean {
    return this.monotonicNow() - this.state.currentAsOf <= this.leaseMs && this.state.ready;
  }

  /** @returns a permit that was decided before and holds now */
  cached(certificateSha256: string, endpoint: Endpoint): Permit | undefined {
    const permit = this.cache.get(certificateSha256, endpoint);
    return permit && this.holds(permit) ? permit : undefined;
  }

  holds(permit: Permit): boolean {
    return permit.live && this.now() < permit.validUntilMs && this.leaseHolds;
  }

  /** @param endpoint undefined when no flow has the address: only a known caller is told so */
  async decide(certificate: CallerCertificate, endpoint: Endpoint | undefined): Promise<CallDecision> {
    if (!this.leaseHolds) return undecided('The runtime is not in step with the state stream.');
    for (let attempt = 1; ; attempt++) {
      const decision = await this.#ask(certificate, endpoint);
      if (decision !== 'overtaken') return decision;
      if (attempt === 2) return undecided('What the decision rests on changed twice while it was made.');
    }
  }

  async #ask(certificate: CallerCertificate, endpoint: Endpoint | undefined): Promise<CallDecision | 'overtaken'> {
    const minimum = this.state.position;
    if (!minimum) return undecided('The runtime is not in step with the state stream.');
    const question = this.cache.ask();
    try {
      const byNames = endpoint?.sender.authorization.type === 'ClientCertificate';
      const verdict = await this.#call(verifyCertificate, {
        leaf: Buffer.from(certificate.leaf).toString('base64'),
        chain: certificate.chain().map((der) => Buffer.from(der).toString('base64')),
        lookUp: byNames ? 'names' : 'service-key',
        minimum,
      });
      if (verdict.outcome === 'refused') {
        return {
          outcome: 'unauthenticated',
          reason: verdict.refusal ?? 'refused',
          evidence: { verdict, checks: verdict.checks },
        };
      }
      if (!endpoint) {
        return { outcome: 'no-endpoint', reason: 'no-endpoint', evidence: { verdict, checks: verdict.checks } };
      }
      const authorization = await this.#call(decide, {
        flowId: endpoint.flowId,
        endpointId: endpoint.endpointId,
        caller: byNames
          ? { kind: 'certificate', subject: verdict.subject ?? '', issuer: verdict.issuer ?? '' }
          : { kind: 'service-key', serviceInstanceId: verdict.serviceInstanceId ?? '' },
        minimum,
      });
      const evidence: Evidence = { verdict, authorization, checks: [...verdict.checks, ...authorization.reasons] };
      const dependencies = [...verdict.dependencies, ...authorization.dependencies];
      const { epoch } = this.state.position ?? {};
      if (epoch !== verdict.asOf.epoch || epoch !== authorization.asOf.epoch || question.overtakes(dependencies))
        return 'overtaken';
      if (authorization.outcome === 'deny') return { outcome: 'forbidden', reason: 'role-missing', evidence };
      const permit: Permit = {
        live: true,
        certificateSha256: verdict.sha256,
        endpoint,
        caller: callerOf(verdict),
        validUntilMs: verdict.validUntilMs,
        dependencies,
      };
      if (verdict.sha256 !== certificate.sha256) return undecided('The verifier answered for another certificate.');
      this.cache.store(permit);
      return { outcome: 'permitted', permit, evidence };
    } catch (error) {
      if (!(error instanceof SluiceError)) throw error;
      return undecided(error.message);
    } finally {
      question.close();
    }
  }

  async #call<C extends RequestContract>(contract: C, request: RequestOf<C>): Promise<ResponseOf<C>> {
    try {
      return await this.requests.call(contract, request, attemptTimeoutMs);
    } catch (error) {
      if (!(error instanceof SluiceError && worthAnotherTry.has(error.code))) throw error;
      return this.requests.call(contract, request, attemptTimeoutMs);
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
