import type { Permit } from '../decisions/permit-cache.js';

/** Who shares in what a runtime has, as one: all keys of one name are one sender's, one after another; without a key it is the subject. */
export function ownerOf({ caller }: Permit): string {
  return caller.serviceKeyName ?? caller.subjectdn;
}
