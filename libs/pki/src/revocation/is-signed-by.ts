import {
  defaultAlgorithmPolicy,
  judgePublicKey,
  judgeSignatureAlgorithm,
  type AlgorithmPolicy,
} from '../algorithm/algorithm-policy.js';
import { verifySignature } from '../algorithm/verify-signature.js';
import { MalformedCertificate, type Certificate } from '../certificate/certificate.js';
import { type CertificateList } from './parse-certificate-list.js';

/**
 * Whether a CRL was signed with the key of a certificate, both strong enough for the policy. Whether that certificate may
 * sign CRLs and for whom is judged with the path that the CRL is used for (RFC 5280 6.3.3).
 */
export function isSignedBy(
  list: CertificateList,
  signer: Certificate,
  policy: AlgorithmPolicy = defaultAlgorithmPolicy,
): boolean {
  try {
    if (judgeSignatureAlgorithm(list.signatureAlgorithm, policy) !== undefined) return false;
    if (judgePublicKey(signer.publicKeyInfo, policy) !== undefined) return false;
    return verifySignature(list.tbs, list.signatureAlgorithm, list.signature, signer.publicKey(), signer.publicKeyInfo);
  } catch (error) {
    if (error instanceof MalformedCertificate) return false;
    throw error;
  }
}
