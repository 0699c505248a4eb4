import { stateKey } from '@sluice/contracts';
import { nextRecordVersion } from '@sluice/persistence';
import { parseCertificate, type Certificate } from '@sluice/pki';
import type { ChangeScope } from '@sluice/service-shell';
import { createPublicKey, X509Certificate } from 'node:crypto';
import { In } from 'typeorm';
import { addCredential, lockNames, namesConflict, namesDigestOf } from './add-credential.js';
import { CertificateAuthorityRow } from '../issuing-cas/certificate-authority.entity.js';
import { CredentialRow } from './credential.entity.js';
import { TrustedRootRow } from '../trusted-roots/trusted-root.entity.js';
import { UnpinnedKeyRow } from './unpinned-key.entity.js';
import type { ServiceKeyRow } from './service-key.entity.js';
import { toUnpinnedRecord } from './service-key.record.js';

/**
 * Registers a key by the two names of a certificate: that one grants access, and each that is issued later under the same
 * names by the same key of the issuer.
 * @throws SluiceError `certificate-in-use`; `distinguished-name-conflict` when any other key has these names
 */
export async function addUnpinnedKey(
  change: ChangeScope,
  key: ServiceKeyRow,
  certificate: Certificate,
  now: number,
): Promise<CredentialRow> {
  const digest = namesDigestOf(certificate);
  await lockNames(change, digest);
  const unpinned = await change.manager.existsBy(UnpinnedKeyRow, { digest });
  if (unpinned || (await change.manager.existsBy(CredentialRow, { namesDigest: digest, pinned: true }))) {
    throw namesConflict(
      `A service key that is ${unpinned ? 'not pinned' : 'pinned'} has the same subject and issuer, so calls could not be told apart: delete that key, or use another name.`,
    );
  }
  const held = await addCredential(change, key, certificate, null, false, now);
  const row: UnpinnedKeyRow = {
    digest,
    serviceKeyId: key.id,
    issuerKeySha256: await findIssuerKey(change, certificate),
    acceptedSha256: certificate.sha256,
    acceptedNotBefore: new Date(certificate.notBefore),
    version: String(await nextRecordVersion(change.manager, stateKey.unpinned(digest))),
  };
  await change.manager.insert(UnpinnedKeyRow, row);
  change.state(toUnpinnedRecord(row, key));
  return held;
}

/** The key of the issuer, when a root we trust or a CA of ours has signed the certificate; else the first valid use binds it. */
async function findIssuerKey(change: ChangeScope, certificate: Certificate): Promise<string | null> {
  const own = await change.manager.findBy(CertificateAuthorityRow, {
    status: In(['prepared', 'active', 'retiring']),
  });
  const roots = await change.manager.find(TrustedRootRow);
  const leaf = new X509Certificate(certificate.der);
  for (const { certificate: der } of [...own, ...roots]) {
    const issuer = parseCertificate(der);
    if (issuer.subjectKey !== certificate.issuerKey) continue;
    if (leaf.verify(createPublicKey({ key: Buffer.from(issuer.spki), format: 'der', type: 'spki' })))
      return issuer.spkiSha256;
  }
  return null;
}
