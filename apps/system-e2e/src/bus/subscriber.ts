import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect, nkeyAuthenticator, type ConnectionOptions, type NatsConnection } from '@nats-io/transport-node';
import type { Administrator } from '../administrator/administrator.js';
import type { LocalStack } from '../stack/local-stack.js';
import { eventStream } from './event-subscription.js';

/** A subscriber as the admin API makes it. */
export interface Subscriber {
  readonly id: string;
  readonly name: string;
  readonly publicKey: string;
  readonly lastSeenAt?: string;
  readonly consumers: readonly string[];
  readonly inboxPrefix: string;
}

export function createSubscriber(administrator: Administrator, name: string): Promise<Subscriber & { seed: string }> {
  return administrator.client.expect<Subscriber & { seed: string }>(201, 'POST', '/v1/subscribers', { name });
}

/** With a connection that does not come back once it has ended. */
export function connectSubscriber(
  stack: LocalStack,
  { seed, inboxPrefix }: { seed: string; inboxPrefix: string },
  options: ConnectionOptions = {},
): Promise<NatsConnection> {
  return connect({
    servers: stack.facts.natsUrl.split(','),
    authenticator: nkeyAuthenticator(new TextEncoder().encode(seed)),
    inboxPrefix,
    tls: { ca: stack.serverRoot },
    timeout: 20_000,
    reconnect: false,
    ...options,
  });
}

export async function makeConsumer(connection: NatsConnection, name: string): Promise<void> {
  const manager = await jetstreamManager(connection);
  await manager.consumers.add(eventStream, { durable_name: name, ack_policy: 'explicit' });
}

/** The subject of what the consumer has next for it, which is worked off by that. */
export async function nextSubject(connection: NatsConnection, name: string): Promise<string> {
  const consumer = await jetstream(connection).consumers.get(eventStream, name);
  const message = await consumer.next({ expires: 10_000 });
  message?.ack();
  return message?.subject ?? 'nothing';
}
