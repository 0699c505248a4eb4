import { SluiceError } from '@sluice/domain';
import type { EntityManager } from 'typeorm';
import { uuid } from '../persistence/row-lock-mode.js';
import { CertificateAuthorityRow } from './certificate-authority.entity.js';

/** @throws SluiceError `not-found` */
export async function findIssuingCa(manager: EntityManager, id: string): Promise<CertificateAuthorityRow> {
  const row = uuid.test(id) ? await manager.findOneBy(CertificateAuthorityRow, { id, kind: 'issuing' }) : null;
  if (!row) throw new SluiceError('not-found', `There is no issuing CA ${id}.`);
  return row;
}

/** An issuing CA or a root of ours. @throws SluiceError `not-found` */
export async function findAuthority(manager: EntityManager, id: string): Promise<CertificateAuthorityRow> {
  const row = uuid.test(id) ? await manager.findOneBy(CertificateAuthorityRow, { id }) : null;
  if (!row) throw new SluiceError('not-found', `There is no CA ${id}.`);
  return row;
}
