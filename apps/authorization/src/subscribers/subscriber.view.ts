import { subscriberConsumers, subscriberInboxPrefix, type SubscriberView } from '@sluice/contracts';
import type { SubscriberRow } from './subscriber.entity.js';

export function subscriberView({ id, name, publicKey, createdAt, lastSeenAt }: SubscriberRow): SubscriberView {
  return {
    id,
    name,
    publicKey,
    createdAt: createdAt.toISOString(),
    ...(lastSeenAt ? { lastSeenAt: lastSeenAt.toISOString() } : {}),
    consumers: subscriberConsumers(name),
    inboxPrefix: subscriberInboxPrefix(name),
  };
}
