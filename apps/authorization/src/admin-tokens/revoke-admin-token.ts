import { SluiceError } from '@sluice/domain';
import { CLOCK, PublishedChanges, requireRightsOf } from '@sluice/service-shell';
import { lockRow } from '@sluice/persistence';
import { AdminTokenRow } from './admin-token.entity.js';
import { isOfInstallation } from './admin-token.view.js';
import { countFullTokens } from './full-tokens.js';
import { Inject, Injectable } from '@nestjs/common';

@Injectable()
export class RevokeAdminToken {
  constructor(
    private readonly changes: PublishedChanges,
    @Inject(CLOCK) private readonly now: () => number,
  ) {}

  /**
   * The last token that may do everything stays: without one nobody could make another.
   * @throws SluiceError `not-found`, `protected`; `permission-denied` for one with rights that who asks has not
   */
  async execute(name: string): Promise<void> {
    await this.changes.commit(async ({ manager }) => {
      await lockRow(manager, 'revoke-admin-token');
      const row = await manager.findOneBy(AdminTokenRow, { name });
      if (!row) throw new SluiceError('not-found', `There is no admin token named ${name}.`);
      requireRightsOf(row.roles, `The admin token ${name}`);
      if (isOfInstallation(row))
        throw new SluiceError(
          'protected',
          `${name} is the token of a part of this installation: it ends when it is taken out of the file of such tokens.`,
        );
      const before = await countFullTokens(manager, this.now());
      await manager.delete(AdminTokenRow, { name });
      if (before > 0 && (await countFullTokens(manager, this.now())) === 0)
        throw new SluiceError(
          'protected',
          'This is the last admin token that may do everything: make another before you revoke it.',
        );
    });
  }
}
