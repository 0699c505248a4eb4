import { contentTag } from '@sluice/service-shell';
import type { TrustedRootRow } from './trusted-root.entity.js';

/**
 * The entity tag of a root that was added: of what administrators set. Its version will not do: each CRL that is fetched gives it
 * another one, and who changes the policy need not care.
 */
export function trustedRootTag({ sha256, addedAt, revocation }: TrustedRootRow): string {
  return contentTag([sha256, addedAt.toISOString(), revocation]);
}
