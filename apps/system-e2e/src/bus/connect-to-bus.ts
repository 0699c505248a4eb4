import { connect, nkeyAuthenticator, type NatsConnection } from '@nats-io/transport-node';
import type { LocalStack } from '../stack/local-stack.js';

/** As the subscriber of `stack.json`. */
export function connectAsSubscriber(stack: LocalStack): Promise<NatsConnection> {
  const { natsUrl, subscriber } = stack.facts;
  return connect({
    servers: natsUrl.split(','),
    user: subscriber.user,
    pass: subscriber.password,
    tls: { ca: stack.serverRoot },
    timeout: 10_000,
  });
}

/** As somebody who got hold of a service's seed. */
export function connectAsService(stack: LocalStack, service: string): Promise<NatsConnection> {
  return connect({
    servers: stack.facts.natsUrl.split(','),
    authenticator: nkeyAuthenticator(new TextEncoder().encode(stack.secret(`${service}.nk`))),
    inboxPrefix: `_INBOX_${service}`,
    tls: { ca: stack.serverRoot },
    timeout: 10_000,
  });
}
