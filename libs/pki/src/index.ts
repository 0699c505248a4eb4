export { decodePem, decodePemBlocks, MalformedPem, type PemBlock } from './pem/decode-pem.js';
export { encodePem } from './pem/encode-pem.js';
export { authorityNamesBytes, maxAuthorityNamesBytes } from './certificate/certificate-authority-names.js';
export { readDerOrPem } from './pem/read-der-or-pem.js';
export { Certificate, MalformedCertificate, parseCertificate, type Extension } from './certificate/certificate.js';
export {
  anyExtendedKeyUsage,
  anyPolicy,
  extendedKeyUsages,
  extensionOids,
  keyUsageBits,
  type BasicConstraints,
  type ExtendedKeyUsageName,
  type KeyUsageBit,
  type NameConstraints,
} from './certificate/decode-extensions.js';
export { describeGeneralName, type GeneralName } from './certificate/decode-general-name.js';
export { defaultAlgorithmPolicy, type AlgorithmPolicy } from './algorithm/algorithm-policy.js';
export { type PublicKeyInfo } from './algorithm/public-key-info.js';
export { SignatureCache } from './algorithm/signature-cache.js';
export { type HashName, type SignatureAlgorithm } from './algorithm/signature-algorithm.js';
export { defaultBudget, strangerBudget, type Budget } from './path/budget.js';
export { trustAnchor, type AnchorEnforcement, type TrustAnchor } from './path/trust-anchor.js';
export { type PathInput, type PathJudgement, type PolicyInputs } from './path/path-input.js';
export {
  judgeAnchorAdmission,
  judgeSenderAdmission,
  senderCertificateRules,
  type Admission,
} from './path/judge-admission.js';
export { judgePath } from './path/judge-path.js';
export { judgePathOffLoop } from './path/judge-path-off-loop.js';
export {
  CertificateList,
  MalformedCertificateList,
  parseCertificateList,
  parseLongCertificateList,
} from './revocation/parse-certificate-list.js';
export { type RevocationInputs } from './revocation/revocation-inputs.js';
export {
  generateEncodedKeyPair,
  generateKeyPair,
  type EncodedKeyPair,
  type KeyPair,
  type KeyPairSpecification,
} from './issue/generate-key-pair.js';
export {
  issueCertificate,
  subjectPublicKeyInfo,
  type CertificateContent,
  type CertificateIssuer,
  type CertificateProfile,
  type IssuedCertificate,
} from './issue/issue-certificate.js';
export {
  issueCertificateList,
  reasonCodes,
  type CertificateListContent,
  type ReasonName,
  type RevokedEntry,
} from './issue/issue-certificate-list.js';
export {
  decodeCertificationRequestPem,
  MalformedCertificationRequest,
  parseCertificationRequest,
  type CertificationRequest,
} from './request/parse-certification-request.js';
export { judgeCertificationRequest, type RequestObjection } from './request/judge-certification-request.js';
export { isSignedBy } from './revocation/is-signed-by.js';
export { judgeOcspAnswer, judgeRevocation } from './revocation/judge-path-revocation.js';
export { type CertificateStatus } from './revocation/certificate-status.js';
export { buildOcspRequest } from './revocation/build-ocsp-request.js';
export { type OcspHash } from './revocation/ocsp-certificate-id.js';
export { judgeOcspResponse, type OcspInput } from './revocation/judge-ocsp-response.js';
export {
  MalformedOcspResponse,
  OcspResponderRefusal,
  parseOcspResponse,
  type OcspAnswer,
} from './revocation/parse-ocsp-response.js';
export { type CrlReason } from './revocation/revoked-certificates.js';
export { buildPkcs12, type Pkcs12Content } from './issue/build-pkcs12.js';
export { judgePublicKey, judgeSignatureAlgorithm } from './algorithm/algorithm-policy.js';
export { describeUsage } from './path/check-certificate.js';
export { CertificateCache } from './certificate/certificate-cache.js';
