import { refuseCertificate, type CertificateRefusal, type RefusalCode, type RefusalValues } from '@sluice/domain';
import { type Certificate } from '../certificate/certificate.js';

/** A refusal of this certificate. */
export const refuse = (code: RefusalCode, certificate: Certificate, values: RefusalValues = {}): CertificateRefusal =>
  refuseCertificate(code, certificate.describe(), values);

/** A time for people and JSON. */
export const writeTime = (time: number): string => new Date(time).toISOString();
