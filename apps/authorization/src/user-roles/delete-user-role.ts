import { stateKey } from '@sluice/contracts';
import { requirePrecondition, SluiceError, type Precondition } from '@sluice/domain';
import { nextRecordVersion } from '@sluice/persistence';
import { PublishedChanges } from '@sluice/service-shell';
import { toRoleRecord } from './user-role.record.js';
import { findUserRole } from './find-user-role.js';
import { UserRoleRow } from './user-role.entity.js';
import { userRoleTag } from './user-role.tag.js';
import { Inject, Injectable } from '@nestjs/common';

/** Who uses a role: the service instances that hold it, and the flows that ask for it. */
export interface RoleUsers {
  readonly serviceInstances: readonly { id: string; name: string }[];
  readonly flows: readonly { id: string; name: string }[];
}

/** Injects `(role) => Promise<RoleUsers>`, which asks the services that know. */
export const FIND_ROLE_USERS = Symbol('FIND_ROLE_USERS');

@Injectable()
export class DeleteUserRole {
  constructor(
    private readonly changes: PublishedChanges,
    @Inject(FIND_ROLE_USERS) private readonly findUsers: (role: string) => Promise<RoleUsers>,
  ) {}

  /**
   * A role that is granted in the instant between the question and the deletion denies whoever holds it: a decision needs
   * the role to exist.
   * @throws SluiceError `not-found`, `role-predefined`, `role-in-use` with its users; `unavailable` when they cannot be told;
   * `precondition-failed`
   */
  async execute(request: { name: string; actor: string } & Precondition) {
    const users = await this.findUsers(request.name);
    return this.changes.commit(async (change) => {
      const row = await findUserRole(change.manager, request.name, 'update');
      if (row.owner === 'SAP')
        throw new SluiceError('role-predefined', `The user role ${request.name} is predefined and cannot be deleted.`);
      requirePrecondition(request, userRoleTag(row));
      if (users.serviceInstances.length > 0 || users.flows.length > 0) {
        throw new SluiceError('role-in-use', `The user role ${request.name} is in use: take it from its users first.`, {
          users,
        });
      }
      const version = await nextRecordVersion(change.manager, stateKey.role(request.name));
      await change.manager.delete(UserRoleRow, { name: request.name });
      change.state({ ...toRoleRecord(row), version, deleted: true });
      change.event('user-role.deleted', row.name, {
        actor: request.actor,
        userRole: { name: row.name, description: row.description },
      });
    });
  }
}
