import { maxInlineCertificateList } from '@sluice/contracts';
import { SluiceError } from '@sluice/domain';
import type { EntityManager } from 'typeorm';
import { CertificateAuthorityRow } from '../issuing-cas/certificate-authority.entity.js';
import { RootCertificateListRow, RootCertificateListSourceRow } from './certificate-list.entity.js';
import { TrustedRootRow } from './trusted-root.entity.js';

/** @throws SluiceError `not-found`; `protected` for the root of our own CA, whose keys are judged by their status */
export async function findTrustedRoot(
  manager: EntityManager,
  sha256: string,
  lock: 'none' | 'update' = 'none',
): Promise<TrustedRootRow> {
  const row = await manager.findOne(TrustedRootRow, {
    where: { sha256: sha256.toLowerCase() },
    ...(lock === 'update' ? { lock: { mode: 'pessimistic_write' as const } } : {}),
  });
  if (row) return row;
  if (await manager.existsBy(CertificateAuthorityRow, { sha256: sha256.toLowerCase(), kind: 'root' }))
    throw new SluiceError(
      'protected',
      'This is the root of the issuing CA: its certificates are judged by the status of their service keys.',
    );
  throw new SluiceError('not-found', `There is no trusted root ${sha256}.`);
}

/** The lists of a root for its state record: with their content where that goes into the record. */
export async function findListsForRecord(
  manager: EntityManager,
  rootSha256: string,
): Promise<{ sha256: string; bytes: number; der?: Buffer }[]> {
  const rows: { sha256: string; bytes: number; der: Buffer | null }[] = await manager.query(
    `SELECT sha256, bytes, CASE WHEN bytes <= $2 THEN der END AS der
     FROM root_certificate_list WHERE root_sha256 = $1 ORDER BY sha256`,
    [rootSha256, maxInlineCertificateList],
  );
  return rows.map(({ sha256, bytes, der }) => ({ sha256, bytes, ...(der ? { der } : {}) }));
}

export function findCertificateLists(manager: EntityManager, rootSha256: string): Promise<RootCertificateListRow[]> {
  return manager.find(RootCertificateListRow, { where: { rootSha256 }, order: { issuerDn: 'ASC', sha256: 'ASC' } });
}

export function findCertificateListSources(
  manager: EntityManager,
  rootSha256: string,
): Promise<RootCertificateListSourceRow[]> {
  return manager.find(RootCertificateListSourceRow, { where: { rootSha256 }, order: { url: 'ASC' } });
}
