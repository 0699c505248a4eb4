import { SluiceError } from '@sluice/domain';
import { requireRightsOf } from '@sluice/service-shell';
import type { EntityManager } from 'typeorm';
import { findClientSecrets } from '../client-secrets/find-client-secrets.js';
import { lockMode, uuid, type RowLock } from '../persistence/row-lock-mode.js';
import { findServiceInstance } from '../service-instances/find-service-instance.js';
import { CredentialRow } from './credential.entity.js';
import { ServiceKeyRow } from './service-key.entity.js';
import { serviceKeyTag } from './service-key.tag.js';

/**
 * Whoever takes a lock is about to change the key, and so needs the rights of its instance.
 * @throws SluiceError `not-found`; `permission-denied` where it is to be changed by who has fewer rights
 */
export async function findServiceKey(
  manager: EntityManager,
  id: string,
  lock: RowLock = 'none',
): Promise<ServiceKeyRow> {
  const mode = lockMode[lock];
  const row = uuid.test(id)
    ? await manager.findOne(ServiceKeyRow, { where: { id }, ...(mode ? { lock: mode } : {}) })
    : null;
  if (!row) throw new SluiceError('not-found', `There is no service key ${id}.`);
  if (lock !== 'none') {
    const { name, parameters } = await findServiceInstance(manager, row.serviceInstanceId);
    requireRightsOf(parameters.roles, `The service instance ${name}`);
  }
  return row;
}

export function findCredentials(manager: EntityManager, serviceKeyId: string): Promise<CredentialRow[]> {
  return manager.find(CredentialRow, { where: { serviceKeyId }, order: { createdAt: 'DESC' } });
}

/** The entity tag of a key as it is stored. */
export async function tagOfStored(manager: EntityManager, key: ServiceKeyRow): Promise<string> {
  return serviceKeyTag(key, await findCredentials(manager, key.id), await findClientSecrets(manager, key.id));
}
