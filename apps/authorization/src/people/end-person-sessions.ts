import { SluiceError } from '@sluice/domain';
import { CLOCK, PublishedChanges, requireRightsOf } from '@sluice/service-shell';
import { Inject, Injectable } from '@nestjs/common';
import { PersonSessionRow } from './person-session.entity.js';
import { PersonRow } from './person.entity.js';

@Injectable()
export class EndPersonSessions {
  constructor(
    private readonly changes: PublishedChanges,
    @Inject(CLOCK) private readonly now: () => number,
  ) {}

  /**
   * From the commit on none of the person's sessions is good. It keeps nobody from signing in again: that is for the provider.
   * @throws SluiceError `not-found`; `permission-denied` for a person with rights that who asks has not
   */
  async execute(id: string): Promise<void> {
    await this.changes.commit(async ({ manager }) => {
      // Held against a sign-in at the same time: the session of that is there before, or is opened afterwards.
      const person = await manager.findOne(PersonRow, { where: { id }, lock: { mode: 'pessimistic_write' } });
      if (!person) throw new SluiceError('not-found', `There is no person with the id ${id}.`);
      const sessions = await manager.findBy(PersonSessionRow, { personId: id });
      requireRightsOf([...new Set([person, ...sessions].flatMap(({ roles }) => roles))], `The person ${person.shown}`);
      await manager.update(PersonRow, { id }, { signedOutAt: new Date(this.now()) });
      await manager.delete(PersonSessionRow, { personId: id });
    });
  }
}
