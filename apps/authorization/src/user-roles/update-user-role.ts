import { SluiceError } from '@sluice/domain';
import { PublishedChanges } from '@sluice/service-shell';
import { UserRoleRow } from './user-role.entity.js';
import { Injectable } from '@nestjs/common';

/** Only the description of a custom role can be edited; no decision rests on it, so no record changes. */
@Injectable()
export class UpdateUserRole {
  constructor(private readonly changes: PublishedChanges) {}

  /** @throws SluiceError `not-found`, `role-predefined` */
  execute(request: { name: string; description: string; actor: string }) {
    return this.changes.commit(async (change) => {
      const row = await change.manager.findOne(UserRoleRow, {
        where: { name: request.name },
        lock: { mode: 'pessimistic_write' },
      });
      if (!row) throw new SluiceError('not-found', `There is no user role ${request.name}.`);
      if (row.owner === 'SAP')
        throw new SluiceError('role-predefined', `The user role ${request.name} is predefined and cannot be changed.`);
      const updated = { ...row, description: request.description };
      await change.manager.save(UserRoleRow, updated);
      change.event('user-role.updated', row.name, {
        actor: request.actor,
        userRole: { name: row.name, description: updated.description },
      });
      return updated;
    });
  }
}
