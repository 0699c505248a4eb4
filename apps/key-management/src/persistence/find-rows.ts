import { SluiceError } from '@sluice/domain';
import type { EntityManager } from 'typeorm';
import {
  certificateAuthoritySchema,
  credentialSchema,
  serviceInstanceSchema,
  serviceKeySchema,
  type CertificateAuthorityRow,
  type CredentialRow,
  type ServiceInstanceRow,
  type ServiceKeyRow,
} from './entities.js';

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** `none` reads; `share` keeps others from changing the row until the transaction ends; `update` is for who changes it. */
export type RowLock = 'none' | 'share' | 'update';

const lockMode = {
  none: undefined,
  share: { mode: 'pessimistic_read' },
  update: { mode: 'pessimistic_write' },
} as const;

/** @throws SluiceError `not-found` */
export async function findServiceInstance(
  manager: EntityManager,
  id: string,
  lock: RowLock = 'none',
): Promise<ServiceInstanceRow> {
  const mode = lockMode[lock];
  const row = uuid.test(id)
    ? await manager.findOne(serviceInstanceSchema, { where: { id }, ...(mode ? { lock: mode } : {}) })
    : null;
  if (!row) throw new SluiceError('not-found', `There is no service instance ${id}.`);
  return row;
}

/** @throws SluiceError `not-found` */
export async function findServiceKey(
  manager: EntityManager,
  id: string,
  lock: RowLock = 'none',
): Promise<ServiceKeyRow> {
  const mode = lockMode[lock];
  const row = uuid.test(id)
    ? await manager.findOne(serviceKeySchema, { where: { id }, ...(mode ? { lock: mode } : {}) })
    : null;
  if (!row) throw new SluiceError('not-found', `There is no service key ${id}.`);
  return row;
}

export function findCredentials(manager: EntityManager, serviceKeyId: string): Promise<CredentialRow[]> {
  return manager.find(credentialSchema, { where: { serviceKeyId }, order: { createdAt: 'DESC' } });
}

/** @throws SluiceError `not-found` */
export async function findIssuingCa(manager: EntityManager, id: string): Promise<CertificateAuthorityRow> {
  const row = uuid.test(id) ? await manager.findOneBy(certificateAuthoritySchema, { id, kind: 'issuing' }) : null;
  if (!row) throw new SluiceError('not-found', `There is no issuing CA ${id}.`);
  return row;
}

/** An issuing CA or a root of ours. @throws SluiceError `not-found` */
export async function findAuthority(manager: EntityManager, id: string): Promise<CertificateAuthorityRow> {
  const row = uuid.test(id) ? await manager.findOneBy(certificateAuthoritySchema, { id }) : null;
  if (!row) throw new SluiceError('not-found', `There is no CA ${id}.`);
  return row;
}
