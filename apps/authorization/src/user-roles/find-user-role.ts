import { SluiceError } from '@sluice/domain';
import type { EntityManager } from 'typeorm';
import { UserRoleRow } from './user-role.entity.js';

/** @param lock `update` for who changes it @throws SluiceError `not-found` */
export async function findUserRole(
  manager: EntityManager,
  name: string,
  lock: 'none' | 'update' = 'none',
): Promise<UserRoleRow> {
  const row = await manager.findOne(UserRoleRow, {
    where: { name },
    ...(lock === 'update' ? { lock: { mode: 'pessimistic_write' as const } } : {}),
  });
  if (!row) throw new SluiceError('not-found', `There is no user role ${name}.`);
  return row;
}
