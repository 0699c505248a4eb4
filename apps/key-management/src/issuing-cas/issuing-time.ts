import { SluiceError } from '@sluice/domain';
import type { StateFollower } from '@sluice/messaging';

/**
 * The time by which certificates are dated. A clock that differs from everybody else's dates none: the sender would be refused
 * with a certificate that was issued a moment ago.
 * @throws SluiceError `unavailable` while the clock is wrong
 */
export function issuingTime({ clocks }: Pick<StateFollower, 'clocks'>, now: () => number): () => number {
  return () => {
    if (clocks?.wrong)
      throw new SluiceError(
        'unavailable',
        `No certificate can be issued now: ${clocks.describe()}, then repeat the call.`,
      );
    return now();
  };
}
