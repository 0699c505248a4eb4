import { connect, nkeyAuthenticator, type ConnectionOptions, type NatsConnection } from '@nats-io/transport-node';
import type { Administrator } from '../administrator/administrator.js';
import type { LocalStack } from '../stack/local-stack.js';

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
