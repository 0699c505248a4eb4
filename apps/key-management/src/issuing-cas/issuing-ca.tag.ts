import { contentTag } from '@sluice/service-shell';
import type { CertificateAuthorityRow } from './certificate-authority.entity.js';

/**
 * The entity tag of an issuing CA: of its status, which administrators alone change, also by activating another. Its version will not do:
 * records are signed anew, and how many certificates live by it changes all the time.
 */
export function issuingCaTag({ id, status, revocationReason }: CertificateAuthorityRow): string {
  return contentTag([id, status, revocationReason]);
}
