import { EntitySchema } from 'typeorm';

export interface SubscriberRow {
  id: string;
  name: string;
  /** nkey, `U…`. */
  publicKey: string;
  createdAt: Date;
  /** To the minute. */
  lastSeenAt: Date | null;
}

export const subscriberSchema = new EntitySchema<SubscriberRow>({
  name: 'subscriber',
  columns: {
    id: { type: 'uuid', primary: true },
    name: { type: 'text' },
    publicKey: { type: 'text', name: 'public_key' },
    createdAt: { type: 'timestamptz', name: 'created_at' },
    lastSeenAt: { type: 'timestamptz', name: 'last_seen_at', nullable: true },
  },
});
