import { bytesOf, hexOf } from './hex.js';
import { makeCertificate, testKey, type CertificateContent, type TestCertificate } from './make-certificate.js';

/** A certificate whose key is a point off its curve, which OpenSSL cannot read. */
export function withUnreadableKey(content: Omit<CertificateContent, 'key' | 'alterTbs'>): TestCertificate {
  const key = testKey('P-256', 'with a point that moves');
  const spki = hexOf(key.publicKey.export({ type: 'spki', format: 'der' }));
  const moved = spki.slice(0, -2) + (Number.parseInt(spki.slice(-2), 16) ^ 1).toString(16).padStart(2, '0');
  return makeCertificate({
    ...content,
    key,
    omitKeyIdentifiers: true,
    alterTbs: (tbs) => bytesOf(hexOf(tbs).replace(spki, moved)),
  });
}
