import { type Certificate } from '../certificate/certificate.js';
import { type CertificateList } from './parse-certificate-list.js';
import { type OcspAnswer } from './parse-ocsp-response.js';

/** What is known of revocation, and how much must be known. */
export interface RevocationInputs {
  /** CRLs of any issuer and age; those that do not apply are passed over. */
  readonly crls: readonly CertificateList[];
  /** OCSP answers, each usable for the certificates it names. */
  readonly ocspAnswers?: readonly OcspAnswer[];
  /** `hard`: a certificate whose status is not established is refused. `soft`: only a certificate found revoked is. */
  readonly failure: 'hard' | 'soft';
  /** Which certificates below the anchor are checked. Default `all`. */
  readonly scope?: 'all' | 'leaf';
  /** Refuse a CRL or answer older than this, even before its nextUpdate; milliseconds. Also bounds those without nextUpdate. */
  readonly maximumAge?: number;
  /** How far an issuer's clock may be ahead of ours, milliseconds. Default 0. */
  readonly clockSkew?: number;
  /** Certificates of CRL issuers and OCSP responders that are not in the pool. */
  readonly issuerCertificates?: readonly Certificate[];
}
