import type { Permit } from '../decisions/permit-cache.js';

/**
 * Who shares in what a runtime has, as one: the service key, by its id, for names of keys are unique in their instance alone and
 * another's key may have the same; without a key the subject.
 */
export function ownerOf({ caller }: Permit): string {
  return caller.serviceKeyId ?? caller.subjectdn;
}
