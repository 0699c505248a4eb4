import { stateKey, type CaRecord } from '@sluice/contracts';
import type { CertificateAuthorityRow } from './certificate-authority.entity.js';

export function toCaRecord(row: CertificateAuthorityRow): CaRecord {
  return {
    key: stateKey.ca(row.id),
    version: Number(row.version),
    deleted: false,
    id: row.id,
    kind: row.kind,
    status: row.status,
    certificate: row.certificate.toString('base64'),
    sha256: row.sha256,
  };
}
