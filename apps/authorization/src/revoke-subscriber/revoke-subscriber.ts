import { SluiceError } from '@sluice/domain';
import type { PublishedChanges } from '@sluice/service-shell';
import { subscriberSchema } from '../persistence/entities.js';
import type { Subscribers } from '../review-connections/subscribers.js';

const uuid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

export class RevokeSubscriber {
  constructor(
    private readonly changes: PublishedChanges,
    private readonly subscribers: Subscribers,
    private readonly onFault: (error: unknown, what: string) => void,
  ) {}

  /**
   * From the commit on nobody is let in by this identity. Its connections are ended, and then its consumers; what could not be
   * reached is `pending`: the connections are looked at again every few seconds, and end by themselves within the hour.
   * @throws SluiceError `not-found`
   */
  async execute(id: string): Promise<'published' | 'pending'> {
    const { value: name } = await this.changes.commit(async ({ manager }) => {
      const row = uuid.test(id) ? await manager.findOneBy(subscriberSchema, { id }) : null;
      const { affected } = row ? await manager.delete(subscriberSchema, { id }) : { affected: 0 };
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
