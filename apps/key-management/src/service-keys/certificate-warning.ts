import { SluiceError, type CertificateRefusal } from '@sluice/domain';
import type { Certificate } from '@sluice/pki';

/** What the verifier would say now, and may not say later. */
export interface CertificateWarning {
  readonly code: string;
  readonly message: string;
}

export function toWarnings(refusals: readonly CertificateRefusal[]): CertificateWarning[] {
  return refusals.map(({ code, sentence }) => ({ code, message: sentence }));
}

/** The verifier's refusal as that of the request which brought the certificate. */
export function refuseCertificate({ code, sentence }: CertificateRefusal, { sha256 }: Certificate): SluiceError {
  return new SluiceError('certificate-refused', sentence, { reason: code, sha256 });
}
