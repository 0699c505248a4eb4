import { SluiceError } from '@sluice/domain';
import { violatedUniqueConstraint } from '@sluice/persistence';
import { PublishedChanges, CLOCK } from '@sluice/service-shell';
import { AdminTokenRow } from './admin-token.entity.js';
import { Inject, Injectable } from '@nestjs/common';

/** Enters a token by its hash: the token itself is made and known where it is used. */
@Injectable()
export class CreateAdminToken {
  constructor(
    private readonly changes: PublishedChanges,
    @Inject(CLOCK) private readonly now: () => number,
  ) {}

  /** @throws SluiceError `name-in-use` */
  async execute(request: {
    name: string;
    tokenSha256: string;
    actor: string;
  }): Promise<{ value: AdminTokenRow; propagation: 'published' | 'pending' }> {
    const row: AdminTokenRow = {
      name: request.name,
      sha256: request.tokenSha256,
      createdBy: request.actor,
      createdAt: new Date(this.now()),
    };
    try {
      return await this.changes.commit(async ({ manager }) => {
        await manager.insert(AdminTokenRow, row);
        return row;
      });
    } catch (error) {
      if (violatedUniqueConstraint(error) === 'admin_token_name') {
        throw new SluiceError('name-in-use', `There is an admin token named ${request.name} already.`, undefined, {
          cause: error,
        });
      }
      throw error;
    }
  }
}
