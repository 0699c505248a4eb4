import { stateKey } from '@sluice/contracts';
import { formatDistinguishedName, namesDigestInput, SluiceError } from '@sluice/domain';
import { lockRow, nextRecordVersion, violatedUniqueConstraint } from '@sluice/persistence';
import type { Certificate } from '@sluice/pki';
import type { ChangeScope } from '@sluice/service-shell';
import { hash } from 'node:crypto';
import { CredentialRow } from './credential.entity.js';
import { UnpinnedKeyRow } from './unpinned-key.entity.js';
import type { ServiceKeyRow } from './service-key.entity.js';
import { toCredentialRecord } from './service-key.record.js';

/** Hex SHA-256 of a certificate's two canonical names: what unpinned keys are found by. */
export function namesDigestOf(certificate: Certificate): string {
  let digest = digests.get(certificate);
  if (digest === undefined) {
    digest = hash('sha256', namesDigestInput(certificate.subject, certificate.issuer), 'hex');
    digests.set(certificate, digest);
  }
  return digest;
}

const digests = new WeakMap<Certificate, string>();

/** Whoever registers a certificate with these names, pinned or not, waits here for one another. */
export async function lockNames(change: ChangeScope, digest: string): Promise<void> {
  await lockRow(change.manager, `names.${digest}`);
}

export function namesConflict(message: string): SluiceError {
  return new SluiceError('distinguished-name-conflict', message);
}

/**
 * Adds the first certificate that we issue for a key. Its names hold the key's id, which nobody could know before, so no other
 * key can have them.
 */
export async function addFirstIssued(
  change: ChangeScope,
  key: ServiceKeyRow,
  certificate: Certificate,
  issuedBy: string,
  now: number,
): Promise<CredentialRow> {
  const row = await addCredential(change, key, certificate, issuedBy, true, now);
  change.state(toCredentialRecord(row, key));
  return row;
}

/**
 * Adds a pinned certificate to a key.
 * @throws SluiceError `certificate-in-use`; `distinguished-name-conflict` when a key that is not pinned has its names
 */
export async function addPinnedCredential(
  change: ChangeScope,
  key: ServiceKeyRow,
  certificate: Certificate,
  issuedBy: string | null,
  now: number,
): Promise<CredentialRow> {
  const digest = namesDigestOf(certificate);
  await lockNames(change, digest);
  if (await change.manager.existsBy(UnpinnedKeyRow, { digest })) {
    throw namesConflict(
      'A service key that is not pinned has the same subject and issuer, so calls could not be told apart: delete that key, or use another name.',
    );
  }
  const row = await addCredential(change, key, certificate, issuedBy, true, now);
  change.state(toCredentialRecord(row, key));
  return row;
}

/**
 * Enters a certificate. The primary key of the table is the certificate's SHA-256, so of any number of callers
 * with the same certificate one wins.
 * @throws SluiceError `certificate-in-use`
 */
export async function addCredential(
  change: ChangeScope,
  key: ServiceKeyRow,
  certificate: Certificate,
  issuedBy: string | null,
  pinned: boolean,
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
    pinned,
    namesDigest: namesDigestOf(certificate),
    status: 'active',
    retiresAt: null,
    retireAfterUnusedDays: null,
    postponedAt: null,
    lastUsedAt: null,
    expiringTold: null,
    expiredToldAt: null,
    publicKeySha256: certificate.spkiSha256,
    revokedAt: null,
    revocationReason: null,
    version: String(await nextRecordVersion(change.manager, stateKey.credential(certificate.sha256))),
    createdAt: new Date(now),
  };
  try {
    await change.manager.insert(CredentialRow, row);
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
  return row;
}
