import { SluiceError } from '@sluice/domain';
import { lockRow } from '@sluice/persistence';
import { In, type DataSource } from 'typeorm';
import type { KnownSubscriber } from './admit-subscriber.js';
import type { ReviewConnections } from './review-connections.js';
import type { Servers } from './servers.js';
import { SubscriberRow } from './subscriber.entity.js';

/** Held while a name is given away or given back. */
export const subscriberLock = 'subscriber';
/** How exactly it is known when a subscriber was last there. */
const seenEveryMs = 60_000;

/** What is open on the servers of NATS; absent while they cannot be reached. */
export interface Reached {
  readonly servers: Servers;
  readonly review: ReviewConnections;
}

/** The subscribers as Postgres has them, and what they have open as the servers of NATS have it. */
export class Subscribers {
  reached: Reached | undefined;

  constructor(
    private readonly dataSource: DataSource,
    private readonly now: () => number,
  ) {}

  async find(publicKey: string): Promise<KnownSubscriber | undefined> {
    return (await this.dataSource.manager.findOneBy(SubscriberRow, { publicKey })) ?? undefined;
  }

  async stillSubscribers(ids: readonly string[]): Promise<ReadonlySet<string>> {
    const rows = await this.dataSource.manager.find(SubscriberRow, { select: { id: true }, where: { id: In(ids) } });
    return new Set(rows.map(({ id }) => id));
  }

  async seen(ids: readonly string[]): Promise<void> {
    const now = this.now();
    await this.dataSource.manager
      .createQueryBuilder()
      .update(SubscriberRow)
      .set({ lastSeenAt: new Date(now) })
      .where('id IN (:...ids) AND (last_seen_at IS NULL OR last_seen_at <= :before)', {
        ids,
        before: new Date(now - seenEveryMs),
      })
      .execute();
  }

  /** Ends the connections of whoever is no subscriber any more. @returns whether all have ended */
  async reviewConnections(): Promise<boolean> {
    return this.#reached.review.run();
  }

  /** @throws Error when one may be left */
  async deleteConsumers(name: string): Promise<void> {
    await this.#reached.servers.deleteConsumers(name);
  }

  /** Deletes the consumers of a name that was given back, unless it was given away again meanwhile. */
  async deleteConsumersLeft(name: string): Promise<void> {
    await this.dataSource.transaction(async (manager) => {
      await lockRow(manager, subscriberLock);
      if (!(await manager.existsBy(SubscriberRow, { name }))) await this.deleteConsumers(name);
    });
  }

  get #reached(): Reached {
    if (this.reached) return this.reached;
    throw new SluiceError('unavailable', 'The servers of NATS cannot be asked about subscribers now: try again.');
  }
}
