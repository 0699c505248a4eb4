import { stateKey } from '@sluice/contracts';
import { formatDistinguishedName, SluiceError } from '@sluice/domain';
import { nextRecordVersion, violatedUniqueConstraint } from '@sluice/persistence';
import type { Certificate } from '@sluice/pki';
import type { ChangeScope } from '@sluice/service-shell';
import { credentialSchema, type CredentialRow, type ServiceKeyRow } from '../persistence/entities.js';
import { toCredentialRecord } from '../record/state-record.js';

/**
 * Adds a certificate to a key. The primary key of the table is the certificate's SHA-256, so of any number of callers
 * with the same certificate one wins.
 * @throws SluiceError `certificate-in-use`
 */
export async function addCredential(
  change: ChangeScope,
  key: ServiceKeyRow,
  certificate: Certificate,
  issuedBy: string | null,
  now: number,
): Promise<CredentialRow> {
  const row: CredentialRow = {
    sha256: certificate.sha256,
    serviceKeyId: key.id,
    certificate: Buffer.from(certificate.der),
    issuedBy,
    subjectDn: formatDistinguishedName(certificate.subject),
    issuerDn: formatDistinguishedName(certificate.issuer),
    serialNumber: certificate.serialNumber,
    notBefore: new Date(certificate.notBefore),
    notAfter: new Date(certificate.notAfter),
    status: 'active',
    retiresAt: null,
    revokedAt: null,
    revocationReason: null,
    version: String(await nextRecordVersion(change.manager, stateKey.credential(certificate.sha256))),
    createdAt: new Date(now),
  };
  try {
    await change.manager.insert(credentialSchema, row);
  } catch (error) {
    if (violatedUniqueConstraint(error) === 'credential_certificate') {
      throw new SluiceError(
        'certificate-in-use',
        'This certificate is in a service key already, and may be in one only: give the instance of that key the further roles.',
        { sha256: certificate.sha256 },
        { cause: error },
      );
    }
    throw error;
  }
  change.state(toCredentialRecord(row, key));
  return row;
}
