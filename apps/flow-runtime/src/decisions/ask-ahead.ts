import { decide, type DecideResponse } from '@sluice/contracts';
import { SluiceError, type Position } from '@sluice/domain';
import { AheadBudget } from '@sluice/messaging';
import type { Endpoint } from '../flows/deployed-flows.js';
import type { Requester } from './ask-again.js';

/** Questions whose answer is then of no use, per second: see ADR 28. */
const wastedPerSecond = 8;

/** An answer of authorization that is under way while the verifier judges. */
export interface AnswerAhead {
  /**
   * To be asked once the verdict has accepted the certificate.
   * @returns the answer if it is about this service instance
   */
  about(serviceInstanceId: string): Promise<DecideResponse | undefined>;
}

/**
 * Asks authorization what it would say to the holder of a certificate while the verifier still judges that certificate, so
 * that the two answers take the time of one. It is believed as far as the verdict names the same service instance; what
 * it rests on is the same as if it had been asked afterwards.
 */
export class AskAhead {
  readonly #budget: AheadBudget;

  constructor(
    private readonly requests: Requester,
    private readonly timeoutMs: number,
    monotonicNow: () => number,
  ) {
    this.#budget = new AheadBudget(wastedPerSecond, monotonicNow);
  }

  /** @returns undefined when the endpoint does not ask for a role, or too many questions were wasted */
  begin(certificateSha256: string, endpoint: Endpoint | undefined, minimum: Position): AnswerAhead | undefined {
    if (endpoint?.sender.authorization.type !== 'UserRole' || !this.#budget.take()) return undefined;
    const { flowId, endpointId } = endpoint;
    const caller = { kind: 'held-certificate', sha256: certificateSha256 } as const;
    const answer = this.requests
      .call(decide, { flowId, endpointId, caller, minimum }, this.timeoutMs)
      .catch((error: unknown) => {
        // A key that is not pinned, or an authorization that cannot say: it is asked in turn.
        if (error instanceof SluiceError) return undefined;
        throw error;
      });
    // After a refusal nobody waits for it.
    answer.catch(() => undefined);
    return {
      about: async (serviceInstanceId) => {
        const given = await answer;
        if (given?.serviceInstanceId !== serviceInstanceId) return undefined;
        this.#budget.needed();
        return given;
      },
    };
  }
}
