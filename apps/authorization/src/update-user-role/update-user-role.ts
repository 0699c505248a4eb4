import { invalidArgument, SluiceError } from '@sluice/domain';
import type { PublishedChanges } from '@sluice/service-shell';
import { descriptionViolation } from '../create-user-role/create-user-role.js';
import { userRoleSchema } from '../persistence/entities.js';

/** Only the description of a custom role can be edited; no decision rests on it, so no record changes. */
export class UpdateUserRole {
  constructor(private readonly changes: PublishedChanges) {}

  /** @throws SluiceError `not-found`, `invalid-argument`, `role-predefined` */
  execute(request: { name: string; description?: unknown; actor: string }) {
    const fault = descriptionViolation(request.description);
    if (fault) throw invalidArgument([fault]);
    return this.changes.commit(async (change) => {
      const row = await change.manager.findOne(userRoleSchema, {
        where: { name: request.name },
        lock: { mode: 'pessimistic_write' },
      });
      if (!row) throw new SluiceError('not-found', `There is no user role ${request.name}.`);
      if (row.owner === 'SAP')
        throw new SluiceError('role-predefined', `The user role ${request.name} is predefined and cannot be changed.`);
      const updated = { ...row, description: request.description as string };
      await change.manager.save(userRoleSchema, updated);
      change.event('user-role.updated', row.name, {
        actor: request.actor,
        userRole: { name: row.name, description: updated.description },
      });
      return updated;
    });
  }
}
