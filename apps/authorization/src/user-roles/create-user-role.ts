import { stateKey } from '@sluice/contracts';
import { SluiceError } from '@sluice/domain';
import { nextRecordVersion, violatedUniqueConstraint } from '@sluice/persistence';
import { PublishedChanges, CLOCK } from '@sluice/service-shell';
import { toRoleRecord } from './user-role.record.js';
import { UserRoleRow } from './user-role.entity.js';
import { Inject, Injectable } from '@nestjs/common';

@Injectable()
export class CreateUserRole {
  constructor(
    private readonly changes: PublishedChanges,
    @Inject(CLOCK) private readonly now: () => number,
  ) {}

  /** @throws SluiceError `name-in-use` */
  async execute({ name, description, actor }: { name: string; description: string; actor: string }) {
    try {
      return await this.changes.commit(async (change) => {
        const row: UserRoleRow = {
          name,
          description,
          owner: 'tenant',
          version: String(await nextRecordVersion(change.manager, stateKey.role(name))),
          createdAt: new Date(this.now()),
        };
        await change.manager.insert(UserRoleRow, row);
        change.state(toRoleRecord(row));
        change.event('user-role.created', name, {
          actor,
          userRole: { name, description: row.description },
        });
        return row;
      });
    } catch (error) {
      if (violatedUniqueConstraint(error) === 'user_role_name') {
        throw new SluiceError('name-in-use', `There is a user role named ${name} already.`, undefined, {
          cause: error,
        });
      }
      throw error;
    }
  }
}
