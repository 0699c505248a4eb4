import { maxSubscribers } from '@sluice/contracts';
import { invalidArgument, SluiceError } from '@sluice/domain';
import { lockRow, violatedUniqueConstraint } from '@sluice/persistence';
import { PublishedChanges, CLOCK } from '@sluice/service-shell';
import { randomUUID } from 'node:crypto';
import { isPublicKey } from './nkey.js';
import { subscriberLock, Subscribers } from './subscribers.js';
import { SubscriberRow } from './subscriber.entity.js';
import { Inject, Injectable } from '@nestjs/common';

@Injectable()
export class CreateSubscriber {
  constructor(
    private readonly changes: PublishedChanges,
    private readonly subscribers: Subscribers,
    @Inject(CLOCK) private readonly now: () => number,
  ) {}

  /** @throws SluiceError `invalid-argument`, `name-in-use`, `public-key-in-use`, `protected` when there are as many as may be, `unavailable` */
  async execute({ name, publicKey }: { name: string; publicKey: string }): Promise<{
    value: SubscriberRow;
    propagation: 'published' | 'pending';
  }> {
    requirePublicKey(publicKey);
    const row: SubscriberRow = {
      id: randomUUID(),
      name,
      publicKey,
      createdAt: new Date(this.now()),
      lastSeenAt: null,
    };
    try {
      return await this.changes.commit(async ({ manager }) => {
        await lockRow(manager, subscriberLock);
        if ((await manager.count(SubscriberRow)) >= maxSubscribers) {
          throw new SluiceError(
            'protected',
            `There are ${maxSubscribers} subscribers, and no more may be: revoke one that is not used any more.`,
          );
        }
        await manager.insert(SubscriberRow, row);
        // Before anybody can be let in by this name: else it could go on where somebody else left off.
        await this.#clear(name);
        return row;
      });
    } catch (error) {
      const taken = violatedUniqueConstraint(error);
      if (taken === 'subscriber_name')
        throw new SluiceError('name-in-use', `There is a subscriber named ${name} already.`, undefined, {
          cause: error,
        });
      if (taken === 'subscriber_public_key') {
        const sentence = 'Another subscriber has this public key: each needs a key of its own.';
        throw new SluiceError('public-key-in-use', sentence, undefined, { cause: error });
      }
      throw error;
    }
  }

  async #clear(name: string): Promise<void> {
    try {
      await this.subscribers.deleteConsumers(name);
    } catch (error) {
      throw new SluiceError(
        'unavailable',
        'The event stream cannot be changed now, so nothing was made: try again.',
        undefined,
        { cause: error },
      );
    }
  }
}

function requirePublicKey(publicKey: string): void {
  if (isPublicKey('U', publicKey)) return;
  const message = 'must be a public nkey of a user: 56 characters that begin with U, with the right checksum';
  throw invalidArgument([{ field: 'publicKey', message }]);
}
