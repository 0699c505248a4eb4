import { SluiceError } from '@sluice/domain';
import { PublishedChanges, ON_FAULT } from '@sluice/service-shell';
import { Subscribers } from './subscribers.js';
import { SubscriberRow } from './subscriber.entity.js';
import { Inject, Injectable } from '@nestjs/common';

const uuid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

@Injectable()
export class RevokeSubscriber {
  constructor(
    private readonly changes: PublishedChanges,
    private readonly subscribers: Subscribers,
    @Inject(ON_FAULT) private readonly onFault: (error: unknown, what: string) => void,
  ) {}

  /**
   * From the commit on nobody is let in by this identity. Its connections are ended, and then its consumers; what could not be
   * reached is `pending`: the connections are looked at again every few seconds, and end by themselves within the hour.
   * @throws SluiceError `not-found`
   */
  async execute(id: string): Promise<'published' | 'pending'> {
    const { value: name } = await this.changes.commit(async ({ manager }) => {
      const row = uuid.test(id) ? await manager.findOneBy(SubscriberRow, { id }) : null;
      const { affected } = row ? await manager.delete(SubscriberRow, { id }) : { affected: 0 };
      if (!row || !affected) throw new SluiceError('not-found', `There is no subscriber with the id ${id}.`);
      return row.name;
    });
    try {
      const ended = await this.subscribers.reviewConnections();
      await this.subscribers.deleteConsumersLeft(name);
      return ended ? 'published' : 'pending';
    } catch (error) {
      this.onFault(error, 'ending what a revoked subscriber had open');
      return 'pending';
    }
  }
}
