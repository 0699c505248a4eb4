import type { EventData, IssuingCaView } from '@sluice/contracts';
import { formatDistinguishedName } from '@sluice/domain';
import { encodePem, parseCertificate } from '@sluice/pki';
import type { CertificateAuthorityRow } from './certificate-authority.entity.js';

export function toIssuingCaView(
  row: CertificateAuthorityRow,
  root: CertificateAuthorityRow,
  usableCertificates: number,
): IssuingCaView {
  return {
    ...toAuthorityView(row),
    root: toAuthorityView(root),
    usableCertificates,
    ...(row.revocationReason ? { revocationReason: row.revocationReason } : {}),
  };
}

function toAuthorityView(row: CertificateAuthorityRow): IssuingCaView['root'] {
  const certificate = parseCertificate(row.certificate);
  return {
    id: row.id,
    subject: formatDistinguishedName(certificate.subject),
    sha256: row.sha256,
    serialnumber: `0x${certificate.serialNumber}`,
    status: row.status,
    validfrom: new Date(certificate.notBefore).toISOString(),
    validuntil: new Date(certificate.notAfter).toISOString(),
    certificate: encodePem(row.certificate),
    createdAt: row.createdAt.toISOString(),
  };
}

export function toEventIssuingCa(row: CertificateAuthorityRow): EventData<'issuing-ca.activated'>['issuingCa'] {
  return { id: row.id, subject: subjectOf(row), sha256: row.sha256 };
}

export function toEventRoot(row: CertificateAuthorityRow): NonNullable<EventData<'issuing-ca.prepared'>['root']> {
  return { sha256: row.sha256, subject: subjectOf(row) };
}

function subjectOf(row: CertificateAuthorityRow): string {
  return formatDistinguishedName(parseCertificate(row.certificate).subject);
}
