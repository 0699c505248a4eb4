import { stateKey } from '@sluice/contracts';
import { invalidArgument, roleNameViolation, SluiceError, type FieldViolation } from '@sluice/domain';
import { nextRecordVersion, violatedUniqueConstraint } from '@sluice/persistence';
import type { PublishedChanges } from '@sluice/service-shell';
import { userRoleSchema, type UserRoleRow } from '../persistence/entities.js';
import { toRoleRecord } from '../record/role-record.js';

const longestDescription = 1_000;

export function descriptionViolation(description: unknown): FieldViolation | undefined {
  if (typeof description === 'string' && description.length <= longestDescription) return undefined;
  return { field: 'description', message: `must be a text of at most ${longestDescription} characters` };
}

export class CreateUserRole {
  constructor(
    private readonly changes: PublishedChanges,
    private readonly now: () => number,
  ) {}

  /** @throws SluiceError `invalid-argument`, `name-in-use` */
  async execute(request: { name?: unknown; description?: unknown; actor: string }) {
    const description = request.description ?? '';
    const faults = [roleNameViolation(request.name, 'name') ?? [], descriptionViolation(description) ?? []].flat();
    if (faults.length > 0) throw invalidArgument(faults);
    const name = request.name as string;
    try {
      return await this.changes.commit(async (change) => {
        const row: UserRoleRow = {
          name,
          description: description as string,
          owner: 'tenant',
          version: String(await nextRecordVersion(change.manager, stateKey.role(name))),
          createdAt: new Date(this.now()),
        };
        await change.manager.insert(userRoleSchema, row);
        change.state(toRoleRecord(row));
        change.event('user-role.created', name, {
          actor: request.actor,
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
