import { invalidArgument, SluiceError } from '@sluice/domain';
import { violatedUniqueConstraint } from '@sluice/persistence';
import type { PublishedChanges } from '@sluice/service-shell';
import { adminTokenSchema, type AdminTokenRow } from '../persistence/entities.js';

const tokenName = /^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$/;

/** Enters a token by its hash: the token itself is made and known where it is used. */
export class CreateAdminToken {
  constructor(
    private readonly changes: PublishedChanges,
    private readonly now: () => number,
  ) {}

  /** @throws SluiceError `invalid-argument`, `name-in-use` */
  async execute(request: { name?: unknown; tokenSha256: string; actor: string }): Promise<AdminTokenRow> {
    if (typeof request.name !== 'string' || !tokenName.test(request.name)) {
      throw invalidArgument([
        {
          field: 'name',
          message: 'must be 1 to 64 of the characters A-Z a-z 0-9 . _ @ - and begin with a letter or digit',
        },
      ]);
    }
    const row: AdminTokenRow = {
      name: request.name,
      sha256: request.tokenSha256,
      createdBy: request.actor,
      createdAt: new Date(this.now()),
    };
    try {
      await this.changes.commit(({ manager }) => manager.insert(adminTokenSchema, row));
    } catch (error) {
      if (violatedUniqueConstraint(error) === 'admin_token_name') {
        throw new SluiceError('name-in-use', `There is an admin token named ${request.name} already.`, undefined, {
          cause: error,
        });
      }
      throw error;
    }
    return row;
  }
}
