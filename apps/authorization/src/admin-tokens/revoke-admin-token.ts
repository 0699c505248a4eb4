import { SluiceError } from '@sluice/domain';
import { PublishedChanges } from '@sluice/service-shell';
import { lockRow } from '@sluice/persistence';
import { AdminTokenRow } from './admin-token.entity.js';
import { Injectable } from '@nestjs/common';

@Injectable()
export class RevokeAdminToken {
  constructor(private readonly changes: PublishedChanges) {}

  /**
   * The last token stays: without one nobody could make another.
   * @throws SluiceError `not-found`, `protected`
   */
  async execute(name: string): Promise<void> {
    await this.changes.commit(async ({ manager }) => {
      await lockRow(manager, 'revoke-admin-token');
      if (!(await manager.existsBy(AdminTokenRow, { name })))
        throw new SluiceError('not-found', `There is no admin token named ${name}.`);
      if ((await manager.count(AdminTokenRow)) === 1) {
        throw new SluiceError('protected', 'This is the last admin token: make another before you revoke it.');
      }
      await manager.delete(AdminTokenRow, { name });
    });
  }
}
