import type { TrustedRootView } from '@sluice/contracts';
import { formatDistinguishedName } from '@sluice/domain';
import { encodePem, parseCertificate } from '@sluice/pki';

export function toTrustedRootView(der: Uint8Array, origin: TrustedRootView['origin'], addedAt: Date): TrustedRootView {
  const certificate = parseCertificate(der);
  const { asymmetricKeyType, asymmetricKeyDetails } = certificate.publicKey();
  return {
    sha256: certificate.sha256,
    subject: formatDistinguishedName(certificate.subject),
    issuer: formatDistinguishedName(certificate.issuer),
    serialNumber: `0x${certificate.serialNumber}`,
    notBefore: new Date(certificate.notBefore).toISOString(),
    notAfter: new Date(certificate.notAfter).toISOString(),
    keyAlgorithm: [asymmetricKeyType, asymmetricKeyDetails?.namedCurve ?? asymmetricKeyDetails?.modulusLength]
      .filter(Boolean)
      .join(' '),
    origin,
    pem: encodePem(der),
    addedAt: addedAt.toISOString(),
  };
}
