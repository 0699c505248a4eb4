import { requirePrecondition, SluiceError, type Precondition } from '@sluice/domain';
import { PublishedChanges } from '@sluice/service-shell';
import { findUserRole } from './find-user-role.js';
import { UserRoleRow } from './user-role.entity.js';
import { userRoleTag } from './user-role.tag.js';
import { Injectable } from '@nestjs/common';

/** Only the description of a custom role can be edited; no decision rests on it, so no record changes. */
@Injectable()
export class UpdateUserRole {
  constructor(private readonly changes: PublishedChanges) {}

  /** @throws SluiceError `not-found`, `role-predefined`, `precondition-failed` */
  execute(request: { name: string; description: string; actor: string } & Precondition) {
    return this.changes.commit(async (change) => {
      const row = await findUserRole(change.manager, request.name, 'update');
      if (row.owner === 'SAP')
        throw new SluiceError('role-predefined', `The user role ${request.name} is predefined and cannot be changed.`);
      requirePrecondition(request, userRoleTag(row));
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
