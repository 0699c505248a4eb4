import { SluiceError } from '@sluice/domain';
import type { EntityManager } from 'typeorm';
import { lockMode, uuid, type RowLock } from '../persistence/row-lock-mode.js';
import { ServiceInstanceRow } from './service-instance.entity.js';

/** @throws SluiceError `not-found` */
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
  return row;
}
