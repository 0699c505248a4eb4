import type { RequestContract, RequestOf, ResponseOf } from '@sluice/contracts';
import { SluiceError, type ErrorCode } from '@sluice/domain';

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
export const attemptTimeoutMs = 1_000;

/** Asks, and once more where that may help. */
export async function askAgain<C extends RequestContract>(
  requests: Requester,
  contract: C,
  request: RequestOf<C>,
): Promise<ResponseOf<C>> {
  try {
    return await requests.call(contract, request, attemptTimeoutMs);
  } catch (error) {
    if (!(error instanceof SluiceError && worthAnotherTry.has(error.code))) throw error;
    return requests.call(contract, request, attemptTimeoutMs);
  }
}
