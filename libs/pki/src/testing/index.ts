/** Certificates, CRLs and OCSP answers for tests and tools that need faulty ones; not for production. */
export {
  encode,
  generalName,
  makeCertificate,
  signedBlock,
  testKey,
  testTime,
  type CertificateContent,
  type TestCertificate,
  type TestExtension,
  type TestKeyKind,
  type TestKeyPair,
} from './make-certificate.js';
export { makeCertificateList, type ListContent, type TestEntry } from './make-certificate-list.js';
export { makeOcspResponse, type OcspContent } from './make-ocsp-response.js';
