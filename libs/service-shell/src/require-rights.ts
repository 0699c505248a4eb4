import { rightsBeyond, SluiceError } from '@sluice/domain';
import { currentRequest } from '@sluice/messaging';

/**
 * Whoever asks has every right that something has, before it is made, changed or taken away: nobody gives more than they have, or
 * comes by more through what somebody else was given. What a service does by itself, or for another service, is no administrator's.
 * @param what `The service instance orders`: what has those roles, at the beginning of a sentence
 * @throws SluiceError `permission-denied` with the rights that are missing
 */
export function requireRightsOf(roles: readonly string[], what: string): void {
  const request = currentRequest();
  if (request?.actor === undefined) return;
  const missing = rightsBeyond(roles, request.rights ?? []);
  if (missing.length === 0) return;
  throw new SluiceError(
    'permission-denied',
    `${what} has rights at the admin API that you have not: ${missing.join(', ')}. Ask an administrator who has them.`,
    { missing },
  );
}
