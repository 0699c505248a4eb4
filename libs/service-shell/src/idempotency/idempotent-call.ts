import { AsyncLocalStorage } from 'node:async_hooks';
import type { EntityManager } from 'typeorm';

/** A call whose answer is kept, so that one who repeats it gets the same answer. */
export interface IdempotentCall {
  /**
   * First in the transaction of the change. Another transaction with the same key is waited for.
   * @throws RepeatedCall when it has committed
   */
  claim(manager: EntityManager): Promise<void>;
  /** Last in it. @param value what the change gave @param outboxIds what is to be published of it */
  keep(manager: EntityManager, value: unknown, outboxIds: readonly string[]): Promise<void>;
}

/** Ends the transaction of a call that was carried out already. */
export class RepeatedCall extends Error {
  override readonly name = 'RepeatedCall';
}

const storage = new AsyncLocalStorage<IdempotentCall>();

/** The call that is being carried out, where its answer is to be kept. */
export function currentIdempotentCall(): IdempotentCall | undefined {
  return storage.getStore();
}

export function runIdempotently<T>(call: IdempotentCall, work: () => Promise<T>): Promise<T> {
  return storage.run(call, work);
}
