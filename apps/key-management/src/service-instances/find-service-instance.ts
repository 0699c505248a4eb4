import { SluiceError } from '@sluice/domain';
import { requireRightsOf } from '@sluice/service-shell';
import type { EntityManager } from 'typeorm';
import { lockMode, uuid, type RowLock } from '../persistence/row-lock-mode.js';
import { ServiceInstanceRow } from './service-instance.entity.js';

/**
 * Whoever takes a lock is about to change the instance or what belongs to it, and so needs the rights that it has: a key of it would
 * give them.
 * @throws SluiceError `not-found`; `permission-denied` where it is to be changed by who has fewer rights
 */
export async function findServiceInstance(
  manager: EntityManager,
  id: string,
  lock: RowLock = 'none',
): Promise<ServiceInstanceRow> {
  const mode = lockMode[lock];
  const row = uuid.test(id)
    ? await manager.findOne(ServiceInstanceRow, { where: { id }, ...(mode ? { lock: mode } : {}) })
    : null;
  if (!row) throw new SluiceError('not-found', `There is no service instance ${id}.`);
  if (lock !== 'none') requireRightsOf(row.parameters.roles, `The service instance ${row.name}`);
  return row;
}
