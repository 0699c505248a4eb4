import { SluiceError } from '@sluice/domain';
import { notNow } from '@sluice/persistence';

/**
 * An error of Postgres that will pass, as the contract tells it. With `outcome: unknown` among its details, the answer of a COMMIT
 * was lost: the asker looks before it asks again.
 * @returns undefined for any other error
 */
export function unavailableNow(error: unknown): SluiceError | undefined {
  const reason = notNow(error);
  if (!reason) return undefined;
  const details = reason.outcome === 'unknown' ? { outcome: reason.outcome } : undefined;
  return new SluiceError('unavailable', reason.sentence, details, { cause: error });
}
